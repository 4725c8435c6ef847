#include "proxy/verdict.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace egressd;
using namespace egressd::proxy;
using policy::Secrets;
using Kind = Place::Kind;

namespace {

std::vector<scan::Rule> make_rules() {
    std::vector<scan::Rule> rules(4);
    rules[0].id = "forge";
    rules[0].home = {"**.forge.test"};
    rules[1].id = "twin"; // of the same form
    rules[1].home = {"twin.test"};
    rules[2].id = "doubtful";
    rules[2].tier = scan::Tier::alert;
    rules[3].id = "canary";
    rules[3].home = {"**.forge.test"};
    return rules;
}

struct World {
    std::vector<scan::Rule> rules = make_rules();
    Homes homes{rules};
    std::vector<policy::Pin> pins;

    Found found(std::size_t rule, Kind kind, unsigned char value = 1) const {
        Found one;
        one.finding.rule = &rules[rule];
        one.finding.tier = rules[rule].tier;
        one.finding.sha256.fill(value);
        one.place.kind = kind;
        return one;
    }
    std::string judged(const std::vector<Found>& found, const char* host,
                       Secrets mode = Secrets::block) const {
        const net::Host to = net::Host::parse(host).value();
        std::string said;
        for (const Action action : judge(found, Destination{to, homes, mode, pins}))
            said.append(said.empty() ? "" : " ").append(to_text(action));
        return said;
    }
};

} // namespace

TEST_CASE("a secret goes home in a header, and nowhere else unseen") {
    const World world;
    CHECK(world.judged({world.found(0, Kind::header)}, "api.forge.test") == "home");
    for (const Kind kind : {Kind::body, Kind::query, Kind::path, Kind::ws, Kind::host})
        CHECK(world.judged({world.found(0, kind)}, "forge.test") == "alert");
    CHECK(world.judged({world.found(0, Kind::header)}, "forge.test.evil.test") == "block");
    CHECK(world.judged({world.found(0, Kind::body)}, "192.0.2.1") == "block");
}

TEST_CASE("away, the tier decides") {
    const World world;
    CHECK(world.judged({world.found(2, Kind::header)}, "x.test") == "alert");
    Found score = world.found(0, Kind::body);
    score.finding.tier = scan::Tier::score;
    CHECK(world.judged({score}, "x.test") == "none");
    CHECK(world.judged({score}, "forge.test") == "none");
}

TEST_CASE("mode alert lets through what it records") {
    const World world;
    CHECK(world.judged({world.found(0, Kind::body)}, "x.test", Secrets::alert) == "alert");
    CHECK(world.judged({world.found(3, Kind::body)}, "x.test", Secrets::alert) == "alert");
    CHECK(world.judged({world.found(0, Kind::header)}, "forge.test", Secrets::alert) == "home");
}

TEST_CASE("a canary has no home") {
    const World world;
    CHECK(world.judged({world.found(3, Kind::header)}, "forge.test") == "block");
    // Not even beside a finding of the same value that is at home.
    CHECK(world.judged({world.found(0, Kind::header), world.found(3, Kind::header)}, "forge.test") ==
          "home block");
}

TEST_CASE("one value of two kinds is at home where one of them is") {
    const World world;
    CHECK(world.judged({world.found(0, Kind::header), world.found(1, Kind::header)}, "twin.test") ==
          "home home");
    CHECK(world.judged({world.found(0, Kind::header, 1), world.found(1, Kind::header, 2)}, "twin.test") ==
          "block home");
}

TEST_CASE("a known value's rule is in no file, and has its home all the same") {
    const World world;
    scan::Rule known;
    known.id = "known-secret";
    known.home = {"db.test"};
    CHECK(world.homes.is_home(known, net::Host::parse("db.test").value()));
    CHECK_FALSE(world.homes.knows(known));
    CHECK(world.homes.knows(world.rules[0]));
}

TEST_CASE("a pinned credential belongs where it is pinned") {
    World world;
    Found found = world.found(0, Kind::header);
    found.pinned = true;
    CHECK(world.judged({found}, "x.test") == "home");
    policy::Pin pin;
    pin.header = "x-key";
    pin.sha256.fill(1);
    world.pins = {pin};
    CHECK(world.judged({world.found(0, Kind::header)}, "x.test") == "home");
    CHECK(world.judged({world.found(0, Kind::body)}, "x.test") == "alert");
    CHECK(world.judged({world.found(0, Kind::header, 2)}, "x.test") == "block");
}

TEST_CASE("the credential in a header") {
    CHECK(credential_in("Authorization", "Bearer abc") == "abc");
    CHECK(credential_in("authorization", " token   abc ") == "abc");
    CHECK(credential_in("Authorization", "abc") == "abc");
    CHECK(credential_in("X-Key", "two words") == "two words");
}

TEST_CASE("a header that has pins takes no other credential") {
    policy::Pin pin; // of "abc"
    pin.header = "authorization";
    pin.sha256 = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                  0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                  0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    const std::vector<policy::Pin> pins{pin};
    CHECK(foreign_header({{"Authorization", "Bearer abc"}, {"X", "y"}}, pins).empty());
    CHECK(foreign_header({{"X", "y"}}, pins).empty());
    CHECK(foreign_header({{"Authorization", "Bearer abd"}}, pins) == "authorization");
    CHECK(foreign_header({{"Authorization", "Bearer abc"}, {"AUTHORIZATION", "x"}}, pins) == "authorization");
}

TEST_CASE("names are shown where they are harmless") {
    CHECK(shown_name("X-Key", Kind::header) == "x-key");
    CHECK(shown_name("A_b-1", Kind::query) == "A_b-1");
    CHECK(shown_name("a b", Kind::query).empty());
    CHECK(shown_name("%41", Kind::query).empty());
    CHECK(shown_name(std::string(65, 'a'), Kind::query).empty());
    CHECK((Place{Kind::header, "x"}.text() == "header:x" && Place{Kind::path, ""}.text() == "path"));
}
