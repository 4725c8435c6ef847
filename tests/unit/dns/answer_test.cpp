#include "dns/answer.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace egressd;
using namespace egressd::dns;
using namespace std::chrono_literals;

namespace {

using Kind = Answer::Kind;

Answer found(std::initializer_list<const char*> texts, std::chrono::seconds ttl) {
    Answer answer{Kind::found, {}, ttl};
    for (const char* text : texts) {
        answer.addresses.push_back(boost::asio::ip::make_address(text));
    }
    return answer;
}

Answer none(Kind kind) {
    return {kind, {}, {}};
}

std::string text(const Outcome& outcome) {
    if (outcome.addresses.has_error()) {
        CHECK(outcome.addresses.error().side == Side::origin);
        return "! " + outcome.addresses.error().message;
    }
    std::string joined;
    for (const auto& address : outcome.addresses.value()) {
        joined += (joined.empty() ? "" : " ") + address.to_string();
    }
    return joined;
}

} // namespace

TEST_CASE("two families become one list, IPv6 first, with the smaller lifetime") {
    const Outcome outcome = merge(found({"2001:db8::2", "2001:db8::1"}, 60s), found({"192.0.2.1"}, 30s));
    CHECK(text(outcome) == "2001:db8::2 2001:db8::1 192.0.2.1");
    CHECK(outcome.lifetime == 30s);
}

TEST_CASE("one family is enough") {
    for (const Kind kind : {Kind::no_name, Kind::no_address}) {
        const Outcome outcome = merge(none(kind), found({"192.0.2.1"}, 30s));
        CHECK(text(outcome) == "192.0.2.1");
        CHECK(outcome.lifetime == 30s);
    }
}

TEST_CASE("half an answer is kept for a short time only") {
    for (const Kind kind : {Kind::timed_out, Kind::failed}) {
        CHECK(merge(none(kind), found({"192.0.2.1"}, 200s)).lifetime == negative_lifetime);
        CHECK(merge(found({"2001:db8::1"}, 200s), none(kind)).lifetime == negative_lifetime);
        CHECK(merge(none(kind), found({"192.0.2.1"}, 0s)).lifetime == 0s);
    }
}

TEST_CASE("without any address the outcome says why, and is kept only when it is final") {
    struct Case {
        Kind ipv6;
        Kind ipv4;
        const char* message;
        std::chrono::seconds lifetime;
    };
    const Case cases[] = {
        {Kind::no_name, Kind::no_name, "! no such name (NXDOMAIN)", negative_lifetime},
        {Kind::no_address, Kind::no_name, "! no such name (NXDOMAIN)", negative_lifetime},
        {Kind::no_address, Kind::no_address, "! the name has no address", negative_lifetime},
        {Kind::timed_out, Kind::timed_out, "! the name servers did not answer in time", 0s},
        {Kind::no_name, Kind::timed_out, "! the name servers did not answer in time", 0s},
        {Kind::failed, Kind::no_address, "! the name servers failed, or could not be reached", 0s},
        {Kind::cancelled, Kind::cancelled, "! the lookup was cancelled", 0s},
    };
    for (const Case& c : cases) {
        const Outcome outcome = merge(none(c.ipv6), none(c.ipv4));
        CHECK(text(outcome) == c.message);
        CHECK(outcome.lifetime == c.lifetime);
    }
}

TEST_CASE("a long answer for one family does not push out the other") {
    Answer many{Kind::found, {}, 60s};
    for (unsigned i = 0; i < 100; ++i) {
        many.addresses.push_back(boost::asio::ip::address_v4(0xc0000200U + i));
    }
    const Outcome outcome = merge(found({"2001:db8::1"}, 60s), many);
    REQUIRE(outcome.addresses.has_value());
    CHECK(outcome.addresses.value().size() == 1 + max_addresses_per_family);
    CHECK(outcome.addresses.value().front().to_string() == "2001:db8::1");
    const Outcome other = merge(many, many);
    CHECK(other.addresses.value().size() == max_addresses);
}
