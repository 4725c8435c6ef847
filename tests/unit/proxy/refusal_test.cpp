#include "proxy/refusal.hpp"
#include "tests/unit/proxy/heads.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

using namespace egressd;
using namespace egressd::proxy;
using namespace std::string_literals;
using policy::Reason;

namespace {

struct Reply {
    explicit Reply(std::string bytes) : bytes_(std::move(bytes)) {
        std::size_t scanned = 0;
        const HeadEnd end = find_head_end(bytes_, HeadKind::response, scanned).value();
        head_bytes_ = bytes_.substr(0, end.size);
        body = bytes_.substr(end.size);
        head = response(head_bytes_);
    }
    std::string field(std::string_view name) const {
        CHECK(count_fields(head.fields, name) <= 1);
        return std::string(field_value(head.fields, name));
    }

    ResponseHead head;
    std::string body;

private:
    std::string bytes_;
    std::string head_bytes_;
};

Refusal not_listed() {
    Refusal refusal = refusal_of(Reason::not_listed, "other.example is not listed");
    refusal.host = "other.example";
    refusal.port = 443;
    refusal.fix = "- other.example";
    return refusal;
}

} // namespace

TEST_CASE("a refusal in text") {
    Refusal refusal = not_listed();
    const Reply reply(http_reply(refusal, "01JABC", false, false, false));
    CHECK(reply.head.status == 403);
    CHECK(reply.head.reason == "Forbidden");
    CHECK(reply.field("Proxy-Status") == "egressd; error=http_request_denied; details=\"not-listed\"");
    CHECK(reply.field("Egressd-Decision") == "01JABC");
    CHECK(reply.field("Content-Type") == "text/plain; charset=utf-8");
    CHECK(reply.field("Cache-Control") == "no-store");
    CHECK(reply.field("Content-Length") == std::to_string(reply.body.size()));
    CHECK(reply.field("Connection").empty());
    CHECK(reply.field("Retry-After").empty());
    CHECK(reply.body == "egressd refused this request: other.example is not listed\n"
                        "  reason:   not-listed\n"
                        "  host:     other.example:443\n"
                        "  rule:     none\n"
                        "  decision: 01JABC\n"
                        "  to allow it, add this line under `allow:`\n"
                        "    - other.example\n");
    refusal.fix.clear();
    refusal.rule = "allow.yaml:12";
    const Reply by_rule(http_reply(refusal, "01JABC", false, false, true));
    CHECK(by_rule.body.find("  rule:     allow.yaml:12\n") != std::string::npos);
    CHECK(by_rule.body.find("to allow it") == std::string::npos);
    CHECK(by_rule.field("Connection") == "close");
}

TEST_CASE("a refusal in JSON") {
    Refusal refusal = not_listed();
    refusal.message = "quotes \" and \\ and \n";
    const Reply reply(http_reply(refusal, "01JABC", true, false, false));
    CHECK(reply.field("Content-Type") == "application/json");
    CHECK(reply.field("Content-Length") == std::to_string(reply.body.size()));
    const boost::json::value expected = {{"error", "egress_denied"},
                                         {"id", "01JABC"},
                                         {"reason", "not-listed"},
                                         {"host", "other.example"},
                                         {"port", 443},
                                         {"rule", nullptr},
                                         {"message", refusal.message},
                                         {"fix", "- other.example"}};
    CHECK(boost::json::parse(reply.body) == expected);
}

TEST_CASE("HEAD is told the length of a body that does not come") {
    const Reply get(http_reply(not_listed(), "01JABC", false, false, false));
    const Reply head(http_reply(not_listed(), "01JABC", false, true, false));
    CHECK(head.body.empty());
    CHECK(head.field("Content-Length") == get.field("Content-Length"));
}

TEST_CASE("each reason has its status and its proxy error") {
    struct Case {
        Reason reason;
        unsigned status;
        std::string error;
    };
    const Case cases[] = {
        {Reason::not_listed, 403, "http_request_denied"},
        {Reason::denied_by_rule, 403, "http_request_denied"},
        {Reason::address_forbidden, 403, "destination_ip_prohibited"},
        {Reason::self_connection, 403, "proxy_loop_detected"},
        {Reason::audit_failed, 403, "proxy_internal_error"},
        {Reason::request_malformed, 400, "http_request_error"},
        {Reason::name_invalid, 400, "http_request_error"},
        {Reason::identity_mismatch, 421, "http_request_denied"},
        {Reason::task_unknown, 407, "http_request_denied"},
        {Reason::budget, 429, "connection_limit_reached"},
        {Reason::rate, 429, "connection_limit_reached"},
        {Reason::resolve_failed, 502, "dns_error"},
        {Reason::upstream_failed, 502, "destination_unavailable"},
        {Reason::tls_upstream_invalid, 502, "tls_certificate_error"},
        {Reason::timeout, 504, "connection_timeout"},
    };
    for (const Case& c : cases) {
        const std::string code(to_text(c.reason));
        CAPTURE(code);
        const Reply reply(http_reply(refusal_of(c.reason, "why"), "id", false, false, false));
        CHECK(reply.head.status == c.status);
        CHECK(reply.head.reason != "Refused");
        CHECK(reply.field("Proxy-Status") == "egressd; error=" + c.error + "; details=\"" + code + "\"");
        CHECK(reply.field("Retry-After") == (c.status == 429 ? "1" : ""));
        CHECK(reply.field("Proxy-Authenticate").empty() == (c.status != 407));
    }
    Refusal slow = refusal_of(Reason::timeout, "too slow");
    slow.status = 408; // the client, not the origin
    CHECK(
        Reply(http_reply(slow, "id", false, false, true)).field("Proxy-Status").find("http_request_error") !=
        std::string::npos);
}

TEST_CASE("a refusal by the policy names host, port and reason") {
    policy::Attempt attempt;
    attempt.host = net::Host::parse("2001:db8::1").value();
    attempt.port = 8443;
    const Refusal refusal =
        refusal_of(policy::Decision{policy::Verdict::deny, Reason::not_listed, nullptr}, attempt);
    CHECK(refusal.host == "[2001:db8::1]");
    CHECK(refusal.port == 8443);
    CHECK(refusal.rule.empty());
    CHECK_FALSE(refusal.message.empty());
    CHECK_FALSE(refusal.fix.empty());
}

TEST_CASE("a network that fails is no denial") {
    for (const Reason reason : {Reason::resolve_failed, Reason::upstream_failed, Reason::timeout,
                                Reason::client_aborted, Reason::shutdown})
        CHECK_FALSE(is_denial(reason));
    for (const Reason reason : {Reason::not_listed, Reason::address_forbidden, Reason::audit_failed,
                                Reason::policy_changed, Reason::budget})
        CHECK(is_denial(reason));
}

TEST_CASE("the TLS alert is a plaintext record with a fatal access_denied") {
    // RFC 8446 5.1, 6: type alert(21), legacy version, length 2, level fatal(2), access_denied(49).
    CHECK(tls_access_denied == "\x15\x03\x03\0\2\2\x31"s);
}
