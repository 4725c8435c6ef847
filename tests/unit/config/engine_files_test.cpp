#include "config/engine_files.hpp"
#include "config/state_files.hpp"
#include "scan/scanner.hpp"
#include "tests/unit/proxy/folder.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

using namespace egressd;
using namespace egressd::config;
using proxy::test::Folder;
using proxy::test::mode_of;
using proxy::test::read_text;
using proxy::test::write_text;

namespace {

std::vector<scan::Rule> rules(const std::string& prefix = "acme_") {
    scan::Rule rule;
    rule.id = "acme-token";
    rule.description = "Acme API token";
    rule.pattern = prefix + "[0-9a-f]{32}";
    return {rule};
}

struct Made {
    std::shared_ptr<const scan::Engine> engine;
    std::string said;
};

Made make(const std::string& state, std::vector<scan::Rule> with = rules()) {
    Made made;
    made.engine = load_engine(state, std::move(with), {},
                              [&](const std::string& sentence) { made.said += sentence + '\n'; });
    return made;
}

std::string fingerprint(const Made& made) {
    scan::Scratch scratch(made.engine);
    const std::vector<scan::Finding> found =
        scan::scan_all(scratch, "x acme_0f1e2d3c4b5a69788796a5b4c3d2e1f0 y");
    REQUIRE(found.size() == 1);
    return found.front().fingerprint;
}

std::vector<std::string> databases(const std::string& state) {
    std::vector<std::string> result;
    for (const auto& entry : std::filesystem::directory_iterator(state))
        if (entry.path().extension() == ".db")
            result.push_back(entry.path().string());
    return result;
}

} // namespace

TEST_CASE("rules are compiled once, and a secret keeps its fingerprint") {
    const Folder folder;
    const std::string state = folder.file("state");
    const Made first = make(state);
    CHECK_FALSE(first.engine->was_compiled());
    CHECK_THAT(first.said, Catch::Contains("compiling 1 rules"));
    REQUIRE(databases(state).size() == 1);
    CHECK(mode_of(databases(state).front()) == 0600);
    CHECK(mode_of(state + "/fingerprint.key") == 0600);
    CHECK(read_text(state + "/fingerprint.key").size() == 32);

    const Made second = make(state);
    CHECK(second.engine->was_compiled());
    CHECK(second.said.empty());
    CHECK(fingerprint(second) == fingerprint(first));
}

TEST_CASE("without a state directory nothing is kept, and fingerprints are of one engine") {
    const Made one = make("");
    const Made other = make("");
    CHECK_FALSE(other.engine->was_compiled());
    CHECK(fingerprint(one) != fingerprint(other));
}

TEST_CASE("what lies in the database's place and is none of ours is not used, and replaced") {
    const Folder folder;
    const std::string state = folder.file("state");
    make(state);
    const std::string name = databases(state).front();
    const std::string good = read_text(name);
    SECTION("others may write to it") {
        ::chmod(name.c_str(), 0666);
        CHECK_THAT(make(state).said, Catch::Contains("chmod 600"));
        CHECK(mode_of(name) == 0600);
    }
    SECTION("it is broken") {
        write_text(name, good.substr(0, good.size() / 2));
        CHECK_FALSE(make(state).engine->was_compiled());
    }
    SECTION("it is empty") {
        write_text(name, "");
        CHECK_FALSE(make(state).engine->was_compiled());
    }
    SECTION("it is a directory") {
        std::filesystem::remove(name);
        std::filesystem::create_directory(name);
        CHECK_THAT(make(state).said, Catch::Contains("not a regular file"));
        std::filesystem::remove(name);
        make(state);
    }
    CHECK(make(state).engine->was_compiled());
}

TEST_CASE("a state directory that cannot be used is said, and the engine works") {
    const Folder folder;
    write_text(folder.file("file"), "");
    const Made made = make(folder.file("file"));
    CHECK_THAT(made.said, Catch::Contains("nothing is kept"));
    CHECK_FALSE(fingerprint(made).empty());
}

TEST_CASE("a key of fingerprints that cannot be used is said, and stays as it is") {
    const Folder folder;
    const std::string state = folder.file("state");
    make(state);
    write_text(state + "/fingerprint.key", "short");
    const Made made = make(state);
    CHECK_THAT(made.said, Catch::Contains("not a key of 32 bytes"));
    CHECK(fingerprint(made) != fingerprint(make(state)));
    CHECK(read_text(state + "/fingerprint.key") == "short");
}

TEST_CASE("the databases that were used last are kept, the others go") {
    const Folder folder;
    const std::string state = folder.file("state");
    const auto hour = std::chrono::hours(1);
    for (std::size_t i = 0; i < kept_databases + 2; ++i) {
        make(state, rules("acme" + std::to_string(i) + "_"));
        for (const std::string& name : databases(state)) // each is an hour older than the next
            std::filesystem::last_write_time(name, std::filesystem::last_write_time(name) - hour);
        make(state, rules("acme0_")); // in use all the time
    }
    CHECK(databases(state).size() == kept_databases);
    CHECK(make(state, rules("acme0_")).engine->was_compiled());
}
