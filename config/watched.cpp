#include "config/watched.hpp"

#include "config/kept_key.hpp"
#include "config/known_values.hpp"
#include "config/state_files.hpp"
#include "scan/canary.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace egressd::config {

static_assert(key_size == scan::canary_key_size);

Result<std::vector<scan::KnownSecret>> load_canaries(const std::string& state_dir) {
    if (state_dir.empty())
        return Error{Side::self,
                     "there is no state directory to keep the canaries' key in; name one in `state`"};
    if (const Result<void> made = make_private_directory(state_dir); !made)
        return made.error();
    const Result<std::string> key =
        kept_key(state_dir + "/canary.key", "remove it: who has it can tell canaries from real secrets");
    if (!key)
        return key.error();
    return scan::make_canaries(*key);
}

Watched gather_watched(const Settings& settings, std::vector<std::string>& problems) {
    Watched watched;
    if (settings.secrets.canary) {
        Result<std::vector<scan::KnownSecret>> canaries = load_canaries(settings.state);
        if (canaries)
            watched.values = std::move(*canaries);
        else
            problems.push_back("secrets.canary: no canary is looked for: " + canaries.error().message);
    }
    watched.canaries = watched.values.size();
    std::vector<scan::KnownSecret> known = gather_known(settings.secrets.known, problems);
    const auto is_canary = [&](const scan::KnownSecret& one) {
        return std::any_of(watched.values.begin(), watched.values.end(),
                           [&](const scan::KnownSecret& canary) { return canary.value == one.value; });
    };
    known.erase(std::remove_if(known.begin(), known.end(), is_canary), known.end());
    watched.known = known.size();
    std::move(known.begin(), known.end(), std::back_inserter(watched.values));
    return watched;
}

} // namespace egressd::config
