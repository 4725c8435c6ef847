// What does a reload let through that was refused before? The policy's own weakenings, and those of what is
// looked for in it.
#pragma once

#include "config/settings.hpp"

#include <string>
#include <vector>

namespace egressd::config {

/// One line each; too many rather than too few.
std::vector<std::string> weakenings(const Settings& current, const Settings& next);

} // namespace egressd::config
