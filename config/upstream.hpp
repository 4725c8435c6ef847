// Which way out, where it is not direct? The `upstream` section: parent proxy, its credentials, exceptions,
// extra certificates.
#pragma once

#include "config/surroundings.hpp"
#include "config/yaml.hpp"

namespace egressd::config {

void read_upstream(const yaml::Node& root, const Surroundings& surroundings, const FileReport& report,
                   Settings& settings);

} // namespace egressd::config
