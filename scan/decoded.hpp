// What came out of letters: is it text, or something compressed?
#pragma once

#include "scan/letters.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace egressd::scan {

/// Decoded bytes in a row that are text are worth a view; no secret is shorter.
inline constexpr std::size_t least_decoded = 12;

/// Text, or the NULs of UTF-16.
constexpr std::array<bool, 256> make_text_bytes() {
    std::array<bool, 256> is_text{};
    for (std::size_t c = 0x20; c < 0x7f; ++c)
        is_text[c] = true;
    for (const char c : {'\0', '\t', '\n', '\r'})
        is_text[static_cast<unsigned char>(c)] = true;
    return is_text;
}
inline constexpr std::array<bool, 256> text_bytes = make_text_bytes();

inline bool is_text(std::uint32_t byte) {
    return text_bytes[byte & 0xff];
}

inline bool is_mostly_printable(std::string_view text) {
    const auto printable =
        std::count_if(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
    return static_cast<std::size_t>(printable) >= least_decoded;
}

/// Is coding_of worth asking?
inline bool begins_a_mark(std::uint32_t first) {
    return first == 0x78 || first == 0x1f || first == 0x28 || (first & 0xf0) == 0x50;
}

/// `bits` a letter, from `text` on; appends whole bytes.
inline void decode(std::string_view text, const Alphabet& alphabet, unsigned bits, std::string& out) {
    std::uint32_t held = 0;
    unsigned count = 0;
    for (const char c : text) {
        held = held << bits | alphabet.of(c);
        count += bits;
        if (count >= 8) {
            count -= 8;
            out += static_cast<char>(held >> count & 0xff);
        }
    }
}

} // namespace egressd::scan
