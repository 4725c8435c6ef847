#include "config/watched.hpp"
#include "tests/unit/proxy/folder.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>

using namespace egressd;
using namespace egressd::config;
using proxy::test::Folder;
using proxy::test::mode_of;
using proxy::test::write_text;

namespace {

/// In this process's environment as long as a test.
class Variable {
public:
    Variable(std::string name, const std::string& value) : name_(std::move(name)) {
        ::setenv(name_.c_str(), value.c_str(), 1);
    }
    ~Variable() { ::unsetenv(name_.c_str()); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

private:
    std::string name_;
};

Settings settings_in(const std::string& state, bool canary) {
    Settings settings;
    settings.state = state;
    settings.secrets.canary = canary;
    return settings;
}

KnownSource variables(std::vector<std::string> names) {
    KnownSource source;
    source.names = std::move(names);
    return source;
}

} // namespace

TEST_CASE("canaries stay the same as long as their key does") {
    const Folder folder;
    const std::string state = folder.file("state");
    const auto first = load_canaries(state);
    REQUIRE(first.has_value());
    CHECK(mode_of(state) == 0700);
    CHECK(mode_of(state + "/canary.key") == 0600);
    const auto second = load_canaries(state);
    REQUIRE(second.has_value());
    CHECK(first->front().value == second->front().value);
    const auto other = load_canaries(folder.file("other"));
    REQUIRE(other.has_value());
    CHECK(first->front().value != other->front().value);
}

TEST_CASE("canaries that nothing can keep are none") {
    const Folder folder;
    CHECK_FALSE(load_canaries("").has_value());
    const std::string state = folder.file("state");
    REQUIRE(load_canaries(state).has_value());
    write_text(state + "/canary.key", "short");
    const auto canaries = load_canaries(state);
    REQUIRE_FALSE(canaries.has_value());
    CHECK_THAT(canaries.error().message, Catch::Contains("canary.key is not a key of 32 bytes; remove it"));

    std::vector<std::string> problems;
    const Watched watched = gather_watched(settings_in(state, true), problems);
    CHECK(watched.canaries == 0);
    REQUIRE(problems.size() == 1);
    CHECK_THAT(problems.front(), Catch::StartsWith("secrets.canary: "));
}

TEST_CASE("a known value that is a canary is one alone, and the rest stays") {
    const Folder folder;
    const std::string state = folder.file("state");
    const auto canaries = load_canaries(state);
    REQUIRE(canaries.has_value());
    const Variable planted("EGRESSD_TEST_PLANTED", canaries->front().value);
    const Variable own("EGRESSD_TEST_OWN", "q7Zk2mW9xV4tB8nD1c");
    Settings settings = settings_in(state, true);
    settings.secrets.known = {variables({"EGRESSD_TEST_PLANTED", "EGRESSD_TEST_OWN"})};

    std::vector<std::string> problems;
    const Watched watched = gather_watched(settings, problems);
    CHECK(problems.empty());
    CHECK(watched.canaries == canaries->size());
    CHECK(watched.known == 1);
    CHECK(watched.values.size() == canaries->size() + 1);
    CHECK(std::count_if(watched.values.begin(), watched.values.end(), [](const scan::KnownSecret& one) {
              return one.canary;
          }) == static_cast<std::ptrdiff_t>(canaries->size()));

    settings.secrets.canary = false;
    const Watched without = gather_watched(settings, problems);
    CHECK(without.canaries == 0);
    CHECK(without.known == 2);
}
