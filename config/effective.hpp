// What is in force, as one text that can be logged, compared and hashed? Defaults are filled in, includes are
// merged, paths are absolute, and a credential appears as the name of its environment variable only.
#pragma once

#include "config/settings.hpp"

#include <string>
#include <string_view>

namespace egressd::config {

/// Canonical JSON in the shape of allow.yaml. Each entry also has its `source`, because the log's `rule`
/// refers to it.
std::string effective_json(const Settings& settings);

/// SHA-256 as lower-case hex.
std::string sha256_of(std::string_view text);

} // namespace egressd::config
