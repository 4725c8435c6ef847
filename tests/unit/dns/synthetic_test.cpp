#include "dns/synthetic.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace egressd::dns;
using boost::asio::ip::make_address;
using Kind = Synthetic::Kind;

TEST_CASE("a name has its own addresses, the same each time, and they lead back to it") {
    Synthetic synthetic;
    const auto first = synthetic.give("a.test", Kind::reachable);
    const auto second = synthetic.give("b.test", Kind::reachable);
    REQUIRE((first && second));
    CHECK(first->ipv4.to_string() == "198.18.0.1");
    CHECK(first->ipv6.to_string() == "fd65:6772:6573:7364::1");
    CHECK(second->ipv4.to_string() == "198.18.0.2");
    CHECK(synthetic.give("a.test", Kind::reachable)->ipv4 == first->ipv4);
    CHECK(synthetic.name_of(first->ipv4) == "a.test");
    CHECK(synthetic.name_of(first->ipv6) == "a.test");
    CHECK(synthetic.name_of(make_address("::ffff:198.18.0.2")) == "b.test");
}

TEST_CASE("a denied name has addresses of another half, also where it is allowed later") {
    Synthetic synthetic;
    const auto denied = synthetic.give("a.test", Kind::denied);
    CHECK(denied->ipv4.to_string() == "198.19.0.1");
    CHECK(denied->ipv6.to_string() == "fd65:6772:6573:7364::1:1");
    CHECK(synthetic.give("a.test", Kind::reachable)->ipv4.to_string() == "198.18.0.1");
    CHECK(synthetic.name_of(denied->ipv4) == "a.test");
}

TEST_CASE("an address that was given to nobody has no name") {
    Synthetic synthetic;
    synthetic.give("a.test", Kind::reachable);
    for (const char* address : {"198.18.0.0", "198.18.0.2", "198.19.0.0", "198.19.0.1", "198.19.255.255",
                                "fd65:6772:6573:7364::", "fd65:6772:6573:7364::2", "fd65:6772:6573:7364::1:1",
                                "fd65:6772:6573:7364:1::1", "fd65:6772:6573:7364:8000::1"}) {
        CHECK(Synthetic::covers(make_address(address)));
        CHECK_FALSE(synthetic.name_of(make_address(address)).has_value());
    }
    for (const char* address :
         {"198.17.0.1", "198.20.0.1", "198.17.255.255", "93.184.216.34", "fd65:6772:6573:7365::1", "::1"}) {
        CHECK_FALSE(Synthetic::covers(make_address(address)));
        CHECK_FALSE(synthetic.name_of(make_address(address)).has_value());
    }
}

TEST_CASE("no address is given twice, and when all are gone no name gets one") {
    Synthetic synthetic;
    std::set<std::uint32_t> seen;
    for (std::size_t i = 1; i < Synthetic::capacity; ++i) {
        const auto pair = synthetic.give("n" + std::to_string(i), Kind::denied);
        REQUIRE(pair.has_value());
        REQUIRE(seen.insert(pair->ipv4.to_uint()).second);
    }
    CHECK_FALSE(synthetic.give("another", Kind::denied).has_value());
    CHECK(synthetic.give("n7", Kind::denied).has_value());
    CHECK(synthetic.give("another", Kind::reachable).has_value());
    CHECK(synthetic.name_of(make_address("198.19.255.255")) == "n65535");
}
