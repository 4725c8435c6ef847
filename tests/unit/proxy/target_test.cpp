#include "proxy/target.hpp"
#include "tests/unit/proxy/heads.hpp"

#include <catch2/catch.hpp>

using namespace egressd;
using namespace egressd::proxy;

namespace {

struct Case {
    std::string_view target;
    std::vector<Field> fields;
    std::string expected; // what it means, or the reason of the refusal
    unsigned version = 11;
};

std::string forward(const Case& c) {
    const TargetResult<ForwardTarget> target = forward_target({"GET", c.target, c.version, c.fields});
    if (!target)
        return std::string(to_text(target.error().reason));
    return target->authority.text() + " " + target->origin_form() + (target->default_port ? "" : " port");
}

std::string connect(const Case& c) {
    const TargetResult<net::Authority> target = connect_target({"CONNECT", c.target, c.version, c.fields});
    return target ? target->text() : std::string(to_text(target.error().reason));
}

/// Inside a connection to `opened`, where the scheme's port is `port`.
std::string inner(const Case& c, const char* opened, std::uint16_t port = 443) {
    const net::Authority authority = net::parse_authority(opened, port).value();
    const TargetResult<ForwardTarget> target =
        inner_target({"GET", c.target, c.version, c.fields}, authority, port);
    if (!target) {
        CHECK(target.error().authority == authority);
        return std::string(to_text(target.error().reason));
    }
    return target->authority.text() + " " + target->origin_form() + (target->default_port ? "" : " port");
}

std::string method(std::string_view name) {
    const TargetResult<void> checked = check_method(name);
    return checked ? "ok" : std::string(to_text(checked.error().reason));
}

} // namespace

TEST_CASE("absolute targets and the Host that must agree") {
    const Field host{"Host", "a.example"};
    const Case cases[] = {
        {"http://a.example/", {host}, "a.example:80 /"},
        {"http://a.example", {host}, "a.example:80 /"},
        {"HTTP://A.Example./x", {{"host", "a.EXAMPLE"}}, "a.example:80 /x"},
        {"http://a.example:80/x", {host}, "a.example:80 /x"},
        {"http://a.example/x", {{"Host", "a.example:80"}}, "a.example:80 /x"},
        {"http://a.example:8080/x?q=1", {{"Host", "a.example:8080"}}, "a.example:8080 /x?q=1 port"},
        {"http://a.example?q", {host}, "a.example:80 /?q"},
        {"http://a.example/?", {host}, "a.example:80 /?"},
        {"http://a.example/%7euser/%2e%2e/b/./c", {host}, "a.example:80 /b/c"},
        {"http://[2001:DB8::1]/", {{"Host", "[2001:db8:0::1]"}}, "[2001:db8::1]:80 /"},
        {"http://a.example/", {}, "a.example:80 /", 10},
        {"http://a.example/", {}, "request-malformed"},
        {"http://a.example/", {host, host}, "request-malformed"},
        {"http://a.example/", {{"Host", "b.example"}}, "identity-mismatch"},
        {"http://a.example/", {{"Host", "a.example:81"}}, "identity-mismatch"},
        {"http://a.example:81/", {host}, "identity-mismatch"},
        {"http://a.example/", {{"Host", "b.example"}}, "identity-mismatch", 10},
        {"http://a.example/", {{"Host", ""}}, "name-invalid"},
        {"http://a.example/", {{"Host", "a.example, b.example"}}, "name-invalid"},
        {"http://user@a.example/", {host}, "name-invalid"},
        {"http://a.example@b.example/", {host}, "name-invalid"},
        {"http://a.example\\@b.example/", {host}, "name-invalid"},
        {"http://0x7f.1/", {{"Host", "0x7f.1"}}, "name-invalid"},
        {"http:///x", {host}, "name-invalid"},
        {"http://a.example/../x", {host}, "request-malformed"},
        {"http://a.example/%252e%252e/x", {host}, "request-malformed"},
        {"/x", {host}, "request-malformed"},
        {"*", {host}, "request-malformed"},
        {"", {host}, "request-malformed"},
        {"https://a.example/", {host}, "request-malformed"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.target, c.fields.size(), c.version);
        CHECK(forward(c) == c.expected);
    }
    CHECK(forward({"ftp://a.example/", {host}, ""}).find(' ') == std::string::npos);
    CHECK(forward({"a.example:443", {host}, ""}).find(' ') == std::string::npos);
}

TEST_CASE("a mismatch keeps the authority that was asked for, for the log") {
    const TargetResult<ForwardTarget> target =
        forward_target({"GET", "http://a.example/", 11, {{"Host", "b.example"}}});
    REQUIRE_FALSE(target.has_value());
    REQUIRE(target.error().authority);
    CHECK(target.error().authority->text() == "a.example:80");
}

TEST_CASE("inside an inspected connection a request is for the host that it was opened for") {
    const Field host{"Host", "a.example"};
    const Case cases[] = {
        {"/", {host}, "a.example:443 /"},
        {"/x", {{"host", "A.EXAMPLE."}}, "a.example:443 /x"},
        {"/x", {{"Host", "a.example:443"}}, "a.example:443 /x"},
        {"/x?q=1?2#", {host}, "a.example:443 /x?q=1?2#"},
        {"/x?", {host}, "a.example:443 /x?"},
        {"/%7euser/%2e%2e/b/./c?a/../b", {host}, "a.example:443 /b/c?a/../b"},
        {"//b.example/x", {host}, "a.example:443 //b.example/x"},
        {"/http://b.example/", {host}, "a.example:443 /http://b.example/"},
        {"https://a.example/", {host}, "request-malformed"},
        {"http://a.example/", {host}, "request-malformed"},
        {"a.example:443", {host}, "request-malformed"},
        {"*", {host}, "request-malformed"},
        {"", {host}, "request-malformed"},
        {"?q", {host}, "request-malformed"},
        {"/../x", {host}, "request-malformed"},
        {"/%252e%252e/x", {host}, "request-malformed"},
        {"/", {}, "request-malformed"},
        {"/", {}, "request-malformed", 10},
        {"/", {host, host}, "request-malformed"},
        {"/", {host, {"host", "b.example"}}, "request-malformed"},
        {"/", {{"Host", "b.example"}}, "identity-mismatch"},
        {"/", {{"Host", "b.example"}}, "identity-mismatch", 10},
        {"/", {{"Host", "x.a.example"}}, "identity-mismatch"},
        {"/", {{"Host", "a.example:80"}}, "identity-mismatch"},
        {"/", {{"Host", "a.example:8443"}}, "identity-mismatch"},
        {"/", {{"Host", "192.0.2.7"}}, "identity-mismatch"},
        {"/", {{"Host", ""}}, "name-invalid"},
        {"/", {{"Host", "a.example, b.example"}}, "name-invalid"},
        {"/", {{"Host", "a.example@b.example"}}, "name-invalid"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.target, c.fields.size(), c.version);
        CHECK(inner(c, "a.example") == c.expected);
    }
}

TEST_CASE("a port other than the scheme's own is spelled out in Host") {
    CHECK(inner({"/x", {{"Host", "a.example:8443"}}, ""}, "a.example:8443") == "a.example:8443 /x port");
    CHECK(inner({"/x", {{"Host", "a.example"}}, ""}, "a.example:8443") == "identity-mismatch");
    CHECK(inner({"/x", {{"Host", "a.example:443"}}, ""}, "a.example:8443") == "identity-mismatch");
    CHECK(inner({"/x", {{"Host", "[2001:DB8::1]:8443"}}, ""}, "[2001:db8::1]:8443") ==
          "[2001:db8::1]:8443 /x port");
    // Plain HTTP inside a CONNECT to port 80.
    CHECK(inner({"/x", {{"Host", "a.example"}}, ""}, "a.example:80", 80) == "a.example:80 /x");
    CHECK(inner({"/x", {{"Host", "a.example:80"}}, ""}, "a.example:80", 80) == "a.example:80 /x");
    CHECK(inner({"/x", {{"Host", "a.example:443"}}, ""}, "a.example:80", 80) == "identity-mismatch");
}

TEST_CASE("CONNECT targets") {
    const Case cases[] = {
        {"a.example:443", {}, "a.example:443"},
        {"A.EXAMPLE.:443", {{"Host", "a.example:443"}}, "a.example:443"},
        {"a.example:8443", {{"Host", "a.example"}}, "a.example:8443"},
        {"[::1]:443", {{"Host", "[0:0::1]:443"}}, "[::1]:443"},
        {"a.example:443", {{"Host", "b.example:443"}}, "identity-mismatch"},
        {"a.example:443", {{"Host", "a.example:80"}}, "identity-mismatch"},
        {"a.example:443", {{"Host", "a.example:443"}, {"Host", "a.example:443"}}, "request-malformed"},
        {"a.example", {}, "name-invalid"},
        {"a.example:0", {}, "name-invalid"},
        {"a.example:65536", {}, "name-invalid"},
        {"a.example:", {}, "name-invalid"},
        {"https://a.example:443", {}, "name-invalid"},
        {"user@a.example:443", {}, "name-invalid"},
        {"a.example:443/x", {}, "name-invalid"},
        {"/", {}, "name-invalid"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.target);
        CHECK(connect(c) == c.expected);
    }
}

TEST_CASE("methods") {
    for (const char* name :
         {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "PROPFIND", "purge"})
        CHECK(method(name) == "ok");
    for (const char* name : {"get", "Post", "pATCH", "trace", "connect"})
        CHECK(method(name) == "request-malformed");
    CHECK(method("TRACE") == "method");
}

TEST_CASE("fields that act as another method") {
    CHECK(overrides_method({{"Accept", "*/*"}, {"x-http-method-OVERRIDE", "DELETE"}}));
    CHECK(overrides_method({{"X-HTTP-Method", "DELETE"}}));
    CHECK(overrides_method({{"X-Method-Override", "DELETE"}}));
    CHECK(overrides_method({{"X_HTTP_Method-Override", "DELETE"}}));
    CHECK_FALSE(overrides_method({{"Accept", "X-HTTP-Method"}}));
}

TEST_CASE("a request that has been here before is known by its Via") {
    const auto come_round = [](std::vector<Field> fields) {
        return has_come_round({"GET", "http://a.example/", 11, fields}, "egressd-7f3a");
    };
    CHECK(come_round({{"Via", "1.1 egressd-7f3a"}}));
    CHECK(come_round({{"Via", "1.0 other"}, {"via", "1.1 x, 1.1 egressd-7f3a (c)"}}));
    CHECK_FALSE(come_round({{"Via", "1.1 egressd-0000"}}));
    CHECK_FALSE(come_round({{"X", "1.1 egressd-7f3a"}}));
}
