#include "scan/canary.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <map>
#include <set>
#include <stdexcept>
#include <string>

using namespace egressd::scan;

namespace {

std::map<std::string, std::string> by_name(const std::string& key) {
    std::map<std::string, std::string> values;
    for (const KnownSecret& canary : make_canaries(key)) {
        CHECK(canary.canary);
        values[canary.name] = canary.value;
    }
    return values;
}

// CRC-32 of IEEE 802.3, bit by bit.
std::uint32_t crc_of(const std::string& text) {
    std::uint32_t crc = 0xFFFFFFFF;
    for (const char c : text) {
        crc ^= static_cast<unsigned char>(c);
        for (int bit = 0; bit < 8; ++bit)
            crc = crc >> 1 ^ (0xEDB88320U & (0U - (crc & 1U)));
    }
    return ~crc;
}

std::uint64_t number(const std::string& digits, const std::string& alphabet) {
    std::uint64_t value = 0;
    for (const char c : digits)
        value = value * alphabet.size() + alphabet.find(c);
    return value;
}

const std::string base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

} // namespace

TEST_CASE("the same key makes the same canaries, another one makes others") {
    const std::string key(canary_key_size, 'k');
    const auto first = by_name(key);
    CHECK(first.size() == 5);
    CHECK(first == by_name(key));
    std::string other = key;
    other.back() = 'l';
    std::set<std::string> values;
    for (const auto& all : {first, by_name(other)})
        for (const auto& [name, value] : all)
            values.insert(value);
    CHECK(values.size() == 10);
    // What was planted must still be known after an upgrade.
    CHECK(crc_of(first.at("canary:AWS_SECRET_ACCESS_KEY")) == 0xca6d475d);
}

TEST_CASE("canaries look like the real thing") {
    for (unsigned i = 0; i < 200; ++i) {
        std::string key(canary_key_size, '\0');
        key[i % 32] = static_cast<char>(i);
        const auto canaries = by_name(key);
        for (const std::string name : {"GITHUB_TOKEN", "NPM_TOKEN"}) {
            const std::string token = canaries.at("canary:" + name);
            CHECK(token.size() == 40);
            CHECK(token.substr(0, 4) == (name == "NPM_TOKEN" ? "npm_" : "ghp_"));
            CHECK(token.find_first_not_of(base62, 4) == std::string::npos);
            CHECK(number(token.substr(34), base62) == crc_of(token.substr(4, 30)));
        }
        const std::string id = canaries.at("canary:AWS_ACCESS_KEY_ID");
        CHECK(id.size() == 20);
        CHECK(id.substr(0, 4) == "AKIA");
        CHECK(id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == std::string::npos);
        const std::uint64_t head = number(id.substr(4, 10), "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") >> 2;
        const std::uint64_t account = (head & 0x7fffffffff80) >> 7;
        CHECK(account >= 100'000'000'000);
        CHECK(account < 1'000'000'000'000);
        CHECK(canaries.at("canary:AWS_SECRET_ACCESS_KEY").size() == 40);
        const std::string stripe = canaries.at("canary:STRIPE_SECRET_KEY");
        CHECK(stripe.size() == 107);
        CHECK(stripe.substr(0, 10) == "sk_live_51");
    }
}

TEST_CASE("a key of another size is refused") {
    CHECK_THROWS_AS(make_canaries(""), std::invalid_argument);
    CHECK_THROWS_AS(make_canaries(std::string(33, 'k')), std::invalid_argument);
}
