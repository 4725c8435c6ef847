#include "cli/findings.hpp"

namespace egressd::cli {

void print_findings(std::ostream& out, std::span<const config::Diagnostic> findings) {
    for (const config::Diagnostic& finding : findings)
        out << finding.text() << '\n';
}

} // namespace egressd::cli
