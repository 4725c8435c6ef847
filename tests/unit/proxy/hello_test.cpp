#include "proxy/hello.hpp"
#include "proxy/refusal.hpp"

#include <catch2/catch.hpp>

using namespace egressd;
using namespace egressd::proxy;

namespace {

struct Case {
    const char* allowed;
    std::optional<std::string> name; // SNI
    const char* expected;            // the reason, or "passes"
    bool ech = false;
};

std::string judged(const ClientHello& hello, const char* allowed) {
    const HelloJudgement judgement = judge_hello(hello, net::Host::parse(allowed).value());
    CHECK(judgement.detail.empty() == !judgement.reason);
    CHECK(judgement.alert == (judgement.reason ? tls_access_denied : std::string_view()));
    return judgement.reason ? std::string(to_text(*judgement.reason)) : "passes";
}

} // namespace

TEST_CASE("the hello names the host that was asked for, or nothing passes") {
    const Case cases[] = {
        {"a.example", "a.example", "passes"},
        {"a.example", "A.Example", "passes"},
        {"a.example", "a.example", "passes", true}, // GREASE
        {"xn--bcher-kva.example", "xn--bcher-kva.example", "passes"},
        {"192.0.2.7", std::nullopt, "passes"},
        {"2001:db8::7", std::nullopt, "passes"},
        {"192.0.2.7", std::nullopt, "passes", true},
        {"a.example", std::nullopt, "identity-mismatch"},
        {"a.example", std::nullopt, "identity-mismatch", true},
        {"a.example", "b.example", "identity-mismatch"},
        {"a.example", "b.example", "ech", true},
        {"a.example", "x.a.example", "identity-mismatch"},
        {"a.example", "example", "identity-mismatch"},
        {"a.example", "a.example.b.example", "identity-mismatch"},
        {"a.example", std::string("a.example\0.b.example", 20), "identity-mismatch"},
        {"a.example", "192.0.2.7", "identity-mismatch"},
        {"a.example", "a b", "identity-mismatch"},
        {"192.0.2.7", "192.0.2.7", "identity-mismatch"}, // RFC 6066 3: an address is no SNI
        {"192.0.2.7", "a.example", "identity-mismatch"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.allowed, c.name.value_or("none"), c.ech);
        ClientHello hello;
        hello.offers_tls12 = true;
        hello.server_name = c.name;
        hello.ech = c.ech;
        CHECK(judged(hello, c.allowed) == c.expected);
        hello.offers_tls12 = false; // whatever it names
        CHECK(judged(hello, c.allowed) == "not-tls");
    }
}

TEST_CASE(
    "the protocols that a hello offers are handed on, and a name is shown without its control characters") {
    ClientHello hello;
    hello.offers_tls12 = true;
    hello.server_name = "a.example";
    hello.alpn = {"h2", "http/1.1"};
    CHECK(judge_hello(hello, net::Host::parse("a.example").value()).alpn == hello.alpn);
    hello.server_name = "evil\r\n\x1b[2J";
    const std::string detail = judge_hello(hello, net::Host::parse("a.example").value()).detail;
    CHECK(detail.find_first_of("\r\n\x1b") == std::string::npos);
    CHECK_THAT(detail, Catch::Contains("evil"));
}
