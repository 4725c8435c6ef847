#include "scan/packed.hpp"

#include "scan/coding.hpp"
#include "scan/decoded.hpp"
#include "scan/letters.hpp"
#include "scan/packed_inner.hpp"
#include "scan/replaced.hpp"
#include "scan/zip.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <optional>

namespace egressd::scan {

namespace {

// The shortest run that is looked into: 24 letters of base64 hold 18 bytes, and no secret is shorter.
constexpr std::size_t least_base64 = 24;
constexpr std::size_t max_backslashes = 8; // of an escaped line break: JSON four times in JSON

std::uint32_t quad_bits(const char* letters) {
    return base64_letters.of(letters[0]) << 18 | base64_letters.of(letters[1]) << 12 |
           base64_letters.of(letters[2]) << 6 | base64_letters.of(letters[3]);
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
    decode(letters, base64_letters, 6, out);
    return out;
}

/// Are the three bytes of four letters text?
bool quad_is_text(const char* letters) {
    const std::uint32_t bits = quad_bits(letters);
    return is_text(bits >> 16) && is_text(bits >> 8) && is_text(bits);
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

/// The size of the text in UTF-8 that `bytes` begins with; 0 when it is ASCII alone.
std::size_t utf8_prefix(std::string_view bytes) {
    std::size_t size = 0;
    bool is_ascii = true;
    while (size < bytes.size()) {
        const std::size_t next =
            is_text(static_cast<unsigned char>(bytes[size])) ? 1 : text_at(bytes.substr(size));
        if (next == 0)
            break;
        is_ascii = is_ascii && next == 1;
        size += next;
    }
    return is_ascii ? 0 : size;
}

constexpr std::size_t sample = 30; // bytes that tell text in UTF-8 from noise

/// How many letters of `run`, in whole quads, are text that is not of ASCII alone: stretches of such are too
/// short for read_base64.
std::size_t utf8_letters(std::string_view run) {
    constexpr std::size_t cut = 3; // bytes of a character whose end is not there
    // In growing pieces: what is decoded is at most twice what turns out to be text, however often it is
    // asked.
    for (std::size_t size = sample / 3 * quad;; size *= 2) {
        const std::string bytes = decode_base64(run.substr(0, size));
        const std::size_t text = utf8_prefix(bytes);
        if (size >= run.size() || text + cut < bytes.size())
            return text < least_text ? 0 : text / 3 * quad;
    }
}

/// The text around the stretch of quads that begins at `begin`. A quad on either side is taken along: its
/// last or first bytes may belong to the text. Returns where the stretch ends.
std::size_t read_text(std::string_view run, std::size_t begin, std::vector<View>& views) {
    std::size_t end = begin + stretch * quad;
    std::size_t more = 0;
    do {
        while (end + quad <= run.size() && quad_is_text(run.data() + end))
            end += quad;
        more = utf8_letters(run.substr(end));
        end += more;
    } while (more > 0);
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

/// Text that is not of ASCII alone, from the run's beginning on.
void read_base64_utf8(std::string_view run, std::vector<View>& views) {
    for (std::size_t at = 0; at < quad && at + quad <= run.size(); ++at) {
        // A character of UTF-8 begins here, and it is none of ASCII's control characters.
        const std::uint32_t first = quad_bits(run.data() + at) >> 16;
        if ((first & 0xc0) == 0x80 || (first < 0x80 && !is_text(first)))
            continue;
        const std::size_t size = utf8_letters(run.substr(at));
        if (size > 0)
            views.push_back(View{"base64", decode_base64(run.substr(at, size)), at, at + size, {}});
    }
}

/// Something compressed at the beginning of the run, at any of four alignments; gzip anywhere in it. The
/// views hold its first bytes: there may be many in one run, and each goes on to its end.
void read_base64_compressed(std::string_view run, std::vector<View>& views) {
    constexpr std::size_t magic_letters = coding_magic_size / 3 * quad;
    const auto first_bytes = [&](std::size_t at) { return decode_base64(run.substr(at, magic_letters)); };
    const auto read_from = [&](std::size_t at) {
        views.push_back(View{"base64", first_bytes(at), at, run.size(), {}});
    };
    for (std::size_t at = 0; at < quad && at + magic_letters < run.size(); ++at) {
        const std::uint32_t first = quad_bits(run.data() + at) >> 16;
        if (begins_a_mark(first) && (coding_of(first_bytes(at)) || begins_member(first_bytes(at))))
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

/// `place`: the run's place in the block; `run` is shorter than it where its lines were joined.
void read_run(std::string_view run, const LetterRun& place, std::vector<View>& views) {
    const std::size_t before = views.size();
    if (place.is_mixed) {
        read_base64(run, views);
        read_base64_utf8(run, views);
        read_base64_compressed(run, views);
        read_hex(run, views);
    }
    read_base32(run, views);
    const std::size_t breaks = place.end - place.begin - run.size();
    for (std::size_t i = before; i < views.size(); ++i) {
        views[i].move(place.begin);
        views[i].end += breaks;
    }
}

/// Where the next line of a wrapped run begins: behind a line break, as it is or as JSON writes it (JSON
/// inside JSON with more backslashes), and the indentation behind it. `at` when there is none.
std::size_t next_line(std::string_view block, std::size_t at) {
    std::size_t next = at;
    for (const char c : {'r', 'n'}) {
        if (next < block.size() && block[next] == (c == 'r' ? '\r' : '\n'))
            ++next;
        else if (const std::size_t letter = block.find_first_not_of('\\', next);
                 letter != std::string_view::npos && letter > next && letter <= next + max_backslashes &&
                 block[letter] == c)
            next = letter + 1;
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
             next > place.end && next < block.size() && base64_letters.has(block[next]);
             next = next_line(block, place.end)) {
            if (joined.empty())
                joined = letters;
            place.is_mixed = true; // who wraps words?
            place.end = next;
            while (place.end < block.size() && base64_letters.has(block[place.end]))
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
