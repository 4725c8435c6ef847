#include "policy/lint.hpp"
#include "tests/unit/policy/make.hpp"

#include <catch2/catch.hpp>

using namespace egressd::policy;

namespace {

using Lines = std::vector<std::string>;

Lines warnings(std::vector<Rule> allow, std::vector<Rule> deny = {}) {
    Lines lines;
    for (const Warning& warning : lint(Policy(Mode::enforce, std::move(allow), std::move(deny))))
        lines.push_back(warning.source.text() + ": " + warning.message);
    return lines;
}

} // namespace

TEST_CASE("a sound policy has no warnings") {
    CHECK(warnings({rule("x.test", 1), rule("*.x.test", 2), rule("**.y.test", 3), rule("192.0.2.7", 4),
                    rule("x.test", 5, {.ports = {8080}})},
                   {denial("bad.test")})
              .empty());
    CHECK(warnings({rule("**.z.test", 1), rule("*.z.test", 2, {.ports = {22}})}).empty());
    CHECK(warnings({rule("*", 1)}).empty());
    CHECK(warnings({rule("x.test", 1, {.private_ranges = {"10.0.0.0/8"}})}).empty());
}

TEST_CASE("a wildcard without its apex") {
    CHECK(warnings({rule("*.x.test", 3)}) ==
          Lines{"allow.yaml:3: '*.x.test' does not match x.test itself; write '**.x.test' to allow both"});
}

TEST_CASE("private that opens loopback") {
    CHECK(warnings({rule("x.test", 3, {.private_ranges = {"127.0.0.0/8"}})}) ==
          Lines{"allow.yaml:3: private: 127.0.0.0/8 lets x.test reach loopback, and with it every service of "
                "this machine"});
    CHECK(warnings({rule("x.test", 3, {.private_ranges = {"::1"}})}).size() == 1);
}

TEST_CASE("the same entry twice") {
    CHECK(warnings({rule("x.test", 3), rule("X.test.", 8)}) ==
          Lines{"allow.yaml:8: x.test stands here twice with the same words"});
    CHECK(warnings({rule("x.test", 3)}, {denial("y.test", 5), denial("y.test", 6)}) ==
          Lines{"allow.yaml:6: y.test stands here twice with the same words"});
    CHECK(warnings({rule("x.test", 3), rule("x.test", 8, {.methods = {"GET"}})}).empty());
}

TEST_CASE("an entry that a denial makes void") {
    CHECK(warnings({rule("a.x.test", 3)}, {denial("**.x.test", 9)}) ==
          Lines{"allow.yaml:3: a.x.test is never allowed: **.x.test at allow.yaml:9 denies it"});
    CHECK(warnings({rule("192.0.2.7", 3)}, {denial("192.0.2.7", 9)}).size() == 1);
    CHECK(warnings({rule("**.x.test", 3)}, {denial("**.x.test", 9)}).size() == 1);
    CHECK(warnings({rule("x.test", 3)}, {denial("*.x.test", 9)}).empty());
    CHECK(warnings({rule("**.x.test", 3)}, {denial("x.test", 9)}).empty());
    CHECK(warnings({rule("x.test", 3)}, {denial("x.test", 9, {.methods = {"POST"}})}).empty());
    CHECK(warnings({rule("x.test", 3)}, {denial("x.test", 9, {.ports = {80}})}).empty());
}

TEST_CASE("a name that is taken out of a wildcard that allows more") {
    CHECK(warnings({rule("**.x.test", 1), rule("a.x.test", 2, {.methods = {"GET"}})}) ==
          Lines{"allow.yaml:2: a.x.test is governed by its own entries alone; what **.x.test at allow.yaml:1 "
                "allows beyond them does not apply to it"});
    CHECK(warnings({rule("**.x.test", 1), rule("x.test", 2, {.ports = {443}})}).size() == 1);
    CHECK(warnings({rule("**.x.test", 1), rule("**.a.x.test", 2, {.ports = {443}})}).size() == 1);
    CHECK(warnings({rule("**.x.test", 1, {.methods = {"GET"}}), rule("a.x.test", 2)}).empty());
    CHECK(warnings({rule("**.x.test", 1), rule("a.x.test", 2, {.ports = {80, 443, 8080}})}).empty());
}
