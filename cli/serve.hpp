// The daemon, as a person starts it: load, open, say what is served where, run.
#pragma once

#include <string>

namespace egressd::cli {

/// Runs until it is told to stop; returns the process's exit code: 0 after a stop, 2 when it could not start.
int serve(const std::string& config_file);

} // namespace egressd::cli
