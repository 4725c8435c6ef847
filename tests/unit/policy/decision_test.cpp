#include "policy/decision.hpp"

#include <catch2/catch.hpp>

using namespace egressd::policy;

TEST_CASE("reason codes are those of the audit log, in its order") {
    const std::vector<std::string> codes = {"allowed",
                                            "not-listed",
                                            "denied-by-rule",
                                            "port",
                                            "method",
                                            "path",
                                            "address-forbidden",
                                            "self-connection",
                                            "resolve-failed",
                                            "name-invalid",
                                            "request-malformed",
                                            "identity-mismatch",
                                            "not-tls",
                                            "tls-client-rejected",
                                            "tls-upstream-invalid",
                                            "ech",
                                            "upgrade-refused",
                                            "secret-found",
                                            "secret-foreign",
                                            "inspection-impossible",
                                            "dns-type",
                                            "dns-tunnel",
                                            "rate",
                                            "budget",
                                            "task-unknown",
                                            "task-expired",
                                            "approval-denied",
                                            "approval-timeout",
                                            "policy-changed",
                                            "audit-failed",
                                            "upstream-failed",
                                            "timeout",
                                            "client-aborted",
                                            "shutdown"};
    REQUIRE(codes.size() == static_cast<std::size_t>(Reason::shutdown) + 1);
    for (std::size_t i = 0; i < codes.size(); ++i)
        CHECK(to_text(static_cast<Reason>(i)) == codes[i]);
}

TEST_CASE("only a denial holds an attempt back") {
    CHECK_FALSE(Decision{}.lets_through());
    CHECK(Decision{Verdict::allow, Reason::allowed, nullptr}.lets_through());
    CHECK(Decision{Verdict::observe, Reason::not_listed, nullptr}.lets_through());
    CHECK(to_text(Verdict::allow) == "allow");
    CHECK(to_text(Verdict::deny) == "deny");
    CHECK(to_text(Verdict::observe) == "observe");
    CHECK(to_text(Protocol::http) == "http");
    CHECK(to_text(Protocol::connect) == "connect");
    CHECK(to_text(Protocol::socks5) == "socks5");
    CHECK(to_text(Protocol::ws) == "ws");
    CHECK(to_text(Protocol::dns) == "dns");
}
