// Does the loader survive any text? It must end, within its bounds, with settings or with an error, never
// with both or with neither, and each finding must be one line.
#include "config/loader.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using namespace egressd;

/// The input under the name that is loaded; it may include itself, and nothing else exists.
config::Surroundings only(std::string text) {
    const auto read = [text = std::move(text)](const std::string& path) -> Result<std::string> {
        if (path == "allow.yaml")
            return text;
        return Error{Side::self, "no such file"};
    };
    const auto variable = [](const std::string& name) -> std::optional<std::string> {
        return name == "HOME" ? std::optional<std::string>("/home/agent") : std::nullopt;
    };
    return {read, variable, false};
}

void demand(bool holds) {
    if (!holds)
        std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const config::Loaded loaded = config::load_from("allow.yaml", only(text));
    bool has_error = false;
    for (const config::Diagnostic& finding : loaded.diagnostics) {
        has_error = has_error || finding.level == config::Diagnostic::Level::error;
        demand(finding.text().find('\n') == std::string::npos);
    }
    demand(has_error != loaded.settings.has_value());
    if (loaded.settings) {
        demand(loaded.settings->policy != nullptr);
        demand(loaded.settings->sha256.size() == 64);
    }
    return 0;
}
