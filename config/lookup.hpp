// What does the file say for a key, or the schema where the file says nothing? Reading of trees that
// validate() has seen: what it has reported already is passed over in silence here.
#pragma once

#include "config/yaml.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>

namespace egressd::config {

/// The non-empty scalar at a path of mapping keys, or nullptr.
const yaml::Node* scalar_at(const yaml::Node& root, std::string_view path);
/// The node at a path when it is of `kind`, or nullptr.
const yaml::Node* node_at(const yaml::Node& root, std::string_view path, yaml::Node::Kind kind);
/// The non-empty scalars of the list at a path; none when there is no list.
std::vector<const yaml::Node*> items_at(const yaml::Node& root, std::string_view path);

/// The value of a key of the schema: the file's when it is valid, else the default.
std::string_view text_of(const yaml::Node& root, std::string_view path);
std::int64_t integer_of(const yaml::Node& root, std::string_view path);
std::int64_t size_of(const yaml::Node& root, std::string_view path);
std::chrono::milliseconds duration_of(const yaml::Node& root, std::string_view path);

} // namespace egressd::config
