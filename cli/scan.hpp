// Which secrets stand in these files? The work of `egressd scan`, without the command line: the rules and
// decoders are those that live traffic goes through. No output holds a secret.
#pragma once

#include <istream>
#include <ostream>
#include <string>
#include <vector>

namespace egressd::cli {

struct ScanRequest {
    std::string config;             // "": the built-in rules, and no known secrets
    std::vector<std::string> rules; // files of rules besides those
    std::vector<std::string> files; // "-": `in`; none is the same
    bool as_json = false;
    bool shows_progress = false; // on `err`, for what takes long
};

/// Writes the findings to `out`, everything else to `err`; returns the exit code.
int scan_files(const ScanRequest& request, std::istream& in, std::ostream& out, std::ostream& err);

} // namespace egressd::cli
