// Is this file a good policy? The work of `egressd check`, without the command line.
#pragma once

#include <ostream>
#include <string>

namespace egressd::cli {

/// Writes one line of summary to `out` and the findings to `err`; returns the exit code.
int check(const std::string& file, std::ostream& out, std::ostream& err);

} // namespace egressd::cli
