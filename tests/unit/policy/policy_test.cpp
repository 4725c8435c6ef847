#include "net/url.hpp"
#include "tests/unit/policy/make.hpp"

#include <catch2/catch.hpp>

#include <chrono>

using namespace egressd::policy;
namespace net = egressd::net;

namespace {

std::string decide(const Policy& policy, const Attempt& attempt) {
    return line_of(policy.decide(attempt));
}

} // namespace

TEST_CASE("an empty policy denies everything") {
    const Policy policy(Mode::enforce, {}, {});
    CHECK(decide(policy, tunnel("a.test")) == "deny not-listed");
    CHECK(decide(policy, tunnel("192.0.2.1")) == "deny not-listed");
    CHECK(decide(policy, request("GET", "a.test", "/")) == "deny not-listed");
    CHECK(line_of(policy.decide(Attempt{})) == "deny name-invalid");
    CHECK(line_of(Policy(Mode::observe, {}, {}).decide(Attempt{})) == "deny name-invalid");
    CHECK(line_of(Policy(Mode::enforce, {rule("*")}, {}).decide(Attempt{})) == "deny name-invalid");
}

TEST_CASE("names match by label, never by letters") {
    const Policy policy(Mode::enforce, {rule("x.test", 1), rule("*.y.test", 2), rule("**.z.test", 3)}, {});
    struct Case {
        const char *host, *expected;
    };
    for (const Case& each : std::vector<Case>{
             {"x.test", "allow allowed allow.yaml:1"},
             {"X.TEST.", "allow allowed allow.yaml:1"},
             {"a.x.test", "deny not-listed"},
             {"notx.test", "deny not-listed"},
             {"x.test.evil.test", "deny not-listed"},
             {"test", "deny not-listed"},
             {"y.test", "deny not-listed"},
             {"a.y.test", "allow allowed allow.yaml:2"},
             {"a.b.c.y.test", "allow allowed allow.yaml:2"},
             {"noty.test", "deny not-listed"},
             {"a.y.test.evil.test", "deny not-listed"},
             {"z.test", "allow allowed allow.yaml:3"},
             {"a.b.z.test", "allow allowed allow.yaml:3"},
             {"192.0.2.1", "deny not-listed"},
             {"::1", "deny not-listed"},
         }) {
        CAPTURE(each.host);
        CHECK(decide(policy, tunnel(each.host)) == each.expected);
    }
}

TEST_CASE("an address needs an entry of its own") {
    const Policy policy(Mode::enforce, {rule("*", 1), rule("192.0.2.7", 2), rule("2001:db8::7", 3)}, {});
    CHECK(decide(policy, tunnel("192.0.2.7")) == "allow allowed allow.yaml:2");
    CHECK(decide(policy, tunnel("::ffff:192.0.2.7")) == "allow allowed allow.yaml:2");
    CHECK(decide(policy, tunnel("2001:db8:0::7")) == "allow allowed allow.yaml:3");
    CHECK(decide(policy, tunnel("192.0.2.8")) == "deny not-listed");
    CHECK(decide(policy, tunnel("::192.0.2.7")) == "deny not-listed");
    CHECK(decide(policy, tunnel("any.test")) == "allow allowed allow.yaml:1");
}

TEST_CASE("deny wins over allow, however specific") {
    const Policy policy(
        Mode::enforce, {rule("a.x.test", 1), rule("**.x.test", 2), rule("192.0.2.7", 3), rule("y.test", 4)},
        {denial("**.x.test", 91), denial("192.0.2.7", 92), denial("y.test", 93, {.ports = {443}})});
    CHECK(decide(policy, tunnel("a.x.test")) == "deny denied-by-rule allow.yaml:91");
    CHECK(decide(policy, tunnel("x.test", 8443)) == "deny denied-by-rule allow.yaml:91");
    CHECK(decide(policy, tunnel("192.0.2.7")) == "deny denied-by-rule allow.yaml:92");
    CHECK(decide(policy, tunnel("::ffff:192.0.2.7")) == "deny denied-by-rule allow.yaml:92");
    CHECK(decide(policy, tunnel("y.test", 443)) == "deny denied-by-rule allow.yaml:93");
    CHECK(decide(policy, tunnel("y.test", 80)) == "allow allowed allow.yaml:4");
}

TEST_CASE("a denial of some methods or paths denies a tunnel wholly") {
    const Policy policy(Mode::enforce, {rule("**.x.test", 1)},
                        {denial("m.x.test", 91, {.methods = {"POST"}}),
                         denial("p.x.test", 92, {.paths = {"/admin/**"}}),
                         denial("mp.x.test", 93, {.methods = {"POST"}, .paths = {"/admin/**"}})});
    CHECK(decide(policy, tunnel("m.x.test")) == "deny denied-by-rule allow.yaml:91");
    CHECK(decide(policy, request("POST", "m.x.test", "/")) == "deny denied-by-rule allow.yaml:91");
    CHECK(decide(policy, request("post", "m.x.test", "/")) == "deny denied-by-rule allow.yaml:91");
    CHECK(decide(policy, request("GET", "m.x.test", "/")) == "allow allowed allow.yaml:1");

    CHECK(decide(policy, tunnel("p.x.test")) == "deny denied-by-rule allow.yaml:92");
    CHECK(decide(policy, request("GET", "p.x.test", "/admin/x")) == "deny denied-by-rule allow.yaml:92");
    CHECK(decide(policy, request("GET", "p.x.test", "/public")) == "allow allowed allow.yaml:1");

    CHECK(decide(policy, tunnel("mp.x.test")) == "deny denied-by-rule allow.yaml:93");
    CHECK(decide(policy, request("POST", "mp.x.test", "/admin/x")) == "deny denied-by-rule allow.yaml:93");
    CHECK(decide(policy, request("GET", "mp.x.test", "/admin/x")) == "allow allowed allow.yaml:1");
    CHECK(decide(policy, request("POST", "mp.x.test", "/public")) == "allow allowed allow.yaml:1");
}

TEST_CASE("a denied path is denied in every reading") {
    const Policy policy(Mode::enforce, {rule("x.test", 1)},
                        {denial("x.test", 91, {.paths = {"/@evil/**", "/admin"}})});
    for (const char* path :
         {"/@evil/x", "/%40evil/x", "/@evil%2Fx", "//@evil/x", "/@evil;v=1/x", "/%2540evil/x", "/admin;x",
          "/admin%3Fx", "/admin%23", "/%2561dmin", "/;/admin", "/admin%3Bx"}) {
        CAPTURE(path);
        const auto canonical = net::canonical_path(path);
        REQUIRE(canonical.has_value());
        CHECK(decide(policy, request("GET", "x.test", *canonical)) == "deny denied-by-rule allow.yaml:91");
    }
    CHECK(decide(policy, request("GET", "x.test", "/good")) == "allow allowed allow.yaml:1");
}

TEST_CASE("the most specific name governs alone") {
    const Policy policy(Mode::enforce,
                        {rule("**.x.test", 1), rule("*.a.x.test", 2, {.ports = {8443}}),
                         rule("a.x.test", 3, {.methods = {"GET"}}),
                         rule("**.a.x.test", 4, {.ports = {9000}})},
                        {});
    CHECK(decide(policy, tunnel("b.x.test")) == "allow allowed allow.yaml:1");
    CHECK(decide(policy, request("GET", "a.x.test", "/")) == "allow allowed allow.yaml:3");
    CHECK(decide(policy, request("POST", "a.x.test", "/")) ==
          "deny method allow.yaml:3"); // not widened by line 1 or 4
    CHECK(decide(policy, tunnel("a.x.test", 9000)) == "deny port allow.yaml:3");
    CHECK(decide(policy, tunnel("c.a.x.test", 8443)) ==
          "allow allowed allow.yaml:2"); // one level: lines 2 and 4
    CHECK(decide(policy, tunnel("c.a.x.test", 9000)) == "allow allowed allow.yaml:4");
    CHECK(decide(policy, tunnel("c.a.x.test", 443)) == "deny port allow.yaml:2");
}

TEST_CASE("entries for one name add up") {
    const Policy policy(Mode::enforce,
                        {rule("x.test", 1, {.methods = {"GET", "HEAD"}}),
                         rule("x.test", 2, {.methods = {"POST"}, .paths = {"/upload/*"}}),
                         rule("x.test", 3, {.ports = {8080}})},
                        {});
    CHECK(decide(policy, request("GET", "x.test", "/any/thing")) == "allow allowed allow.yaml:1");
    CHECK(decide(policy, request("POST", "x.test", "/upload/a")) == "allow allowed allow.yaml:2");
    CHECK(decide(policy, request("PUT", "x.test", "/", 8080)) == "allow allowed allow.yaml:3");
    // The reason is that of the entry that came furthest.
    CHECK(decide(policy, request("POST", "x.test", "/other")) == "deny path allow.yaml:2");
    CHECK(decide(policy, request("DELETE", "x.test", "/upload/a")) == "deny method allow.yaml:1");
    CHECK(decide(policy, request("GET", "x.test", "/", 9999)) == "deny port allow.yaml:1");
    CHECK(decide(policy, tunnel("x.test", 8080)) == "allow allowed allow.yaml:3");
}

TEST_CASE("a rule for methods or paths is not for tunnels") {
    const Policy policy(Mode::enforce,
                        {rule("m.test", 1, {.methods = {"GET"}}), rule("p.test", 2, {.paths = {"/**"}})}, {});
    CHECK(decide(policy, tunnel("m.test")) == "deny inspection-impossible allow.yaml:1");
    CHECK(decide(policy, tunnel("p.test")) == "deny inspection-impossible allow.yaml:2");
    CHECK(decide(policy, tunnel("m.test", 22)) == "deny port allow.yaml:1");
}

TEST_CASE("a rule for methods or paths lets in the connections whose requests it will judge") {
    const Policy policy(Mode::enforce,
                        {rule("m.test", 1, {.methods = {"GET"}, .tls = Tls::inspect}),
                         rule("p.test", 2, {.paths = {"/a/**"}, .tls = Tls::inspect}),
                         rule("t.test", 3, {.methods = {"GET"}, .tls = Tls::tunnel}),
                         rule("r.test", 4, {.methods = {"GET"}, .tls = Tls::raw})},
                        {});
    Attempt socks = tunnel("m.test");
    socks.protocol = Protocol::socks5;
    CHECK(decide(policy, tunnel("m.test")) == "allow allowed allow.yaml:1");
    CHECK(decide(policy, socks) == "allow allowed allow.yaml:1");
    CHECK(decide(policy, tunnel("p.test")) == "allow allowed allow.yaml:2");
    CHECK(decide(policy, tunnel("m.test", 22)) == "deny port allow.yaml:1");
    CHECK(decide(policy, tunnel("t.test")) == "deny inspection-impossible allow.yaml:3");
    CHECK(decide(policy, tunnel("r.test")) == "deny inspection-impossible allow.yaml:4");
    // The request inside is judged like any other.
    CHECK(decide(policy, request("GET", "m.test", "/", 443)) == "allow allowed allow.yaml:1");
    CHECK(decide(policy, request("POST", "m.test", "/", 443)) == "deny method allow.yaml:1");
    CHECK(decide(policy, request("GET", "p.test", "/a/x", 443)) == "allow allowed allow.yaml:2");
    CHECK(decide(policy, request("GET", "p.test", "/b", 443)) == "deny path allow.yaml:2");
}

TEST_CASE(
    "a denial of some methods or paths denies the requests inside, and the connection where nobody looks") {
    const std::vector<Rule> deny{denial("**.x.test", 91, {.methods = {"POST"}}),
                                 denial("**.x.test", 92, {.paths = {"/admin/**"}}),
                                 denial("ports.x.test", 93, {.ports = {8443}})};
    const Policy policy(Mode::enforce,
                        {rule("i.x.test", 1, {.tls = Tls::inspect}),
                         rule("t.x.test", 2, {.tls = Tls::tunnel}), rule("r.x.test", 3, {.tls = Tls::raw}),
                         rule("ports.x.test", 4, {.ports = {443, 8443}, .tls = Tls::inspect})},
                        deny);
    CHECK(decide(policy, tunnel("i.x.test")) == "allow allowed allow.yaml:1");
    CHECK(decide(policy, request("GET", "i.x.test", "/", 443)) == "allow allowed allow.yaml:1");
    CHECK(decide(policy, request("POST", "i.x.test", "/", 443)) == "deny denied-by-rule allow.yaml:91");
    CHECK(decide(policy, request("GET", "i.x.test", "/admin/x", 443)) == "deny denied-by-rule allow.yaml:92");
    CHECK(decide(policy, tunnel("t.x.test")) == "deny denied-by-rule allow.yaml:91");
    CHECK(decide(policy, tunnel("r.x.test")) == "deny denied-by-rule allow.yaml:91");
    // A certain denial behind a conditional one is found; what is refused anyway keeps its own reason.
    CHECK(decide(policy, tunnel("ports.x.test", 8443)) == "deny denied-by-rule allow.yaml:93");
    CHECK(decide(policy, tunnel("ports.x.test")) == "allow allowed allow.yaml:4");
    CHECK(decide(policy, tunnel("other.x.test")) == "deny not-listed");
    CHECK(decide(policy, tunnel("i.x.test", 22)) == "deny port allow.yaml:1");

    const Policy observing(Mode::observe, {}, deny); // what is not listed is inspected
    CHECK(decide(observing, tunnel("i.x.test")) == "observe not-listed");
    CHECK(decide(observing, request("GET", "i.x.test", "/", 443)) == "observe not-listed");
    CHECK(decide(observing, request("POST", "i.x.test", "/", 443)) == "deny denied-by-rule allow.yaml:91");
}

TEST_CASE("observe does not let through to a public resolver that is not listed") {
    const Policy policy(Mode::observe,
                        {rule("dns.google", 1), rule("9.9.9.9", 2), rule("dot.test", 3, {.ports = {853}})},
                        {});
    CHECK(decide(policy, tunnel("cloudflare-dns.com")) == "deny not-listed");
    CHECK(decide(policy, request("GET", "cloudflare-dns.com", "/dns-query")) == "deny not-listed");
    CHECK(decide(policy, tunnel("8.8.8.8")) == "deny not-listed");
    CHECK(decide(policy, tunnel("::ffff:8.8.8.8")) == "deny not-listed");
    CHECK(decide(policy, tunnel("other.test", 853)) == "deny not-listed");
    CHECK(decide(policy, tunnel("other.test")) == "observe not-listed");
    CHECK(decide(policy, tunnel("dns.google")) == "allow allowed allow.yaml:1");
    CHECK(decide(policy, tunnel("9.9.9.9")) == "allow allowed allow.yaml:2");
    CHECK(decide(policy, tunnel("dot.test", 853)) == "allow allowed allow.yaml:3");
}

TEST_CASE("methods are compared as they are written") {
    const Policy policy(Mode::enforce, {rule("x.test", 1, {.methods = {"GET"}})}, {});
    CHECK(decide(policy, request("GET", "x.test", "/")) == "allow allowed allow.yaml:1");
    for (const char* method : {"get", "Get", "GETS", "GE", "", "GET ", "POST"}) {
        CAPTURE(method);
        CHECK(decide(policy, request(method, "x.test", "/")) == "deny method allow.yaml:1");
    }
}

TEST_CASE("a path is allowed when every reading of it is") {
    const Policy policy(Mode::enforce,
                        {rule("x.test", 1, {.paths = {"/public/*", "/@acme%2F*", "/@acme/*"}}),
                         rule("y.test", 2, {.paths = {"/@acme%2F*"}}),
                         rule("y.test", 3, {.paths = {"/@acme/*"}}), rule("any.test", 4, {.paths = {"/**"}})},
                        {});
    const auto get = [&](const char* host, const char* path) {
        return decide(policy, request("GET", host, net::canonical_path(path).value()));
    };
    CHECK(get("x.test", "/public/a") == "allow allowed allow.yaml:1");
    CHECK(get("x.test", "/public/../public/a") == "allow allowed allow.yaml:1");
    CHECK(get("x.test", "/@acme%2fname") == "allow allowed allow.yaml:1"); // npm
    CHECK(get("x.test", "/@acme/name") == "allow allowed allow.yaml:1");
    for (const char* path :
         {"/secret", "/public/../secret", "/public/%2e%2e/secret", "/public/a%2Fb", "/public%2fa",
          "/public;x/a/b", "/public/a;/../../secret", "//public/a", "/secret;/public/a", "/@acme%2fa%2fb",
          "/public/a%2f", "/PUBLIC/a", "/publicx", "/%2570ublic/a"}) {
        CAPTURE(path);
        CHECK(get("x.test", path) == "deny path allow.yaml:1");
    }
    // All readings by one entry, not one by each.
    CHECK(get("y.test", "/@acme%2fname") == "deny path allow.yaml:2");
    CHECK(get("any.test", "/a;b%2Fc//d%40%253F") == "allow allowed allow.yaml:4");
}

TEST_CASE("observe lets through what is not listed, and nothing else") {
    const Policy policy(Mode::observe,
                        {rule("x.test", 1, {.methods = {"GET"}}), rule("p.test", 2, {.paths = {"/a"}})},
                        {denial("bad.test", 91), denial("192.0.2.7", 92)});
    CHECK(decide(policy, tunnel("other.test")) == "observe not-listed");
    CHECK(decide(policy, tunnel("192.0.2.8")) == "observe not-listed");
    CHECK(decide(policy, tunnel("bad.test")) == "deny denied-by-rule allow.yaml:91");
    CHECK(decide(policy, tunnel("::ffff:192.0.2.7")) == "deny denied-by-rule allow.yaml:92");
    CHECK(decide(policy, request("POST", "x.test", "/")) == "deny method allow.yaml:1");
    CHECK(decide(policy, tunnel("x.test", 22)) == "deny port allow.yaml:1");
    CHECK(decide(policy, request("GET", "p.test", "/b")) == "deny path allow.yaml:2");
    CHECK(to_text(Mode::observe) == "observe");
    CHECK(to_text(Mode::enforce) == "enforce");
}

TEST_CASE("a long list costs no more than a short one") {
    std::vector<Rule> rules;
    for (int i = 0; i < 100'000; ++i)
        rules.push_back(rule("*.host" + std::to_string(i) + ".example", i + 1));
    const Policy policy(Mode::enforce, std::move(rules), {});
    CHECK(decide(policy, tunnel("a.host0.example")) == "allow allowed allow.yaml:1");
    CHECK(decide(policy, tunnel("a.b.host99999.example")) == "allow allowed allow.yaml:100000");
    const Attempt attempt = tunnel("a.b.c.d.e.f.missing.example");
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 1000; ++i)
        CHECK_FALSE(policy.decide(attempt).lets_through());
    // A walk over the list would take minutes; the bound is generous for a sanitizer build.
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
}
