#include "cli/installation.hpp"

#include "cli/findings.hpp"
#include "config/loader.hpp"

namespace egressd::cli {

std::optional<config::Settings> find_installation(const std::string& config_file, std::ostream& err) {
    config::Surroundings surroundings = config::real_surroundings();
    if (config_file.empty())
        surroundings.read_file = [](const std::string&) -> Result<std::string> { return "version: 1\n"; };
    config::Loaded loaded = config::load_from(config_file.empty() ? "(defaults)" : config_file, surroundings);
    if (!loaded.settings)
        print_findings(err, loaded.diagnostics);
    return std::move(loaded.settings);
}

} // namespace egressd::cli
