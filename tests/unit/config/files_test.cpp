// Every file in tests/config is a test: good.*.yaml loads, bad.*.yaml yields exactly the error in its first
// line,
// `# expect: LINE:COLUMN: part of the message`, with the file's name in front where it is an included one.
#include "tests/unit/config/support.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cctype>

using namespace egressd::config;
using namespace egressd::config::test;

namespace {

constexpr std::string_view marker = "# expect: ";

std::vector<std::filesystem::path> files_named(const std::string& prefix) {
    std::vector<std::filesystem::path> result;
    for (const auto& entry : std::filesystem::directory_iterator(source_tree() / "tests/config")) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(prefix) && name.ends_with(".yaml"))
            result.push_back(entry.path());
    }
    std::sort(result.begin(), result.end());
    return result;
}

Loaded load_here(const std::filesystem::path& file) {
    Surroundings surroundings = real_surroundings();
    surroundings.variable = variable;
    surroundings.is_root = false;
    return load_from(file.string(), surroundings);
}

/// "LINE:COLUMN: message" as a finding prints it; a message alone may stand anywhere.
std::string as_printed(const std::string& expectation) {
    const std::size_t end = expectation.find(": ");
    const bool has_place = end != std::string::npos && end > 0 &&
                           std::isdigit(static_cast<unsigned char>(expectation[end - 1])) != 0 &&
                           expectation.substr(0, end).find(' ') == std::string::npos;
    if (!has_place)
        return expectation;
    const bool has_file = expectation.find(".yaml:") < end;
    return (has_file ? "" : ".yaml:") + expectation.substr(0, end) +
           ": error: " + expectation.substr(end + 2);
}

} // namespace

TEST_CASE("every good file loads") {
    std::vector<std::filesystem::path> files = files_named("good.");
    REQUIRE(files.size() >= 8);
    files.push_back(source_tree() / "config/allow.yaml");
    for (const std::filesystem::path& file : files) {
        CAPTURE(file);
        const Loaded loaded = load_here(file);
        CHECK(errors(loaded) == std::vector<std::string>{});
        CHECK(loaded.settings.has_value());
    }
}

TEST_CASE("the shipped example has nothing to warn of") {
    CHECK(warnings(load_here(source_tree() / "config/allow.yaml")) == std::vector<std::string>{});
}

TEST_CASE("every bad file yields exactly the error in its first line") {
    const std::vector<std::filesystem::path> files = files_named("bad.");
    REQUIRE(files.size() >= 60);
    for (const std::filesystem::path& file : files) {
        CAPTURE(file.filename());
        const std::string text = read_text(file);
        REQUIRE(text.starts_with(marker));
        const std::string expected = as_printed(text.substr(marker.size(), text.find('\n') - marker.size()));
        const Loaded loaded = load_here(file);
        const std::vector<std::string> found = errors(loaded);
        CAPTURE(found);
        CHECK_FALSE(loaded.settings.has_value());
        CHECK(found.size() == 1);
        CHECK_THAT(found.empty() ? std::string() : found.front(), Catch::Contains(expected));
    }
}
