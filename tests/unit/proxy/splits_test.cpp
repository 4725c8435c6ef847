#include "proxy/splits.hpp"

#include <catch2/catch.hpp>

using namespace egressd;
using namespace egressd::proxy;

namespace {

/// 48 bytes, each of another kind than the one before, so that all of them count.
scan::FragmentIndex index() {
    const std::vector<scan::KnownSecret> known{
        {"env:X", "aB3dE5gH7jK9mN1pQ2sT4vW6yZ8bC0eF3hJ5kM7nP9rS1tV2x", false}};
    return scan::FragmentIndex(known, std::string(32, 'k'));
}

std::vector<scan::Piece> piece(std::size_t offset) {
    return {{0, offset, 24, 24}};
}

} // namespace

TEST_CASE("pieces of one client make a secret, those of two do not") {
    const scan::FragmentIndex known = index();
    Splits splits;
    const Splits::Clock::time_point now{};
    CHECK(splits.mark("a", known, piece(0), now).empty());
    CHECK(splits.mark("b", known, piece(24), now).empty());
    CHECK(splits.mark("a", known, {}, now).empty());
    const std::vector<scan::Piece> complete = splits.mark("a", known, piece(24), now);
    REQUIRE(complete.size() == 1);
    CHECK(complete.front().offset == 24);
}

TEST_CASE("of many clients those are remembered that said a piece last") {
    const scan::FragmentIndex known = index();
    Splits splits;
    Splits::Clock::time_point now{};
    for (std::size_t i = 0; i <= Splits::max_clients; ++i)
        CHECK(splits.mark(std::to_string(i), known, piece(0), now += std::chrono::seconds(1)).empty());
    CHECK(splits.mark("1", known, piece(24), now).size() == 1);
    CHECK(splits.mark("0", known, piece(24), now).empty());
}
