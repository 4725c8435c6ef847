#include "net/address.hpp"

#include <catch2/catch.hpp>

using namespace egressd;
using boost::asio::ip::make_address;
using net::AddressClass;
using enum net::AddressClass;

namespace {

struct Case {
    const char* address;
    AddressClass expected;
};

void check(const std::vector<Case>& cases) {
    for (const Case& each : cases) {
        CAPTURE(each.address);
        CHECK(net::to_text(net::classify(make_address(each.address))) == net::to_text(each.expected));
    }
}

} // namespace

TEST_CASE("public addresses are global") {
    check({{"1.1.1.1", global},
           {"8.8.8.8", global},
           {"93.184.216.34", global},
           {"223.255.255.255", global},
           {"2001:4860:4860::8888", global},
           {"2606:4700:4700::1111", global},
           {"2a00:1450:4001::1", global},
           {"2001:200::1", global},
           {"2000::1", global},
           {"2620:4f:8001::1", global},
           {"3ffe:ffff::1", global}});
}

TEST_CASE("the IPv4 registry, first and last address of each block and its neighbours") {
    check({{"0.0.0.0", unspecified},
           {"0.255.255.255", unspecified},
           {"1.0.0.0", global},
           {"9.255.255.255", global},
           {"10.0.0.0", private_use},
           {"10.255.255.255", private_use},
           {"11.0.0.0", global},
           {"100.63.255.255", global},
           {"100.64.0.0", shared},
           {"100.127.255.255", shared},
           {"100.128.0.0", global},
           {"126.255.255.255", global},
           {"127.0.0.0", loopback},
           {"127.0.0.1", loopback},
           {"127.255.255.255", loopback},
           {"128.0.0.0", global},
           {"169.253.255.255", global},
           {"169.254.0.0", link_local},
           {"169.254.255.255", link_local},
           {"169.255.0.0", global},
           {"172.15.255.255", global},
           {"172.16.0.0", private_use},
           {"172.31.255.255", private_use},
           {"172.32.0.0", global},
           {"191.255.255.255", global},
           {"192.0.0.0", reserved},
           {"192.0.0.8", reserved},
           {"192.0.0.9", reserved},
           {"192.0.0.10", reserved},
           {"192.0.0.170", reserved},
           {"192.0.0.171", reserved},
           {"192.0.0.255", reserved},
           {"192.0.1.0", global},
           {"192.0.2.0", documentation},
           {"192.0.2.255", documentation},
           {"192.0.3.0", global},
           {"192.31.196.1", reserved},
           {"192.52.193.1", reserved},
           {"192.88.99.1", reserved},
           {"192.88.99.2", reserved},
           {"192.167.255.255", global},
           {"192.168.0.0", private_use},
           {"192.168.255.255", private_use},
           {"192.169.0.0", global},
           {"192.175.48.6", reserved},
           {"198.17.255.255", global},
           {"198.18.0.0", benchmarking},
           {"198.19.255.255", benchmarking},
           {"198.20.0.0", global},
           {"198.51.100.1", documentation},
           {"203.0.113.1", documentation},
           {"224.0.0.0", multicast},
           {"239.255.255.255", multicast},
           {"240.0.0.0", reserved},
           {"255.255.255.254", reserved},
           {"255.255.255.255", broadcast}});
}

TEST_CASE("the IPv6 registry, and all that is not global unicast") {
    check({{"::", unspecified},
           {"::1", loopback},
           {"100::1", reserved},
           {"100:0:0:1::1", reserved},
           {"2001:1::1", reserved},
           {"2001:1::2", reserved},
           {"2001:1::3", reserved},
           {"2001:2::1", benchmarking},
           {"2001:2:1::1", reserved},
           {"2001:3::1", reserved},
           {"2001:4:112::1", reserved},
           {"2001:10::1", reserved},
           {"2001:20::1", reserved},
           {"2001:30::1", reserved},
           {"2001:1ff:ffff::1", reserved},
           {"2001:db8::1", documentation},
           {"2001:db8:ffff:ffff::1", documentation},
           {"2001:db9::1", global},
           {"2002:808:808::1", reserved},
           {"2620:4f:8000::1", reserved},
           {"3fff::1", documentation},
           {"3fff:fff:ffff::1", documentation},
           {"3fff:1000::1", global},
           {"4000::1", reserved},
           {"5f00::1", reserved},
           {"1fff::1", reserved},
           {"fbff::1", reserved},
           {"fc00::1", private_use},
           {"fdff:ffff::1", private_use},
           {"fe00::1", reserved},
           {"fe80::1", link_local},
           {"febf::1", link_local},
           {"fec0::1", reserved},
           {"ff02::1", multicast},
           {"ff0e::1", multicast}});
}

TEST_CASE("metadata services, wherever they are") {
    check({{"169.254.169.254", metadata},
           {"169.254.170.2", metadata},
           {"169.254.170.23", metadata},
           {"168.63.129.16", metadata},
           {"100.100.100.200", metadata},
           {"192.0.0.192", metadata},
           {"fd00:ec2::254", metadata},
           {"fd00:ec2::23", metadata},
           {"fd20:ce::254", metadata},
           {"168.63.129.17", global},
           {"100.100.100.201", shared},
           {"fd00:ec2::253", private_use}});
}

TEST_CASE("an IPv4 address inside an IPv6 address counts") {
    check({{"::ffff:127.0.0.1", loopback},
           {"::ffff:10.0.0.1", private_use},
           {"::ffff:169.254.169.254", metadata},
           {"::ffff:8.8.8.8", global},
           {"::127.0.0.1", loopback},
           {"::169.254.169.254", metadata},
           {"::8.8.8.8", reserved},
           {"::ffff:0:127.0.0.1", loopback},
           {"64:ff9b::127.0.0.1", loopback},
           {"64:ff9b::a9fe:a9fe", metadata},
           {"64:ff9b::8.8.8.8", reserved},
           {"64:ff9b:1::10.0.0.1", private_use},
           {"64:ff9b:1:2::8.8.8.8", reserved},
           {"64:ff9b:2::1", reserved},
           {"2002:7f00:1::1", loopback},
           {"2002:a9fe:a9fe::1", metadata},
           {"2002:a00:1::1", private_use},
           // Teredo: the server in the clear, the client inverted (127.0.0.1 is 80ff:fffe)
           {"2001:0:7f00:1::", loopback},
           {"2001:0:4136:e378:8000:63bf:80ff:fffe", loopback},
           {"2001:0:4136:e378:8000:63bf:3fff:fdd2", documentation},
           {"2001:0:4136:e378:8000:63bf:f7f7:f7f7", reserved},
           // ISATAP below a global prefix
           {"2a00:1450::5efe:10.0.0.1", private_use},
           {"2a00:1450::200:5efe:169.254.169.254", metadata},
           {"2a00:1450::5efe:8.8.8.8", global},
           {"fe80::5efe:8.8.8.8", link_local}});
}

TEST_CASE("a zone id changes nothing") {
    check({{"fe80::1%1", link_local}, {"::1%1", loopback}});
    CHECK(net::unmapped(make_address("fe80::1%1")) == make_address("fe80::1"));
}

TEST_CASE("only global addresses are open") {
    CHECK_FALSE(net::is_forbidden(global));
    for (const AddressClass each : {reserved, documentation, benchmarking, multicast, broadcast, shared,
                                    private_use, unspecified, link_local, loopback, metadata})
        CHECK(net::is_forbidden(each));
}

TEST_CASE("unmapped is the form to compare with") {
    CHECK(net::unmapped(make_address("::ffff:192.0.2.1")) == make_address("192.0.2.1"));
    CHECK(net::unmapped(make_address("192.0.2.1")) == make_address("192.0.2.1"));
    CHECK(net::unmapped(make_address("::192.0.2.1")) == make_address("::192.0.2.1"));
}
