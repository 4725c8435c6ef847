// How are findings about a configuration shown? The same lines for `check`, `explain`, `config show` and the
// start of the daemon.
#pragma once

#include "config/settings.hpp"

#include <ostream>
#include <span>

namespace egressd::cli {

/// One line a finding, "file:line:column: error: message".
void print_findings(std::ostream& out, std::span<const config::Diagnostic> findings);

} // namespace egressd::cli
