// Where does egressd keep what it makes itself, and which CA does it inspect with? The state directory and
// `inspection.ca`; nothing is made or opened for writing here.
#pragma once

#include "config/surroundings.hpp"
#include "config/yaml.hpp"

#include <optional>
#include <string>

namespace egressd::config {

/// /var/lib/egressd for root, else $XDG_STATE_HOME/egressd or ~/.local/state/egressd; nullopt where the
/// environment names neither.
std::optional<std::string> default_state(const Surroundings& surroundings);

/// `state` and `inspection.ca`, as absolute paths.
void read_state(const yaml::Node& root, const Surroundings& surroundings, const FileReport& report,
                Settings& settings);

} // namespace egressd::config
