#include "tests/unit/policy/make.hpp"

#include <catch2/catch.hpp>

using namespace egressd::policy;

namespace {

using Lines = std::vector<std::string>;

Lines weakened(std::vector<Rule> before, std::vector<Rule> after) {
    return weakenings(Policy(Mode::enforce, std::move(before), {}),
                      Policy(Mode::enforce, std::move(after), {}));
}

Lines undenied(std::vector<Rule> before, std::vector<Rule> after) {
    return weakenings(Policy(Mode::enforce, {}, std::move(before)),
                      Policy(Mode::enforce, {}, std::move(after)));
}

} // namespace

TEST_CASE("what is the same or stricter is no weakening") {
    const Rule wide = rule("x.test", 1,
                           {.ports = {80, 443, 8080},
                            .methods = {"GET", "POST"},
                            .tls = Tls::raw,
                            .private_ranges = {"10.0.0.0/8"}});
    CHECK(weakened({wide}, {wide}).empty());
    CHECK(weakened({wide}, {}).empty());
    CHECK(
        weakened(
            {wide},
            {rule("x.test", 9,
                  {.ports = {443}, .methods = {"GET"}, .paths = {"/a"}, .private_ranges = {"10.1.0.0/16"}})})
            .empty());
    CHECK(weakened({wide, rule("y.test", 2)}, {rule("y.test", 1)}).empty());
    CHECK(weakened({rule("**.x.test", 1)}, {}).empty());
    CHECK(undenied({}, {denial("x.test")}).empty());
    CHECK(undenied({denial("x.test", 90, {.methods = {"GET"}})}, {denial("x.test")}).empty());
    CHECK(weakenings(Policy(Mode::observe, {}, {}), Policy(Mode::enforce, {}, {})).empty());
}

TEST_CASE("each thing that is opened is a line") {
    CHECK(weakened({}, {rule("x.test", 4)}) ==
          Lines{"allow.yaml:4: x.test is newly allowed (ports 80, 443)"});
    CHECK(weakened({rule("x.test")}, {rule("x.test"), rule("*.x.test", 5)}) ==
          Lines{"allow.yaml:5: *.x.test is newly allowed (ports 80, 443)"});
    CHECK(weakened({rule("x.test")}, {rule("x.test", 2, {.ports = {80, 443, 22}})}) ==
          Lines{"allow.yaml:2: x.test: ports widened from 80, 443 to 80, 443, 22"});
    CHECK(weakened({rule("x.test", 1, {.methods = {"GET"}})}, {rule("x.test", 2)}) ==
          Lines{"allow.yaml:2: x.test: methods widened from GET to any"});
    CHECK(weakened({rule("x.test", 1, {.paths = {"/a"}})}, {rule("x.test", 2, {.paths = {"/a", "/b"}})}) ==
          Lines{"allow.yaml:2: x.test: paths widened from /a to /a, /b"});
    CHECK(weakened({rule("x.test")}, {rule("x.test", 2, {.tls = Tls::raw})}) ==
          Lines{"allow.yaml:2: x.test: tls widened from tunnel to raw"});
    const auto treated = [](Tls tls) { return rule("x.test", 2, {.tls = tls}); };
    CHECK(weakened({treated(Tls::inspect)}, {treated(Tls::tunnel)}) ==
          Lines{"allow.yaml:2: x.test: tls widened from inspect to tunnel"});
    CHECK(weakened({treated(Tls::inspect)}, {treated(Tls::raw)}) ==
          Lines{"allow.yaml:2: x.test: tls widened from inspect to raw"});
    for (const Tls tls : {Tls::inspect, Tls::tunnel, Tls::raw}) {
        CHECK(weakened({treated(tls)}, {treated(Tls::inspect)}).empty());
        CHECK(weakened({treated(Tls::raw)}, {treated(tls)}).empty());
    }
    CHECK(weakened({rule("x.test")}, {rule("x.test", 2, {.private_ranges = {"10.0.0.0/8"}})}) ==
          Lines{"allow.yaml:2: x.test: private ranges added"});
    CHECK(weakened({rule("x.test", 1, {.private_ranges = {"10.1.0.0/16"}})},
                   {rule("x.test", 2, {.private_ranges = {"10.0.0.0/8"}})}) ==
          Lines{"allow.yaml:2: x.test: private ranges added"});
    CHECK(weakenings(Policy(Mode::enforce, {}, {}), Policy(Mode::observe, {}, {})).size() == 1);
}

TEST_CASE("what lets more secrets or credentials through is a line") {
    const auto handled = [](Secrets secrets) { return rule("x.test", 2, {.secrets = secrets}); };
    CHECK(weakened({handled(Secrets::block)}, {handled(Secrets::alert)}) ==
          Lines{"allow.yaml:2: x.test: secrets widened from block to alert"});
    CHECK(weakened({handled(Secrets::alert)}, {handled(Secrets::off)}) ==
          Lines{"allow.yaml:2: x.test: secrets widened from alert to off"});
    CHECK(weakened({handled(Secrets::off)}, {handled(Secrets::block)}).empty());

    const Pin a{"authorization", {1}};
    const Pin b{"authorization", {2}};
    const Pin key{"x-api-key", {1}};
    const auto pinned = [](std::vector<Pin> pins) { return rule("x.test", 2, {.credentials = pins}); };
    const Lines line{"allow.yaml:2: x.test: credentials added, or no longer pinned"};
    CHECK(weakened({pinned({a})}, {pinned({})}) == line);
    CHECK(weakened({pinned({a})}, {pinned({a, b})}) == line);
    CHECK(weakened({pinned({a})}, {pinned({b})}) == line);
    CHECK(weakened({pinned({a, key})}, {pinned({a})}) == line);
    CHECK(weakened({pinned({a, b})}, {pinned({a})}).empty());
    CHECK(weakened({pinned({})}, {pinned({a})}).empty());
    CHECK(weakened({pinned({a, key})}, {pinned({key, a})}).empty());
}

TEST_CASE("entries for one name are compared with the one that comes closest") {
    const std::vector<Rule> before = {rule("x.test", 1, {.methods = {"GET"}}),
                                      rule("x.test", 2, {.ports = {8080}, .methods = {"POST"}})};
    CHECK(weakened(before, {rule("x.test", 3, {.ports = {8080}, .methods = {"POST"}})}).empty());
    CHECK(weakened(before, {rule("x.test", 3, {.ports = {8080}, .methods = {"GET"}})}).size() == 1);
}

TEST_CASE("a narrow entry that is taken out leaves its name to the wildcard") {
    const Rule narrow = rule("a.x.test", 1, {.methods = {"GET"}});
    CHECK(weakened({narrow, rule("*.x.test", 2)}, {rule("*.x.test", 2)}) ==
          Lines{"allow.yaml:2: *.x.test now also governs a.x.test, whose own entry is gone"});
    CHECK(weakened({rule("*.a.x.test", 1), rule("**.x.test", 2)}, {rule("**.x.test", 2)}) ==
          Lines{"allow.yaml:2: **.x.test now also governs *.a.x.test, whose own entry is gone"});
    CHECK(weakened({rule("*.x.test", 1), rule("x.test", 2)}, {rule("x.test", 2)}).empty());
    CHECK(weakened({rule("x.test", 1), rule("*.x.test", 2)}, {rule("*.x.test", 2)}).empty());
}

TEST_CASE("a denial that is lost or narrowed is a line") {
    CHECK(undenied({denial("x.test", 90)}, {}) == Lines{"x.test is no longer denied (was allow.yaml:90)"});
    CHECK(undenied({denial("**.x.test", 90)}, {denial("*.x.test", 91)}) ==
          Lines{"**.x.test is no longer denied (was allow.yaml:90)"});
    for (const Terms& terms : {Terms{.ports = {443}}, Terms{.methods = {"POST"}}, Terms{.paths = {"/a"}}})
        CHECK(undenied({denial("x.test", 90)}, {denial("x.test", 91, terms)}) ==
              Lines{"allow.yaml:91: x.test is denied for less than before (was allow.yaml:90)"});
}
