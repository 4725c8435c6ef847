#include "scan/packed_inner.hpp"

#include "scan/coding.hpp"
#include "scan/decoded.hpp"
#include "scan/letters.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace egressd::scan {

namespace {

struct HexLetters {
    static constexpr std::size_t ahead = 0;
    template <class V>
    EGRESSD_INLINE static void match(const char* at, Same<V>& out) {
        V bytes;
        load(at, bytes);
        Same<V> letter, digit;
        in_range<V>(bytes | 0x20, 'a', 'f', letter);
        in_range<V>(bytes, '0', '9', digit);
        out = letter | digit;
    }
};

struct Base32Letters {
    static constexpr std::size_t ahead = 0;
    template <class V>
    EGRESSD_INLINE static void match(const char* at, Same<V>& out) {
        V bytes;
        load(at, bytes);
        Same<V> letter, digit;
        in_range<V>(bytes | 0x20, 'a', 'z', letter);
        in_range<V>(bytes, '2', '7', digit);
        out = letter | digit;
    }
};

// No decoder minds the case.
struct Hex {
    using Letters = HexLetters;
    static constexpr std::string_view name = "hex";
    static constexpr std::size_t least = 32;
    static constexpr unsigned bits = 4;       // a letter
    static constexpr std::size_t letters = 2; // that make whole bytes
    static constexpr const Alphabet& alphabet = hex_letters;
};
struct Base32 {
    using Letters = Base32Letters;
    static constexpr std::string_view name = "base32";
    static constexpr std::size_t least = 28;
    static constexpr unsigned bits = 5;
    static constexpr std::size_t letters = 8;
    static constexpr Alphabet alphabet{"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "abcdefghijklmnopqrstuvwxyz"};
};

// At which alignments could the letters hold text? Bit a: where the letters of whole bytes begin at a modulo
// their number.

unsigned text_alignments(Hex, std::string_view letters) {
    std::array<std::size_t, Hex::letters> in_a_row{}; // bytes of text
    std::uint32_t held = 0;
    unsigned found = 0;
    for (std::size_t i = 0; i < letters.size(); ++i) {
        held = held << Hex::bits | Hex::alphabet.of(letters[i]);
        std::size_t& bytes = in_a_row[(i + 1) % Hex::letters];
        bytes = i > 0 && is_text(held) ? bytes + 1 : 0;
        if (bytes == least_decoded)
            found |= 1U << (i + 1) % Hex::letters;
    }
    return found;
}

/// Where eight letters begin whose five bytes have no top bit. However twelve bytes in a row are cut into
/// groups of five, one of these is whole.
struct AsciiGroups {
    static constexpr std::size_t ahead = 6;
    template <class V>
    EGRESSD_INLINE static void match(const char* at, Same<V>& out) {
        Same<V> first, second, fourth, fifth, seventh;
        worth(at, first);
        worth(at + 1, second);
        worth(at + 3, fourth);
        worth(at + 4, fifth);
        worth(at + 6, seventh);
        out = ((first & 0x10) | (second & 0x02) | (fourth & 0x08) | (fifth & 0x01) | (seventh & 0x04)) == 0;
    }

private:
    template <class T>
    EGRESSD_INLINE static void worth(const char* at, T& value) {
        load(at, value);
        const T letter = value >= 'A';
        value = ((value | (letter & 0x20)) - ('2' - 26)) - (letter & ('a' - ('2' - 26)));
    }
};

constexpr std::size_t group_bytes = 5; // of eight letters of base32

std::array<unsigned char, group_bytes> base32_group(std::string_view letters) {
    std::uint64_t bits = 0;
    for (const char c : letters.substr(0, Base32::letters))
        bits = bits << Base32::bits | Base32::alphabet.of(c);
    std::array<unsigned char, group_bytes> bytes{};
    for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte, bits >>= 8)
        *byte = static_cast<unsigned char>(bits & 0xff);
    return bytes;
}

unsigned text_alignments(Base32, std::string_view letters) {
    const auto leading_text = [](const auto& first, const auto& last) {
        return static_cast<std::size_t>(std::find_if_not(first, last, is_text) - first);
    };
    unsigned found = 0;
    for_each_of<AsciiGroups>(letters, [&](std::size_t at) {
        if (at + Base32::letters > letters.size())
            return;
        const auto group = base32_group(letters.substr(at));
        if (leading_text(group.begin(), group.end()) < group_bytes)
            return;
        std::size_t text = group_bytes;
        if (at >= Base32::letters) {
            const auto before = base32_group(letters.substr(at - Base32::letters));
            text += leading_text(before.rbegin(), before.rend());
        }
        const std::string_view behind = letters.substr(at + Base32::letters);
        if (behind.size() >= Base32::letters) {
            const auto next = base32_group(behind);
            text += leading_text(next.begin(), next.end());
        } else {
            text += group_bytes; // as much as may be there
        }
        if (text >= least_decoded)
            found |= 1U << at % Base32::letters;
    });
    return found;
}

bool has_text(std::string_view bytes) {
    std::size_t in_a_row = 0;
    return std::any_of(bytes.begin(), bytes.end(), [&](char c) {
        in_a_row = is_text(static_cast<unsigned char>(c)) ? in_a_row + 1 : 0;
        return in_a_row == least_decoded;
    });
}

/// Runs of an alphabet inside the run, decoded at each of the alignments at which a byte can begin.
template <class Code>
void read_code(std::string_view run, std::vector<View>& views) {
    if (run.size() < Code::least)
        return;
    Runs<typename Code::Letters, Code::least> runs(run);
    for (std::optional<Run> inner = runs.next(0); inner; inner = runs.next(inner->end)) {
        const std::string_view letters = run.substr(inner->begin, inner->end - inner->begin);
        const unsigned text_at = text_alignments(Code{}, letters);
        for (std::size_t offset = 0; offset < Code::letters; ++offset) {
            const std::uint32_t first =
                (Code::alphabet.of(letters[offset]) << Code::bits | Code::alphabet.of(letters[offset + 1])) >>
                (2 * Code::bits - 8);
            const bool may_be_text = (text_at >> offset & 1U) != 0;
            if (!may_be_text && !begins_a_mark(first))
                continue;
            View view{Code::name, {}, inner->begin + offset, inner->end, {}};
            decode(letters.substr(offset), Code::alphabet, Code::bits, view.text);
            if ((may_be_text && has_text(view.text) && is_mostly_printable(view.text)) ||
                coding_of(view.text))
                views.push_back(std::move(view));
        }
    }
}

} // namespace

void read_hex(std::string_view run, std::vector<View>& views) {
    read_code<Hex>(run, views);
}

void read_base32(std::string_view run, std::vector<View>& views) {
    read_code<Base32>(run, views);
}

} // namespace egressd::scan
