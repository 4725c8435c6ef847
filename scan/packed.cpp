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
constexpr std::size_t least_hex = 32;
constexpr std::size_t least_base32 = 28;
static_assert(least_base32 <= least_hex);
constexpr std::size_t least_text = 12; // decoded bytes in a row that are text

constexpr Alphabet base64("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", "-_");
constexpr Alphabet base32_upper("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
constexpr Alphabet base32_lower("abcdefghijklmnopqrstuvwxyz234567");
constexpr Alphabet hex_lower("0123456789abcdef");
constexpr Alphabet hex_upper("0123456789ABCDEF");

struct Base64Letters {
    static constexpr std::size_t ahead = 0;
    template <class V>
    EGRESSD_INLINE static void match(const char* at, Same<V>& out) {
        V bytes;
        load(at, bytes);
        // '+' to '9' but for ',' and '.'
        Same<V> letter, plus_to_nine;
        in_range<V>(bytes | 0x20, 'a', 'z', letter);
        in_range<V>(bytes, '+', '9', plus_to_nine);
        out = letter | (plus_to_nine & ((bytes | 2) != '.')) | (bytes == '_');
    }
};

template <char first, char last, char first_digit, char last_digit>
struct LettersAndDigits {
    static constexpr std::size_t ahead = 0;
    template <class V>
    EGRESSD_INLINE static void match(const char* at, Same<V>& out) {
        V bytes;
        load(at, bytes);
        Same<V> letter, digit;
        in_range<V>(bytes, first, last, letter);
        in_range<V>(bytes, first_digit, last_digit, digit);
        out = letter | digit;
    }
};
using Lower = LettersAndDigits<'a', 'z', '0', '9'>;
using Upper = LettersAndDigits<'A', 'Z', '0', '9'>;
using HexLower = LettersAndDigits<'a', 'f', '0', '9'>;
using HexUpper = LettersAndDigits<'A', 'F', '0', '9'>;
using Base32Lower = LettersAndDigits<'a', 'z', '2', '7'>;
using Base32Upper = LettersAndDigits<'A', 'Z', '2', '7'>;

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
    constexpr std::size_t magic_letters = 8;
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

/// Runs of an alphabet inside the run, decoded at each of the alignments at which a byte can begin.
template <class Letters, std::size_t least>
void read_inner(std::string_view run, const Alphabet& alphabet, unsigned bits, std::size_t alignments,
                std::string_view encoding, std::vector<View>& views) {
    Runs<Letters, least> runs(run);
    for (std::optional<Run> inner = runs.next(0); inner; inner = runs.next(inner->end)) {
        for (std::size_t offset = 0; offset < alignments; ++offset) {
            View view{encoding, {}, inner->begin + offset, inner->end, {}};
            decode(run.substr(view.begin, inner->end - view.begin), alphabet, bits, view.text);
            std::size_t in_a_row = 0;
            const bool has_text = std::any_of(view.text.begin(), view.text.end(), [&](char c) {
                in_a_row = is_text(static_cast<unsigned char>(c)) ? in_a_row + 1 : 0;
                return in_a_row == least_text;
            });
            if ((has_text && is_mostly_printable(view.text)) || coding_of(view.text))
                views.push_back(std::move(view));
        }
    }
}

/// `place`: the run's place in the block; `run` is shorter than it where its lines were joined.
void read_run(std::string_view run, const Run& place, std::vector<View>& views) {
    const std::size_t before = views.size();
    read_base64(run, views);
    read_base64_compressed(run, views);
    // base64 seldom stays in one case for so long.
    if (Runs<Lower, least_base32>(run).next(0)) {
        read_inner<HexLower, least_hex>(run, hex_lower, 4, 2, "hex", views);
        read_inner<Base32Lower, least_base32>(run, base32_lower, 5, 8, "base32", views);
    }
    if (Runs<Upper, least_base32>(run).next(0)) {
        read_inner<HexUpper, least_hex>(run, hex_upper, 4, 2, "hex", views);
        read_inner<Base32Upper, least_base32>(run, base32_upper, 5, 8, "base32", views);
    }
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

void read_packed(std::string_view block, std::vector<View>& views) {
    Runs<Base64Letters, least_base64> runs(block);
    std::string joined;
    for (std::optional<Run> run = runs.next(0); run; run = runs.next(run->end)) {
        std::string_view letters = block.substr(run->begin, run->end - run->begin);
        joined.clear();
        for (std::size_t next = next_line(block, run->end);
             next > run->end && next < block.size() && base64.has(block[next]);
             next = next_line(block, run->end)) {
            if (joined.empty())
                joined = letters;
            run->end = runs.end_of(next);
            joined.append(block.substr(next, run->end - next));
        }
        read_run(joined.empty() ? letters : std::string_view(joined), *run, views);
    }
}

} // namespace egressd::scan
