// What the tests of the loader share: the source tree, surroundings that do not depend on who runs the tests,
// and texts as files.
#pragma once

#include "config/loader.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace egressd::config::test {

inline std::filesystem::path source_tree() {
    const char* root = std::getenv("EGRESSD_SOURCE");
    if (root == nullptr)
        throw std::runtime_error("EGRESSD_SOURCE must name the source tree (ctest sets it)");
    return root;
}

inline std::string read_text(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    if (!stream)
        throw std::runtime_error("cannot read " + path.string());
    return {std::istreambuf_iterator<char>(stream), {}};
}

inline std::optional<std::string> variable(const std::string& name) {
    static const std::map<std::string, std::string> variables{
        {"HOME", "/home/agent"}, {"PARENT_PROXY", "agent:not-for-the-log"}, {"NO_COLON", "hunter2"}};
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
}

/// Files by name, and nothing else.
inline Surroundings with_files(std::map<std::string, std::string> files) {
    const auto read = [files = std::move(files)](const std::string& path) -> Result<std::string> {
        const auto found = files.find(path);
        if (found == files.end())
            return Error{Side::self, "no such file"};
        return found->second;
    };
    return {read, variable, false};
}

/// One file, called allow.yaml.
inline Loaded load_text(const std::string& text) {
    return load_from("allow.yaml", with_files({{"allow.yaml", text}}));
}

inline std::vector<std::string> texts(const Loaded& loaded, Diagnostic::Level level) {
    std::vector<std::string> result;
    for (const Diagnostic& finding : loaded.diagnostics) {
        if (finding.level == level)
            result.push_back(finding.text());
    }
    return result;
}

inline std::vector<std::string> errors(const Loaded& loaded) {
    return texts(loaded, Diagnostic::Level::error);
}
inline std::vector<std::string> warnings(const Loaded& loaded) {
    return texts(loaded, Diagnostic::Level::warning);
}

} // namespace egressd::config::test
