// What do the sections besides `allow` and `deny` mean? From a tree that the schema accepted to plain
// settings, with every check of meaning.
#pragma once

#include "config/surroundings.hpp"
#include "config/yaml.hpp"

namespace egressd::config {

/// Fills everything of `settings` but the policy and what is derived from the whole.
void read_sections(const yaml::Node& root, const Surroundings& surroundings, const FileReport& report,
                   Settings& settings);

} // namespace egressd::config
