#include "dns/verdict.hpp"
#include "tests/unit/policy/make.hpp"

#include <catch2/catch.hpp>

using namespace egressd;
using namespace egressd::dns;
using policy::Reason;

namespace {

const policy::Policy& policy_in_force() {
    static const policy::Policy policy(policy::Mode::enforce,
                                       {policy::rule("x.test"), policy::rule("*.x.test"),
                                        policy::rule("narrow.test", 1, {.ports = {8443}, .methods = {"GET"}}),
                                        policy::rule("partly.test"), policy::rule("gone.test")},
                                       {policy::denial("partly.test", 90, {.ports = {80}}),
                                        policy::denial("x.test", 91, {.methods = {"PUT"}}),
                                        policy::denial("gone.test")});
    return policy;
}

Reason reason_for(std::string_view name, QueryType type = QueryType::a,
                  std::uint16_t in_class = internet_class) {
    return judge(policy_in_force(), "default", name, type, in_class).decision.reason;
}

} // namespace

TEST_CASE("a name is let through where a connection to some port of it could be") {
    CHECK(reason_for("x.test") == Reason::allowed);
    CHECK(reason_for("X.Test.") == Reason::allowed);
    CHECK(reason_for("y.x.test", QueryType::aaaa) == Reason::allowed);
    CHECK(reason_for("narrow.test") == Reason::allowed);
    CHECK(reason_for("partly.test") == Reason::allowed);
    CHECK(reason_for("gone.test") == Reason::denied_by_rule);
    CHECK(reason_for("notx.test") == Reason::not_listed);
    CHECK(reason_for("x.test.evil.test") == Reason::not_listed);
}

TEST_CASE("what is no name of a host does not exist") {
    for (const char* name :
         {"", ".", "192.0.2.1", "0x7f.1", "[::1]", "a..test", "-a.test", "a b.test", "x.test:53"})
        CHECK(reason_for(name) == Reason::name_invalid);
}

TEST_CASE("addresses are served, HTTPS and SVCB are answered with nothing, all else is refused") {
    CHECK_FALSE(judge(policy_in_force(), "default", "x.test", QueryType::a).no_data);
    for (const QueryType type : {QueryType::https, QueryType::svcb}) {
        const Verdict verdict = judge(policy_in_force(), "default", "x.test", type);
        CHECK(verdict.no_data);
        CHECK(verdict.decision.lets_through());
        CHECK(reason_for("evil.test", type) == Reason::not_listed);
    }
    for (unsigned type = 0; type < 0x10000; ++type)
        if (type != 1 && type != 28 && type != 64 && type != 65)
            REQUIRE(reason_for("x.test", static_cast<QueryType>(type)) == Reason::dns_type);
    CHECK(reason_for("x.test", QueryType::a, 3) == Reason::dns_type);
    CHECK(reason_for("x.test", QueryType::a, 255) == Reason::dns_type);
    CHECK(judge(policy_in_force(), "default", "x.test", static_cast<QueryType>(16)).attempt.query_type ==
          "TXT");
}

TEST_CASE("every refusal has a code, and none looks like an answer") {
    for (int code = 1; code <= static_cast<int>(Reason::shutdown); ++code)
        CHECK(rcode_of(static_cast<Reason>(code)) != Rcode::no_error);
    CHECK(rcode_of(Reason::not_listed) == Rcode::no_name);
    CHECK(rcode_of(Reason::secret_found) == Rcode::no_name);
    CHECK(rcode_of(Reason::dns_type) == Rcode::refused);
    CHECK(rcode_of(Reason::dns_tunnel) == Rcode::refused);
    CHECK(rcode_of(Reason::resolve_failed) == Rcode::server_failure);
    CHECK(refusal_text(Reason::denied_by_rule) == "NXDOMAIN, extended error 15");
}
