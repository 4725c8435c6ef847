#include "net/url.hpp"
#include "tests/unit/policy/make.hpp"

#include <catch2/catch.hpp>

using namespace egressd::policy;
namespace net = egressd::net;

namespace {

std::string remedied(const Policy& policy, const Attempt& attempt) {
    return remedy(policy.decide(attempt), attempt);
}

} // namespace

TEST_CASE("a host that is not listed gets a line of its own") {
    const Policy policy(Mode::enforce, {}, {});
    struct Case {
        const char* host;
        std::uint16_t port;
        const char* line;
    };
    for (const Case& each : std::vector<Case>{
             {"registry.yarnpkg.com", 443, "- registry.yarnpkg.com"},
             {"registry.yarnpkg.com", 80, "- registry.yarnpkg.com"},
             {"db.example", 5432, "- {domain: db.example, ports: [5432]}"},
             {"93.184.216.34", 443, "- 93.184.216.34"},
             {"2606:4700::1", 443, "- \"2606:4700::1\""},
             {"2606:4700::1", 22, "- {domain: \"2606:4700::1\", ports: [22]}"},
             {"::ffff:93.184.216.34", 443, "- 93.184.216.34"},
             {"10.0.0.1", 443, "- {domain: 10.0.0.1, private: [\"10.0.0.1\"]}"},
             // what YAML would not read as text
             {"null", 443, "- \"null\""},
             {"no", 443, "- \"no\""},
             {"1e5", 443, "- \"1e5\""},
             {"1.5e3", 443, "- \"1.5e3\""},
             {"4chan.org", 443, "- \"4chan.org\""},
             {"_x.test", 443, "- \"_x.test\""},
             // what should not be opened on advice of ours
             {"127.0.0.1", 443, ""},
             {"::1", 443, ""},
             {"0.0.0.0", 443, ""},
             {"169.254.169.254", 80, ""},
             {"::ffff:169.254.169.254", 80, ""},
             {"100.100.100.200", 80, ""},
             {"fe80::1", 80, ""},
             {"224.0.0.1", 80, ""},
             {"255.255.255.255", 80, ""},
         }) {
        CAPTURE(each.host, each.port);
        CHECK(remedied(policy, tunnel(each.host, each.port)) == each.line);
    }
}

TEST_CASE("an entry that falls short is written out with what it lacks") {
    const Policy policy(
        Mode::enforce,
        {rule("x.test", 1, {.ports = {443}, .tls = Tls::inspect}),
         rule("m.test", 2, {.methods = {"GET"}, .tls = Tls::inspect}),
         rule("p.test", 3, {.methods = {"GET"}, .paths = {"/a/**"}, .tls = Tls::inspect}),
         rule("*.w.test", 4, {.ports = {5432}, .tls = Tls::raw, .private_ranges = {"10.0.0.0/8"}}),
         rule("*.github.io", 5, {.tls = Tls::inspect})},
        {});
    CHECK(remedied(policy, tunnel("x.test", 8443)) == "- {domain: x.test, ports: [443, 8443]}");
    CHECK(remedied(policy, tunnel("x.test", 80)) == "- x.test");
    CHECK(remedied(policy, request("POST", "m.test", "/")) == "- {domain: m.test, methods: [GET, POST]}");
    CHECK(remedied(policy, request("GET", "p.test", "/b")) ==
          "- {domain: p.test, methods: [GET], paths: [\"/a/**\", \"/b\"]}");
    CHECK(remedied(policy, request("GET", "p.test", "/@s%2Fn")) ==
          "- {domain: p.test, methods: [GET], paths: [\"/a/**\", \"/@s%2Fn\", \"/@s/n\"]}");
    CHECK(remedied(policy, request("POST", "p.test", "/b", 8080)) ==
          "- {domain: p.test, ports: [80, 443, 8080], methods: [GET, POST], paths: [\"/a/**\", \"/b\"]}");
    CHECK(remedied(policy, tunnel("a.w.test", 5433)) ==
          "- {domain: \"*.w.test\", ports: [5432, 5433], tls: raw, private: [\"10.0.0.0/8\"]}");
    CHECK(remedied(policy, tunnel("a.github.io", 22)) ==
          "- {domain: \"*.github.io\", ports: [80, 443, 22], public_suffix: true}");
    // A port is all that this connection lacks: its requests stay judged by method and path.
    CHECK(remedied(policy, tunnel("p.test", 8443)) ==
          "- {domain: p.test, ports: [80, 443, 8443], methods: [GET], paths: [\"/a/**\"]}");
}

TEST_CASE("an entry for tunnels stays one, unless it is that what it cannot see") {
    const Policy policy(Mode::enforce,
                        {rule("x.test", 1, {.ports = {443}}), rule("m.test", 2, {.methods = {"GET"}}),
                         rule("p.test", 3, {.methods = {"GET"}, .paths = {"/a/**"}}), rule("*.github.io", 5)},
                        {});
    CHECK(remedied(policy, tunnel("x.test", 8443)) == "- {domain: x.test, ports: [443, 8443], tls: tunnel}");
    CHECK(remedied(policy, tunnel("x.test", 80)) == "- {domain: x.test, tls: tunnel}");
    CHECK(remedied(policy, request("POST", "m.test", "/")) ==
          "- {domain: m.test, methods: [GET, POST], tls: tunnel}");
    CHECK(remedied(policy, request("POST", "p.test", "/b", 8080)) ==
          "- {domain: p.test, ports: [80, 443, 8080], methods: [GET, POST], paths: [\"/a/**\", \"/b\"], "
          "tls: tunnel}");
    CHECK(remedied(policy, tunnel("a.github.io", 22)) ==
          "- {domain: \"*.github.io\", ports: [80, 443, 22], tls: tunnel, public_suffix: true}");
    CHECK(remedied(policy, tunnel("p.test")) == "- {domain: p.test, methods: [GET], paths: [\"/a/**\"]}");
    CHECK(remedied(policy, tunnel("m.test")) == "- {domain: m.test, methods: [GET]}");
    // Where inspection is what was not possible, it is no remedy.
    const Rule inspected = rule("m.test", 1, {.methods = {"GET"}, .tls = Tls::inspect});
    CHECK(remedy({Verdict::deny, Reason::inspection_impossible, &inspected}, tunnel("m.test")).empty());
    CHECK(remedy({Verdict::deny, Reason::inspection_impossible, nullptr}, tunnel("m.test")).empty());
}

TEST_CASE("what is not TLS is let through by saying so") {
    const Policy policy(Mode::enforce, {rule("db.test", 1, {.ports = {5432}})}, {});
    const Attempt attempt = tunnel("db.test", 5432);
    CHECK(remedy({Verdict::deny, Reason::not_tls, policy.decide(attempt).rule}, attempt) ==
          "- {domain: db.test, ports: [5432], tls: raw}");
    CHECK(remedy({Verdict::deny, Reason::not_tls, nullptr}, attempt).empty());
    const Policy inspecting(Mode::enforce, {rule("db.test", 1, {.ports = {5432}, .tls = Tls::inspect})}, {});
    CHECK(remedy({Verdict::deny, Reason::not_tls, inspecting.decide(attempt).rule}, attempt) ==
          "- {domain: db.test, ports: [5432], tls: raw}");
    // The loader refuses methods and paths for what is not read, and to drop them would open more.
    const Rule methods = rule("db.test", 1, {.methods = {"GET"}, .tls = Tls::inspect});
    const Rule paths = rule("db.test", 1, {.paths = {"/a"}, .tls = Tls::inspect});
    CHECK(remedy({Verdict::deny, Reason::not_tls, &methods}, attempt).empty());
    CHECK(remedy({Verdict::deny, Reason::not_tls, &paths}, attempt).empty());
}

TEST_CASE("no line where none would help or none is safe to paste") {
    const Policy policy(Mode::enforce,
                        {rule("m.test", 1, {.methods = {"GET"}}), rule("p.test", 2, {.paths = {"/a"}})},
                        {denial("bad.test")});
    CHECK(remedied(policy, tunnel("bad.test")).empty());
    CHECK(remedy({Verdict::deny, Reason::not_listed, nullptr}, Attempt{}).empty());
    for (const Reason reason : {Reason::name_invalid, Reason::request_malformed, Reason::identity_mismatch,
                                Reason::self_connection, Reason::address_forbidden, Reason::timeout})
        CHECK(remedy({Verdict::deny, reason, nullptr}, tunnel("x.test")).empty());
    for (const char* method : {"X]", "#", "*", "A, B", "get"})
        CHECK(remedied(policy, request(method, "m.test", "/")).empty());
    CHECK(remedied(policy, request("GET", "p.test", '/' + std::string(1000, 'a'))).empty());
    CHECK(
        remedied(policy, request("GET", "p.test", "/%2561")).empty()); // one of its readings is not canonical
}

TEST_CASE("the line does what it promises") {
    // As the loader would: the pattern, ports and paths of the remedy above, judged again.
    const Policy before(Mode::enforce,
                        {rule("p.test", 3, {.methods = {"GET"}, .paths = {"/a/**"}, .tls = Tls::inspect})},
                        {});
    const Attempt attempt = request("GET", "p.test", net::canonical_path("/@s%2fn;v/x").value());
    REQUIRE(remedied(before, attempt) == "- {domain: p.test, methods: [GET], paths: [\"/a/**\", "
                                         "\"/@s%2Fn;v/x\", \"/@s/n;v/x\", \"/@s%2Fn/x\", \"/@s/n/x\"]}");
    const Policy after(Mode::enforce,
                       {rule("p.test", 3,
                             {.methods = {"GET"},
                              .paths = {"/a/**", "/@s%2Fn;v/x", "/@s/n;v/x", "/@s%2Fn/x", "/@s/n/x"},
                              .tls = Tls::inspect})},
                       {});
    CHECK(after.decide(attempt).lets_through());
}
