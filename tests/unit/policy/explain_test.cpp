#include "tests/unit/policy/make.hpp"

#include <catch2/catch.hpp>

using namespace egressd::policy;

namespace {

std::string explained(const Policy& policy, const Attempt& attempt) {
    return explanation(policy.decide(attempt), attempt);
}

} // namespace

TEST_CASE("an explanation names the host and the rule") {
    const Policy policy(Mode::enforce,
                        {rule("x.test", 1), rule("m.test", 2, {.methods = {"GET", "HEAD"}}),
                         rule("p.test", 3, {.paths = {"/a"}}), rule("one.test", 4, {.ports = {443}})},
                        {denial("bad.test", 91),
                         denial("**.paste.test", 92, {.reason = "no paste sites;\nuse the \x1b[1mbucket"})});
    CHECK(explained(policy, tunnel("other.test")) == "other.test is not in the allow list.");
    CHECK(explained(policy, tunnel("2001:db8::1")) == "[2001:db8::1] is not in the allow list.");
    CHECK(explained(policy, tunnel("bad.test")) == "bad.test is denied by allow.yaml:91.");
    CHECK(explained(policy, tunnel("a.paste.test")) ==
          "a.paste.test is denied by allow.yaml:92: no paste sites;?use the ?[1mbucket.");
    CHECK(explained(policy, tunnel("x.test", 22)) ==
          "allow.yaml:1 allows x.test only on ports 80, 443, not on 22.");
    CHECK(explained(policy, tunnel("one.test", 22)) ==
          "allow.yaml:4 allows one.test only on port 443, not on 22.");
    CHECK(explained(policy, request("POST", "m.test", "/")) ==
          "allow.yaml:2 allows m.test only with GET, HEAD.");
    CHECK(explained(policy, request("GET", "p.test", "/b")) ==
          "allow.yaml:3 allows p.test only for some paths, and this is not one of them.");
    CHECK(explained(policy, tunnel("m.test")) ==
          "allow.yaml:2 allows m.test only for some methods or paths, which cannot be seen in a tunnel.");
    CHECK(explained(policy, tunnel("x.test")) == "x.test:443 is allowed by allow.yaml:1.");
    CHECK(explained(Policy(Mode::observe, {}, {}), tunnel("x.test")) ==
          "x.test is not in the allow list (observed, not refused).");
}

TEST_CASE("every reason has a sentence that repeats nothing of the request") {
    Attempt attempt = request("ZQMETHOD", "x.test", "/zqpath");
    const Rule entry = rule("x.test", 7);
    std::vector<std::string> seen;
    for (int code = 0; code <= static_cast<int>(Reason::shutdown); ++code) {
        for (const Rule* governing : {static_cast<const Rule*>(nullptr), &entry}) {
            const std::string text =
                explanation({Verdict::deny, static_cast<Reason>(code), governing}, attempt);
            CAPTURE(code, text);
            CHECK(text.find("x.test") != std::string::npos);
            CHECK(text.back() == '.');
            CHECK(text.find("zq") == std::string::npos);
            CHECK(text.find("ZQ") == std::string::npos);
            CHECK(text.find("it is not allowed") == std::string::npos);
        }
    }
    CHECK(explanation({Verdict::deny, Reason::name_invalid, nullptr}, Attempt{}) ==
          "the host:0: the host is not a valid name or address.");
}
