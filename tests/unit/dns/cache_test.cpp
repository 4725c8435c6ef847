#include "dns/cache.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace egressd;
using namespace egressd::dns;
using namespace std::chrono_literals;

namespace {

const Cache::Time start{1h};

Outcome outcome(const char* address, std::chrono::seconds lifetime) {
    return {Addresses{boost::asio::ip::make_address(address)}, lifetime};
}

std::string first(const Outcome* outcome) {
    REQUIRE(outcome != nullptr);
    REQUIRE(outcome->addresses.has_value());
    return outcome->addresses.value().at(0).to_string();
}

} // namespace

TEST_CASE("an outcome is kept for exactly its lifetime") {
    Cache cache;
    cache.store("x.test", outcome("192.0.2.1", 60s), start);
    CHECK(first(cache.find("x.test", start)) == "192.0.2.1");
    CHECK(first(cache.find("x.test", start + 59'999ms)) == "192.0.2.1");
    CHECK(cache.find("x.test", start + 60s) == nullptr);
    CHECK(cache.size() == 0); // what has expired does not stay
    CHECK(cache.find("y.test", start) == nullptr);
}

TEST_CASE("a lifetime is cut at 300 s, and one of zero or less is not kept") {
    Cache cache;
    cache.store("long.test", outcome("192.0.2.1", std::chrono::seconds{0x7fffffff}), start);
    CHECK(cache.find("long.test", start + 299s) != nullptr);
    CHECK(cache.find("long.test", start + 300s) == nullptr);

    cache.store("flip.test", outcome("192.0.2.1", 0s), start);
    CHECK(cache.find("flip.test", start) == nullptr);
    cache.store("negative.test", outcome("192.0.2.1", -1s), start);
    CHECK(cache.find("negative.test", start) == nullptr);
    CHECK(cache.size() == 0);
}

TEST_CASE("failures are kept like answers") {
    Cache cache;
    cache.store("no.test", {Error{Side::origin, "no such name"}, 5s}, start);
    const Outcome* outcome = cache.find("no.test", start + 1s);
    REQUIRE(outcome != nullptr);
    REQUIRE(outcome->addresses.has_error());
    CHECK(outcome->addresses.error().message == "no such name");
    CHECK(outcome->lifetime == 4s);
}

TEST_CASE("a newer outcome replaces the older one and its lifetime") {
    Cache cache;
    cache.store("x.test", outcome("192.0.2.1", 10s), start);
    cache.store("x.test", outcome("192.0.2.2", 100s), start + 5s);
    CHECK(cache.size() == 1);
    CHECK(first(cache.find("x.test", start + 50s)) == "192.0.2.2");
}

TEST_CASE("a full cache forgets what was not used for longest") {
    Cache cache(3);
    for (const char* name : {"a.test", "b.test", "c.test"}) {
        cache.store(name, outcome("192.0.2.1", 60s), start);
    }
    CHECK(cache.find("a.test", start) != nullptr);
    cache.store("d.test", outcome("192.0.2.1", 60s), start);
    CHECK(cache.size() == 3);
    CHECK(cache.find("b.test", start) == nullptr);
    CHECK(cache.find("a.test", start) != nullptr);
    CHECK(cache.find("c.test", start) != nullptr);
    CHECK(cache.find("d.test", start) != nullptr);
}

TEST_CASE("many names do not make the cache grow beyond its bound") {
    Cache cache;
    for (std::size_t i = 0; i < 3 * max_cached_names; ++i) {
        cache.store("n" + std::to_string(i) + ".test", outcome("192.0.2.1", 60s), start);
    }
    CHECK(cache.size() == max_cached_names);
    CHECK(cache.find("n" + std::to_string(3 * max_cached_names - 1) + ".test", start) != nullptr);
    CHECK(cache.find("n0.test", start) == nullptr);
}
