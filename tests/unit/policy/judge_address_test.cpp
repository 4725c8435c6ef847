#include "tests/unit/policy/make.hpp"

#include <catch2/catch.hpp>

using namespace egressd::policy;
using boost::asio::ip::make_address;

namespace {

struct Case {
    const char* address;
    Reason expected;
};

void check(const Policy& policy, std::string_view host, const std::vector<Case>& cases) {
    const Decision decision = policy.decide(tunnel(host));
    for (const Case& each : cases) {
        CAPTURE(host, each.address);
        CHECK(to_text(policy.judge_address(decision, make_address(each.address), 443, {})) ==
              to_text(each.expected));
    }
}

Reason own(std::string_view listener, std::string_view address, std::uint16_t port = 3128) {
    const Policy policy(Mode::enforce,
                        {rule("x.test", 1, {.ports = {3128, 3129}, .private_ranges = {"0.0.0.0/0", "::/0"}})},
                        {});
    const Decision decision = policy.decide(tunnel("x.test", port));
    const std::vector<Endpoint> endpoints = {{make_address(std::string(listener)), 3128},
                                             {make_address("198.51.100.1"), 9999}};
    return policy.judge_address(decision, make_address(std::string(address)), port, endpoints);
}

} // namespace

TEST_CASE("a plain rule opens global addresses alone") {
    const Policy policy(Mode::enforce, {rule("x.test"), rule("127.0.0.1", 2)}, {});
    check(policy, "x.test",
          {{"93.184.216.34", Reason::allowed},
           {"::ffff:93.184.216.34", Reason::allowed},
           {"2606:4700::1", Reason::allowed},
           {"127.0.0.1", Reason::address_forbidden},
           {"::1", Reason::address_forbidden},
           {"0.0.0.0", Reason::address_forbidden},
           {"10.0.0.1", Reason::address_forbidden},
           {"100.64.0.1", Reason::address_forbidden},
           {"169.254.169.254", Reason::address_forbidden},
           {"168.63.129.16", Reason::address_forbidden},
           {"192.0.2.1", Reason::address_forbidden},
           {"224.0.0.1", Reason::address_forbidden},
           {"::ffff:127.0.0.1", Reason::address_forbidden},
           {"::ffff:169.254.169.254", Reason::address_forbidden},
           {"64:ff9b::8.8.8.8", Reason::address_forbidden},
           {"2002:7f00:1::", Reason::address_forbidden},
           {"2a00:1450::5efe:10.0.0.1", Reason::address_forbidden},
           {"fe80::1", Reason::address_forbidden},
           {"fd00:ec2::254", Reason::address_forbidden}});
    // An entry for the literal is still a plain rule.
    check(policy, "127.0.0.1", {{"127.0.0.1", Reason::address_forbidden}});
}

TEST_CASE("private opens what it covers and no more") {
    const Policy policy(Mode::enforce,
                        {rule("x.test", 1, {.private_ranges = {"10.20.0.0/16", "fd12::/16", "127.0.0.1"}}),
                         rule("nat.test", 2, {.private_ranges = {"64:ff9b::/96"}}),
                         rule("isatap.test", 3, {.private_ranges = {"10.0.0.0/8"}}),
                         rule("both.test", 4, {.private_ranges = {"10.0.0.0/8", "2a00:1450::/32"}})},
                        {});
    check(policy, "x.test",
          {{"10.20.1.2", Reason::allowed},
           {"::ffff:10.20.1.2", Reason::allowed},
           {"10.21.0.1", Reason::address_forbidden},
           {"fd12::1", Reason::allowed},
           {"fd13::1", Reason::address_forbidden},
           {"127.0.0.1", Reason::allowed},
           {"127.0.0.2", Reason::address_forbidden},
           {"93.184.216.34", Reason::allowed},
           {"2002:a14:102::1", Reason::address_forbidden}});
    check(policy, "nat.test",
          {{"64:ff9b::8.8.8.8", Reason::allowed},
           {"64:ff9b::10.0.0.1", Reason::address_forbidden},
           {"64:ff9b::a9fe:a9fe", Reason::address_forbidden}});
    // Each reading needs a range of its own.
    check(policy, "isatap.test", {{"2a00:1450::5efe:10.0.0.1", Reason::address_forbidden}});
    check(policy, "both.test",
          {{"2a00:1450::5efe:10.0.0.1", Reason::allowed},
           {"2a00:1450::5efe:127.0.0.1", Reason::address_forbidden}});
}

TEST_CASE("a metadata address opens only by its own name") {
    const Policy policy(
        Mode::enforce,
        {rule("wide.test", 1, {.private_ranges = {"169.254.0.0/16", "100.64.0.0/10", "fd00::/8"}}),
         rule("exact.test", 2, {.private_ranges = {"169.254.169.254", "fd00:ec2::254/128"}})},
        {});
    check(policy, "wide.test",
          {{"169.254.1.1", Reason::allowed},
           {"169.254.169.254", Reason::address_forbidden},
           {"::ffff:169.254.169.254", Reason::address_forbidden},
           {"100.64.0.1", Reason::allowed},
           {"100.100.100.200", Reason::address_forbidden},
           {"fd00::1", Reason::allowed},
           {"fd00:ec2::254", Reason::address_forbidden}});
    check(policy, "exact.test",
          {{"169.254.169.254", Reason::allowed},
           {"fd00:ec2::254", Reason::allowed},
           {"169.254.170.2", Reason::address_forbidden}});
}

TEST_CASE("a host that is only observed reaches global addresses alone") {
    const Policy policy(Mode::observe, {rule("x.test", 1, {.private_ranges = {"10.0.0.0/8"}})}, {});
    check(policy, "other.test",
          {{"93.184.216.34", Reason::allowed},
           {"10.0.0.1", Reason::address_forbidden},
           {"169.254.169.254", Reason::address_forbidden}});
}

TEST_CASE("what was denied is not dialled") {
    const Policy policy(Mode::enforce, {}, {});
    check(policy, "x.test", {{"93.184.216.34", Reason::address_forbidden}});
}

TEST_CASE("a denied address is denied to names as well") {
    const Policy policy(Mode::enforce, {rule("x.test", 1, {.private_ranges = {"10.0.0.0/8"}})},
                        {denial("93.184.216.34", 91), denial("10.0.0.1", 92, {.ports = {22}}),
                         denial("10.0.0.2", 93, {.paths = {"/a"}})});
    check(policy, "x.test",
          {{"93.184.216.34", Reason::address_forbidden},
           {"::ffff:93.184.216.34", Reason::address_forbidden},
           {"93.184.216.35", Reason::allowed},
           {"10.0.0.1", Reason::allowed},
           {"10.0.0.2", Reason::allowed}});
}

TEST_CASE("our own sockets are never dialled, whatever private says") {
    CHECK(own("127.0.0.1", "127.0.0.1") == Reason::self_connection);
    CHECK(own("127.0.0.1", "::ffff:127.0.0.1") == Reason::self_connection);
    CHECK(own("::ffff:127.0.0.1", "127.0.0.1") == Reason::self_connection);
    CHECK(own("127.0.0.1", "0.0.0.0") == Reason::self_connection);
    CHECK(own("::1", "::") == Reason::self_connection);
    CHECK(own("127.0.0.1", "127.0.0.2") == Reason::allowed);
    CHECK(own("127.0.0.1", "127.0.0.1", 3129) == Reason::allowed);
    CHECK(own("10.0.0.5", "10.0.0.5") == Reason::self_connection);

    for (const char* wildcard : {"0.0.0.0", "::"}) {
        CAPTURE(wildcard);
        CHECK(own(wildcard, "127.0.0.1") == Reason::self_connection);
        CHECK(own(wildcard, "127.9.9.9") == Reason::self_connection);
        CHECK(own(wildcard, "::1") == Reason::self_connection);
        CHECK(own(wildcard, "0.0.0.0") == Reason::self_connection);
        CHECK(own(wildcard, "::") == Reason::self_connection);
        CHECK(own(wildcard, "198.51.100.1") ==
              Reason::self_connection); // an address of ours, listed with another port
        CHECK(own(wildcard, "10.0.0.1") == Reason::allowed);
        CHECK(own(wildcard, "127.0.0.1", 3129) == Reason::allowed);
    }
}
