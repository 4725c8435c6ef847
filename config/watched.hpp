// Which values are looked for besides what rules describe? Those that the operator has, and the canaries:
// made from a key in the state directory, so that `egressd env`, which plants them, and the daemon, which
// looks for them, know the same ones without telling each other.
#pragma once

#include "config/settings.hpp"
#include "net/result.hpp"
#include "scan/known.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace egressd::config {

/// The canaries of `<state_dir>/canary.key`, which is made where it is not there. The Error names the remedy:
/// canaries that nothing keeps would be others for whoever plants them.
Result<std::vector<scan::KnownSecret>> load_canaries(const std::string& state_dir);

struct Watched {
    std::vector<scan::KnownSecret> values;
    std::size_t known = 0;
    std::size_t canaries = 0;
};

/// What these settings ask for; in `problems` what could not be had, and what to do. A known value that is a
/// canary, as in a shell that evaluated `egressd env`, counts as a canary alone.
Watched gather_watched(const Settings& settings, std::vector<std::string>& problems);

} // namespace egressd::config
