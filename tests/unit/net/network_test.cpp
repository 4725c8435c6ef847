#include "net/address.hpp"

#include <catch2/catch.hpp>

using namespace egressd;
using boost::asio::ip::make_address;
using net::Network;

namespace {

Network network(std::string_view text) {
    return Network::parse(text).value();
}

} // namespace

TEST_CASE("networks in CIDR form") {
    for (const char* text : {"10.20.0.0/16", "0.0.0.0/0", "192.0.2.7", "fd12:3456::/32", "::/0", "::1",
                             "128.0.0.0/1", "10.0.0.0/31"}) {
        CAPTURE(text);
        REQUIRE(Network::parse(text).has_value());
        CHECK(network(text).text() == text);
    }
    CHECK(network("192.0.2.7/32").text() == "192.0.2.7");
    CHECK(network("FD12::/16").text() == "fd12::/16");
    CHECK(network("10.0.0.1").is_single());
    CHECK_FALSE(network("10.0.0.0/31").is_single());
}

TEST_CASE("what is not a network is refused") {
    for (const char* text : {"",
                             "/",
                             "/8",
                             "10.0.0.0/",
                             "10.0.0.0/33",
                             "10.0.0.0/-1",
                             "10.0.0.0/+8",
                             "10.0.0.0/08",
                             "10.0.0.0/8/8",
                             "10.0.0.0/ 8",
                             "10/8",
                             "10.0.0/24",
                             "a.test",
                             "a.test/8",
                             "::/129",
                             "[::1]",
                             "[fd00::]/8",
                             "::ffff:10.0.0.0/104",
                             "fe80::1%1",
                             "010.0.0.0/8",
                             "10.0.0.0/255.0.0.0",
                             "*"}) {
        CAPTURE(text);
        CHECK_FALSE(Network::parse(text).has_value());
    }
}

TEST_CASE("bits after the prefix are an error that names the network") {
    const auto v4 = Network::parse("10.20.0.1/16");
    REQUIRE_FALSE(v4.has_value());
    CHECK(v4.error().message.find("10.20.0.0/16") != std::string::npos);
    const auto v6 = Network::parse("fd12::1/16");
    REQUIRE_FALSE(v6.has_value());
    CHECK(v6.error().message.find("fd12::/16") != std::string::npos);
    CHECK_FALSE(Network::parse("10.0.0.3/31").has_value());
}

TEST_CASE("containment") {
    struct Case {
        const char *network, *address;
        bool inside;
    };
    for (const Case& each : std::vector<Case>{
             {"10.20.0.0/16", "10.20.0.0", true},
             {"10.20.0.0/16", "10.20.255.255", true},
             {"10.20.0.0/16", "10.21.0.0", false},
             {"10.20.0.0/16", "::ffff:10.20.1.1", true},
             {"10.20.0.0/15", "10.21.0.1", true},
             {"0.0.0.0/0", "203.0.113.1", true},
             {"0.0.0.0/0", "::1", false},
             {"::/0", "203.0.113.1", false},
             {"::/0", "::ffff:203.0.113.1", false},
             {"::/0", "2001:db8::1", true},
             {"fd12::/16", "fd12:ffff::1", true},
             {"fd12::/16", "fd13::1", false},
             {"192.0.2.7", "192.0.2.7", true},
             {"192.0.2.7", "192.0.2.6", false},
             {"fe80::/10", "fe80::1%1", true},
         }) {
        CAPTURE(each.network, each.address);
        CHECK(network(each.network).contains(make_address(each.address)) == each.inside);
    }
}

TEST_CASE("one block in another") {
    CHECK(network("10.0.0.0/8").covers(network("10.20.0.0/16")));
    CHECK(network("10.0.0.0/8").covers(network("10.0.0.0/8")));
    CHECK_FALSE(network("10.20.0.0/16").covers(network("10.0.0.0/8")));
    CHECK_FALSE(network("10.0.0.0/8").covers(network("11.0.0.1")));
    CHECK_FALSE(network("0.0.0.0/0").covers(network("::1")));
}

TEST_CASE("loopback in a block") {
    for (const char* text :
         {"127.0.0.1", "127.0.0.0/8", "0.0.0.0/0", "127.64.0.0/16", "::1", "::/0", "::/64", "96.0.0.0/3"}) {
        CAPTURE(text);
        CHECK(network(text).covers_loopback());
    }
    for (const char* text : {"10.0.0.0/8", "128.0.0.0/1", "::2", "fd00::/8", "126.0.0.0/8"}) {
        CAPTURE(text);
        CHECK_FALSE(network(text).covers_loopback());
    }
}
