// Which secrets are looked for? The section `secrets`, with the rule files that it names. What the values of
// the known secrets are is not asked here: whoever checks a policy need not have them.
#pragma once

#include "config/surroundings.hpp"
#include "config/yaml.hpp"

namespace egressd::config {

void read_secrets(const yaml::Node& root, const Surroundings& surroundings, const FileReport& report,
                  Settings& settings);

} // namespace egressd::config
