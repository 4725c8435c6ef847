// Does a tree hold to the schema? Unknown keys, wrong types and numbers out of range; what a text means (a
// domain, a path) is judged where it is read.
#pragma once

#include "config/yaml.hpp"

namespace egressd::config {

enum class FileRole { main, included };

void validate(const yaml::Node& root, FileRole role, const FileReport& report);

} // namespace egressd::config
