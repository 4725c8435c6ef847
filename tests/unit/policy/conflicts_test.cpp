#include "tests/unit/policy/make.hpp"

#include <catch2/catch.hpp>

using namespace egressd::policy;

namespace {

std::vector<std::string> conflicts(std::vector<Rule> rules) {
    std::vector<std::string> lines;
    for (const Conflict& conflict : Policy(Mode::enforce, std::move(rules), {}).conflicts())
        lines.push_back(std::to_string(conflict.first.line) + ' ' + std::to_string(conflict.second.line) +
                        ' ' + conflict.what);
    return lines;
}

using Lines = std::vector<std::string>;

} // namespace

TEST_CASE("entries of one specificity must agree where their ports overlap") {
    CHECK(conflicts({rule("x.test", 1), rule("x.test", 2, {.tls = Tls::raw})}) == Lines{"1 2 tls"});
    CHECK(conflicts({rule("x.test", 1), rule("x.test", 2, {.secrets = Secrets::off})}) ==
          Lines{"1 2 secrets"});
    CHECK(conflicts({rule("x.test", 1), rule("x.test", 2, {.private_ranges = {"10.0.0.0/8"}})}) ==
          Lines{"1 2 private"});
    CHECK(conflicts(
              {rule("x.test", 1), rule("x.test", 2, {.tls = Tls::raw, .private_ranges = {"10.0.0.0/8"}})}) ==
          Lines{"1 2 tls", "1 2 private"});
    CHECK(conflicts({rule("*.x.test", 1), rule("**.x.test", 2, {.tls = Tls::raw})}) == Lines{"1 2 tls"});
    // Each port of the third entry is shared with another one.
    CHECK(conflicts({rule("x.test", 1, {.ports = {80}}), rule("x.test", 2, {.ports = {443}, .tls = Tls::raw}),
                     rule("x.test", 3)}) == Lines{"2 3 tls"});
    CHECK(conflicts({rule("x.test", 1, {.ports = {}}), rule("x.test", 2, {.tls = Tls::raw})}) ==
          Lines{"1 2 tls"});
    CHECK(conflicts({rule("x.test", 1, {.tls = Tls::raw}), rule("x.test", 2, {.ports = {}})}) ==
          Lines{"1 2 tls"});
}

TEST_CASE("entries that never govern the same attempt may differ") {
    CHECK(conflicts({rule("x.test", 1), rule("x.test", 2, {.ports = {5432}, .tls = Tls::raw})}).empty());
    CHECK(conflicts({rule("x.test", 1), rule("*.x.test", 2, {.tls = Tls::raw})}).empty());
    CHECK(conflicts({rule("x.test", 1), rule("**.x.test", 2, {.tls = Tls::raw})}).empty());
    CHECK(conflicts({rule("x.test", 1), rule("y.test", 2, {.tls = Tls::raw})}).empty());
    CHECK(conflicts({rule("x.test", 1, {.methods = {"GET"}}), rule("x.test", 2, {.methods = {"POST"}})})
              .empty());
    CHECK(conflicts({rule("x.test", 1, {.private_ranges = {"10.0.0.0/8", "fd00::/8"}}),
                     rule("x.test", 2, {.private_ranges = {"fd00::/8", "10.0.0.0/8"}})})
              .empty());
}

TEST_CASE("thousands of entries for one name are compared quickly") {
    std::vector<Rule> rules;
    for (int i = 0; i < 20'000; ++i)
        rules.push_back(rule("x.test", i + 1));
    rules.push_back(rule("x.test", 20'001, {.tls = Tls::raw}));
    CHECK(conflicts(std::move(rules)) == Lines{"1 20001 tls"});
}
