#include "scan/fragments.hpp"
#include "tests/unit/scan/scanning.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <sstream>

using namespace egressd::scan;
using namespace std::chrono_literals;

namespace {

const std::string key(32, 'k');

FragmentIndex index_of(const std::vector<std::string>& values) {
    std::vector<KnownSecret> known;
    for (const std::string& value : values)
        known.push_back({"env:X", value, false});
    return FragmentIndex(known, key);
}

/// Random, and every part of it counts.
std::string telling(std::mt19937& random, std::size_t size) {
    for (;;) {
        std::string value = letters(random, size);
        if (index_of({value}).counted(0).count() == size)
            return value;
    }
}

std::vector<Piece> pieces_in(const FragmentIndex& index, std::string_view text,
                             std::size_t step = std::string_view::npos) {
    std::vector<Piece> pieces;
    FragmentStream stream;
    for (std::size_t at = 0; at < text.size(); at += std::min(step, text.size() - at))
        stream.feed(index, text.substr(at, step), pieces);
    return pieces;
}

/// True when the last of `texts` makes the secret known.
bool is_told(const FragmentIndex& index, const std::vector<std::string>& texts,
             std::chrono::minutes between = 0min) {
    FragmentTracker tracker;
    FragmentTracker::Clock::time_point now{};
    bool told = false;
    for (const std::string& text : texts) {
        told = false;
        for (const Piece& piece : pieces_in(index, text))
            told = tracker.mark(index, piece, now) || told;
        now += between;
    }
    return told;
}

} // namespace

TEST_CASE("a piece is found with its place in the secret, however the text is cut") {
    std::mt19937 random(1);
    const std::string value = telling(random, 40);
    const FragmentIndex index = index_of({value});
    const std::string text = "before " + value.substr(10, 17) + " behind";
    for (const std::size_t step :
         {std::size_t{1}, std::size_t{3}, std::size_t{8}, std::size_t{11}, text.size()}) {
        CAPTURE(step);
        const std::vector<Piece> pieces = pieces_in(index, text, step);
        // Grams that do not count may cut a piece; what it covers is the same.
        REQUIRE_FALSE(pieces.empty());
        Positions seen;
        for (const Piece& piece : pieces) {
            CHECK(piece.end - 7 == piece.offset + piece.length - 10);
            for (std::size_t i = 0; i < piece.length; ++i)
                seen.set(piece.offset + i);
        }
        CHECK(seen.count() >= 15);
        CHECK(seen.count() <= 17);
    }
    CHECK(pieces_in(index, "before " + value.substr(10, 7) + " behind").empty());
}

TEST_CASE("three quarters of a secret are told, in any order and repetition, and half is not") {
    std::mt19937 random(2);
    const std::string value = telling(random, 48);
    const FragmentIndex index = index_of({value});
    const std::string a = value.substr(0, 12), b = value.substr(12, 12), c = value.substr(24, 12),
                      d = value.substr(36);
    CHECK_FALSE(is_told(index, {a}));
    CHECK_FALSE(is_told(index, {a, b}));
    CHECK_FALSE(is_told(index, {a, a, a, a, b, b}));
    CHECK(is_told(index, {a, "nothing", b, c, d}));
    CHECK(is_told(index, {d, b, a, c}));
    CHECK(is_told(index, {a + "\", \"" + b + "\", \"" + c + "\", \"" + d}));
    CHECK(is_told(index, {value.substr(0, 40)}));
}

TEST_CASE("pieces are remembered for a quarter of an hour") {
    std::mt19937 random(3);
    const std::string value = telling(random, 48);
    const FragmentIndex index = index_of({value});
    const std::vector<std::string> halves{value.substr(0, 24), value.substr(24)};
    CHECK(is_told(index, halves, 14min));
    CHECK_FALSE(is_told(index, halves, 31min));
}

TEST_CASE("a tracker forgets the secret that was not mentioned longest") {
    std::mt19937 random(4);
    std::vector<std::string> values;
    for (std::size_t i = 0; i <= FragmentTracker::max_secrets; ++i)
        values.push_back(telling(random, 48));
    const FragmentIndex index = index_of(values);
    FragmentTracker tracker;
    FragmentTracker::Clock::time_point now{};
    for (std::size_t i = 0; i < values.size(); ++i)
        CHECK_FALSE(tracker.mark(index, {i, 0, 24, 24}, now += 1s));
    CHECK(tracker.mark(index, {1, 24, 24, 24}, now));
    CHECK_FALSE(tracker.mark(index, {0, 24, 24, 24}, now));
}

TEST_CASE("what others have too is no part of a secret") {
    std::mt19937 random(5);
    const std::string own = letters(random, 43);
    const std::string shared = telling(random, 60);
    CHECK(index_of({"correct-horse-battery-staple-and-more-words"}).empty());
    CHECK(index_of({"12345678901234567890123456789012345678"}).empty());
    CHECK(index_of({"postgres://app:aB3dE5gH7@db.example.com:5432/production"}).empty());
    CHECK(index_of({letters(random, 20)}).empty());
    CHECK(index_of({letters(random, 600)}).empty());

    const std::string jwt = "eyJ" + shared + ".eyJ" + shared + "." + own;
    const FragmentIndex signature = index_of({jwt});
    CHECK(pieces_in(signature, jwt.substr(0, jwt.rfind('.'))).empty());
    CHECK(is_told(signature, {own}));

    std::vector<std::string> family;
    for (int i = 0; i < 5; ++i)
        family.push_back(shared + telling(random, 40));
    const FragmentIndex members = index_of(family);
    CHECK(pieces_in(members, shared).empty());
    CHECK(is_told(members, {family[2].substr(60, 20), family[2].substr(80)}));
}

TEST_CASE("two secrets that share a part are told apart") {
    std::mt19937 random(6);
    const std::string shared = telling(random, 24);
    const std::string one = shared + telling(random, 40), other = shared + telling(random, 40);
    const FragmentIndex index = index_of({one, other});
    FragmentTracker tracker;
    std::vector<bool> told(2);
    for (const Piece& piece : pieces_in(index, one))
        if (tracker.mark(index, piece, {}))
            told[piece.secret] = true;
    CHECK(told == std::vector<bool>{true, false});
}

TEST_CASE("innocent text holds no piece") {
    std::mt19937 random(7);
    std::vector<std::string> values;
    for (int i = 0; i < 500; ++i)
        values.push_back(telling(random, 40));
    const FragmentIndex index = index_of(values);
    CHECK(pieces_in(index, letters(random, 2'000'000)).empty());
    std::ostringstream hex;
    for (int i = 0; i < 100'000; ++i)
        hex << std::hex << random() << ' ';
    CHECK(pieces_in(index, hex.str()).empty());
}
