// Runs of an alphabet's letters in the middle of other text.
#pragma once

#include "scan/lanes.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace egressd::scan {

/// What each letter is worth.
class Alphabet {
public:
    /// The first of `others` is worth `from`, the next one more, and so on.
    constexpr explicit Alphabet(std::string_view letters, std::string_view others = {},
                                std::uint8_t from = 0) {
        value_.fill(none);
        for (std::uint8_t next = 0; const char c : letters)
            value_[static_cast<unsigned char>(c)] = next++;
        for (const char c : others)
            value_[static_cast<unsigned char>(c)] = from++;
    }
    bool has(char c) const { return value_[static_cast<unsigned char>(c)] != none; }
    std::uint32_t of(char c) const { return value_[static_cast<unsigned char>(c)]; }

private:
    static constexpr std::uint8_t none = 0xff;
    std::array<std::uint8_t, 256> value_{};
};

/// RFC 4648 4 and 5, even mixed.
inline constexpr Alphabet base64_letters("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                                         "-_", 62);
inline constexpr Alphabet hex_letters("0123456789abcdef", "ABCDEF", 10);

struct Run {
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// Where in a word do runs of at least `least` bits begin?
template <std::size_t least, std::size_t length = 1>
std::uint64_t run_starts(std::uint64_t bits) {
    // Each bit begins a run of `length`: two of them, `step` apart, make one of length + step.
    if constexpr (length == least) {
        return bits;
    } else {
        constexpr std::size_t step = std::min(length, least - length);
        return run_starts<least, length + step>(bits & bits >> step);
    }
}

/// The runs of at least `least` bytes of a kind (scan/lanes.hpp).
template <class Kind, std::size_t least>
class Runs {
public:
    explicit Runs(std::string_view text) : size_(text.size()), words_(text) {}

    /// The next one in what begins at `from`.
    std::optional<Run> next(std::size_t from) {
        std::size_t in_front = 0; // of this word, so many in a row
        std::uint64_t mask = ~std::uint64_t{0} << from % word_size;
        for (std::size_t i = from / word_size; i < words_.count(); ++i) {
            const std::uint64_t bits = words_[i] & mask;
            const std::size_t low = static_cast<std::size_t>(std::countr_one(bits));
            const std::uint64_t starts = run_starts<least>(bits);
            if (in_front + low >= least)
                return run_at(i * word_size - in_front);
            if (starts != 0)
                return run_at(i * word_size + static_cast<std::size_t>(std::countr_zero(starts)));
            in_front = static_cast<std::size_t>(std::countl_one(bits));
            mask = ~std::uint64_t{0};
        }
        return std::nullopt;
    }

    /// The first place at or behind `at` that is not of the kind.
    std::size_t end_of(std::size_t at) {
        std::uint64_t mask = ~std::uint64_t{0} << at % word_size;
        for (std::size_t i = at / word_size; i < words_.count(); ++i) {
            const std::uint64_t others = ~words_[i] & mask;
            if (others != 0)
                return std::min(size_, i * word_size + static_cast<std::size_t>(std::countr_zero(others)));
            mask = ~std::uint64_t{0};
        }
        return size_;
    }

private:
    static_assert(least <= word_size);

    Run run_at(std::size_t begin) { return Run{begin, end_of(begin + least)}; }

    std::size_t size_;
    Words<Kind> words_;
};

} // namespace egressd::scan
