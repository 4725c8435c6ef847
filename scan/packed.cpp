#include "scan/packed.hpp"

#include "scan/coding.hpp"
#include "scan/letters.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <optional>

namespace egressd::scan {

namespace {

// The shortest runs that are looked into: 24 letters of base64 hold 18 bytes, and no secret is shorter.
constexpr std::size_t least_base64 = 24;
constexpr std::size_t least_text = 12; // decoded bytes in a row that are text

constexpr Alphabet base64("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", "-_", 62);

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
    static constexpr Alphabet alphabet{"0123456789abcdef", "ABCDEF", 10};
};
struct Base32 {
    using Letters = Base32Letters;
    static constexpr std::string_view name = "base32";
    static constexpr std::size_t least = 28;
    static constexpr unsigned bits = 5;
    static constexpr std::size_t letters = 8;
    static constexpr Alphabet alphabet{"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "abcdefghijklmnopqrstuvwxyz"};
};

/// Text, or the NULs of UTF-16.
constexpr std::array<bool, 256> make_text_bytes() {
    std::array<bool, 256> is_text{};
    for (std::size_t c = 0x20; c < 0x7f; ++c)
        is_text[c] = true;
    for (const char c : {'\0', '\t', '\n', '\r'})
        is_text[static_cast<unsigned char>(c)] = true;
    return is_text;
}
constexpr std::array<bool, 256> text_bytes = make_text_bytes();

bool is_text(std::uint32_t byte) {
    return text_bytes[byte & 0xff];
}

/// `bits` a letter, from `text` on; appends whole bytes.
void decode(std::string_view text, const Alphabet& alphabet, unsigned bits, std::string& out) {
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

std::uint32_t quad_bits(const char* letters) {
    return base64.of(letters[0]) << 18 | base64.of(letters[1]) << 12 | base64.of(letters[2]) << 6 |
           base64.of(letters[3]);
}

/// The bytes of base64 letters; what is left behind whole quads has up to two.
std::string decode_base64(std::string_view letters) {
    std::string out;
    out.reserve(letters.size() / 4 * 3 + 2);
    for (; letters.size() >= 4; letters.remove_prefix(4)) {
        const std::uint32_t bits = quad_bits(letters.data());
        for (const unsigned shift : {16U, 8U, 0U})
            out += static_cast<char>(bits >> shift & 0xff);
    }
    decode(letters, base64, 6, out);
    return out;
}

/// Are the three bytes of four letters text?
bool quad_is_text(const char* letters) {
    const std::uint32_t bits = quad_bits(letters);
    return is_text(bits >> 16) && is_text(bits >> 8) && is_text(bits);
}

bool is_mostly_printable(std::string_view text) {
    const auto printable =
        std::count_if(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
    return static_cast<std::size_t>(printable) >= least_text;
}

constexpr std::size_t quad = 4;
constexpr std::size_t stretch = 4; // quads in a row that are text: 12 bytes

/// Where four letters begin whose three bytes have no top bit: bit 5 of the first letter's worth, bit 3 of
/// the second's, bit 1 of the third's. This tells text from noise at all four alignments at once.
struct AsciiQuads {
    static constexpr std::size_t ahead = 2;
    template <class V>
    EGRESSD_INLINE static void match(const char* at, Same<V>& out) {
        Same<V> first, second, third;
        worth(at, first);
        worth(at + 1, second);
        worth(at + 2, third);
        out = ((first & 0x20) | (second & 0x08) | (third & 0x02)) == 0;
    }

private:
    /// What letters are worth in base64; '+' and '-' are taken for '/', which differs in bit 0 alone.
    template <class T>
    EGRESSD_INLINE static void worth(const char* at, T& value) {
        load(at, value);
        const T letter = value >= 'A';
        const T small = value >= 'a';
        const T last = (value < '0') | (value == '_');
        // Digits are worth 52 and more, capitals 0, small letters 26.
        value = (value + 4 - (letter & (4 + 'A')) - (small & ('a' - 'A' - 26))) | (last & 63);
    }
};

/// The text around the stretch of quads that begins at `begin`. A quad on either side is taken along: its
/// last or first bytes may belong to the text. Returns where the stretch ends.
std::size_t read_text(std::string_view run, std::size_t begin, std::vector<View>& views) {
    std::size_t end = begin + stretch * quad;
    while (end + quad <= run.size() && quad_is_text(run.data() + end))
        end += quad;
    // The letters behind the last whole quad hold up to two bytes more.
    const std::size_t last = end + 2 * quad > run.size() ? run.size() : end + quad;
    const std::size_t first = begin < quad ? begin : begin - quad;
    View view{"base64", decode_base64(run.substr(first, last - first)), first, last, {}};
    if (is_mostly_printable(view.text))
        views.push_back(std::move(view));
    return end;
}

void read_base64(std::string_view run, std::vector<View>& views) {
    std::array<std::size_t, quad> done{}; // by alignment
    Words<AsciiQuads> words(run);
    std::uint64_t before = 0; // what stood in front of this word
    std::uint64_t pairs_before = 0;
    for (std::size_t i = 0; i < words.count(); ++i) {
        const std::uint64_t bits = words[i];
        const std::uint64_t pairs = bits & (bits << 4 | before >> 60);
        std::uint64_t found = pairs & (pairs << 8 | pairs_before >> 56);
        before = bits;
        pairs_before = pairs;
        for (; found != 0; found &= found - 1) {
            const std::size_t last = i * word_size + static_cast<std::size_t>(std::countr_zero(found));
            const std::size_t begin = last - (stretch - 1) * quad;
            if (begin < done[begin % quad] || last + quad > run.size())
                continue;
            std::size_t at = last;
            while (at > begin && quad_is_text(run.data() + at))
                at -= quad;
            if (at == begin && quad_is_text(run.data() + at))
                done[begin % quad] = read_text(run, begin, views);
        }
    }
}

/// The letters of gzip's first bytes, 1f 8b 08, behind none, one or two other bytes.
struct GzipLetters {
    static constexpr std::size_t ahead = 3;
    template <class V>
    EGRESSD_INLINE static void match(const char* at, Same<V>& out) {
        V first, second, third, fourth;
        load(at, first);
        load(at + 1, second);
        load(at + 2, third);
        load(at + 3, fourth);
        out = ((first == 'H') & (second == '4') & (third == 's') & (fourth == 'I')) |
              (((first == '+') | (first == '-')) & (second == 'L') & (third == 'C')) |
              ((first == 'f') & (second == 'i') & (third == 'w'));
    }
};

/// Is coding_of worth asking?
bool begins_a_mark(std::uint32_t first) {
    return first == 0x78 || first == 0x1f || first == 0x28 || (first & 0xf0) == 0x50;
}

/// Something compressed at the beginning of the run, at any of four alignments; gzip anywhere in it.
void read_base64_compressed(std::string_view run, std::vector<View>& views) {
    constexpr std::size_t magic_letters = coding_magic_size / 3 * quad;
    const auto first_bytes = [&](std::size_t at) { return decode_base64(run.substr(at, magic_letters)); };
    const auto read_from = [&](std::size_t at) {
        views.push_back(View{"base64", decode_base64(run.substr(at)), at, run.size(), {}});
    };
    for (std::size_t at = 0; at < quad && at + magic_letters < run.size(); ++at) {
        const std::uint32_t first = quad_bits(run.data() + at) >> 16;
        if (begins_a_mark(first) && coding_of(first_bytes(at)))
            read_from(at);
    }
    for_each_of<GzipLetters>(run, [&](std::size_t at) {
        const std::size_t others = run[at] == 'H' ? 0U : run[at] == 'f' ? 2U : 1U; // bytes
        const std::size_t back = others == 0 ? 0U : others + 1;
        const bool is_known = others == 0 && at < quad; // read from its first letter on, above
        if (!is_known && at >= back && coding_of(first_bytes(at - back).substr(others)) == Coding::gzip)
            read_from(at - back);
    });
}

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
        if (bytes == least_text)
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
        if (text >= least_text)
            found |= 1U << at % Base32::letters;
    });
    return found;
}

bool has_text(std::string_view bytes) {
    std::size_t in_a_row = 0;
    return std::any_of(bytes.begin(), bytes.end(), [&](char c) {
        in_a_row = is_text(static_cast<unsigned char>(c)) ? in_a_row + 1 : 0;
        return in_a_row == least_text;
    });
}

/// Runs of an alphabet inside the run, decoded at each of the alignments at which a byte can begin.
template <class Code>
void read_inner(std::string_view run, std::vector<View>& views) {
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

/// `place`: the run's place in the block; `run` is shorter than it where its lines were joined.
void read_run(std::string_view run, const LetterRun& place, std::vector<View>& views) {
    const std::size_t before = views.size();
    if (place.is_mixed) {
        read_base64(run, views);
        read_base64_compressed(run, views);
        read_inner<Hex>(run, views);
    }
    read_inner<Base32>(run, views);
    const std::size_t breaks = place.end - place.begin - run.size();
    for (std::size_t i = before; i < views.size(); ++i) {
        views[i].move(place.begin);
        views[i].end += breaks;
    }
}

/// Where the next line of a wrapped run begins: behind a line break, as it is or as JSON writes it, and the
/// indentation behind it. `at` when there is none.
std::size_t next_line(std::string_view block, std::size_t at) {
    std::size_t next = at;
    for (const char c : {'r', 'n'}) {
        if (next < block.size() && block[next] == (c == 'r' ? '\r' : '\n'))
            ++next;
        else if (next + 1 < block.size() && block[next] == '\\' && block[next + 1] == c)
            next += 2;
    }
    if (next == at)
        return at;
    while (next < block.size() && next < at + 12 && (block[next] == ' ' || block[next] == '\t'))
        ++next;
    return next;
}

} // namespace

void read_packed(std::string_view block, const std::vector<LetterRun>& runs, std::vector<View>& views) {
    std::string joined;
    for (auto run = runs.begin(); run != runs.end();) {
        LetterRun place = *run++;
        std::string_view letters = block.substr(place.begin, place.end - place.begin);
        joined.clear();
        for (std::size_t next = next_line(block, place.end);
             next > place.end && next < block.size() && base64.has(block[next]);
             next = next_line(block, place.end)) {
            if (joined.empty())
                joined = letters;
            place.is_mixed = true; // who wraps words?
            place.end = next;
            while (place.end < block.size() && base64.has(block[place.end]))
                ++place.end;
            joined.append(block.substr(next, place.end - next));
            while (run != runs.end() && run->begin < place.end)
                ++run;
        }
        if (!joined.empty())
            letters = joined;
        if (letters.size() >= least_base64)
            read_run(letters, place, views);
    }
}

} // namespace egressd::scan
