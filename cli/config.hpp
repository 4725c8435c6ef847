// What can be configured, and what is? The work of `egressd config show`, without the command line.
#pragma once

#include <ostream>
#include <string>

namespace egressd::cli {

/// Writes the effective configuration as JSON, and its SHA-256, to `out`; findings to `err`. Returns the exit
/// code.
int show_config(const std::string& file, std::ostream& out, std::ostream& err);

} // namespace egressd::cli
