#include "scan/letters.hpp"
#include "scan/replaced.hpp"
#include "scan/text_codec.hpp"
#include "scan/view.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace egressd::scan {

namespace {

struct Range {
    std::uint32_t first;
    std::uint32_t last;
};

/// Drawn without width, or on top of a neighbour (Unicode's default-ignorable and combining marks).
bool is_invisible(std::uint32_t code) {
    constexpr std::array ranges{Range{0x00ad, 0x00ad},  Range{0x0300, 0x036f}, Range{0x061c, 0x061c},
                                Range{0x115f, 0x1160},  Range{0x17b4, 0x17b5}, Range{0x180b, 0x180f},
                                Range{0x200b, 0x200f},  Range{0x202a, 0x202e}, Range{0x2060, 0x206f},
                                Range{0xfe00, 0xfe0f},  Range{0xfeff, 0xfeff}, Range{0xfff9, 0xfffb},
                                Range{0xe0000, 0xe0fff}};
    return std::any_of(ranges.begin(), ranges.end(),
                       [&](const Range& range) { return code >= range.first && code <= range.last; });
}

struct Lookalike {
    std::uint32_t code;
    char letter;
};

/// Cyrillic and Greek letters that are drawn as ASCII letters in most typefaces (Unicode TR 39, by eye).
constexpr std::array lookalikes = std::to_array<Lookalike>({
    {0x0391, 'A'}, {0x0392, 'B'}, {0x0395, 'E'}, {0x0396, 'Z'}, {0x0397, 'H'}, {0x0399, 'I'}, {0x039a, 'K'},
    {0x039c, 'M'}, {0x039d, 'N'}, {0x039f, 'O'}, {0x03a1, 'P'}, {0x03a4, 'T'}, {0x03a5, 'Y'}, {0x03a7, 'X'},
    {0x03b1, 'a'}, {0x03b9, 'i'}, {0x03ba, 'k'}, {0x03bd, 'v'}, {0x03bf, 'o'}, {0x03c1, 'p'}, {0x03c5, 'u'},
    {0x03c7, 'x'}, {0x0405, 'S'}, {0x0406, 'I'}, {0x0408, 'J'}, {0x0410, 'A'}, {0x0412, 'B'}, {0x0415, 'E'},
    {0x041a, 'K'}, {0x041c, 'M'}, {0x041d, 'H'}, {0x041e, 'O'}, {0x0420, 'P'}, {0x0421, 'C'}, {0x0422, 'T'},
    {0x0423, 'Y'}, {0x0425, 'X'}, {0x0430, 'a'}, {0x0435, 'e'}, {0x043e, 'o'}, {0x0440, 'p'}, {0x0441, 'c'},
    {0x0443, 'y'}, {0x0445, 'x'}, {0x0455, 's'}, {0x0456, 'i'}, {0x0458, 'j'}, {0x04bb, 'h'}, {0x0501, 'd'},
    {0x050d, 'G'}, {0x051b, 'q'}, {0x051d, 'w'},
});

/// The lookalikes by their code.
constexpr std::size_t lookalike_end = 0x520;
constexpr std::array<char, lookalike_end> make_letters() {
    std::array<char, lookalike_end> letters{};
    for (const Lookalike& one : lookalikes)
        letters[one.code] = one.letter;
    return letters;
}
constexpr std::array<char, lookalike_end> lookalike_letters = make_letters();

/// The ASCII character that this one passes for, or 0.
char ascii_of(std::uint32_t code) {
    if (code < lookalike_end)
        return lookalike_letters[code];
    if (code >= 0xff01 && code <= 0xff5e) // full width forms
        return static_cast<char>(code - 0xff01 + '!');
    if (code >= 0x1d400 && code <= 0x1d6a3) { // mathematical alphabets: 26 capitals, 26 small letters, again
        const std::uint32_t letter = (code - 0x1d400) % 52;
        return static_cast<char>(letter < 26 ? 'A' + letter : 'a' + (letter - 26));
    }
    if (code >= 0x1d7ce && code <= 0x1d7ff) // mathematical digits
        return static_cast<char>('0' + (code - 0x1d7ce) % 10);
    return '\0';
}

bool is_printed(char c) {
    return c > 0x20 && c < 0x7f;
}

constexpr std::size_t least_spaced = 16; // letters

/// The first bytes of the UTF-8 sequences that is_invisible and ascii_of know, with as many others behind
/// them as they need at least.
struct NotableLetters {
    static constexpr std::size_t ahead = 2;
    template <class V>
    EGRESSD_INLINE static void match(const char* at, Same<V>& out) {
        V first, second, third;
        load(at, first);
        load(at + 1, second);
        load(at + 2, third);
        const auto two = ((first == 0xc2) & (second == 0xad)) | ((first == 0xd8) & (second == 0x9c)) |
                         (first - 0xcc < 7) | (first == 0xd4);
        const auto three =
            (first == 0xe1) | (first == 0xe2) | (first == 0xef) | (first == 0xf0) | (first == 0xf3);
        // Behind the sequence something else begins, which is no control character either.
        Same<V> stray, space;
        in_range<V>(third, 1, 0x1f, stray);
        in_range<V>(third, '\t', '\r', space);
        const auto continues = (third & 0xc0) == 0x80;
        out = ((second & 0xc0) == 0x80) & ((two & ~continues & ~(stray & ~space)) | (three & continues));
    }
};

bool is_separator(char c) {
    return c == ' ' || c == '.' || c == ',' || c == '|' || c == '\t' || c == '\n';
}

/// How many letters stand at the beginning of `text` with the same separator between each two.
std::size_t spaced_letters(std::string_view text) {
    if (!is_printed(text[0]) || !is_separator(text[1]))
        return 0;
    std::size_t letters = 1;
    while (2 * letters < text.size() && text[2 * letters - 1] == text[1] && is_printed(text[2 * letters]))
        ++letters;
    return letters;
}

/// Bytes that come again two places behind, with another one in between.
struct Separators {
    static constexpr std::size_t ahead = 2;
    template <class V>
    EGRESSD_INLINE static void match(const char* at, Same<V>& out) {
        V first, second, third;
        load(at, first);
        load(at + 1, second);
        load(at + 2, third);
        out = (first == third) & (first != second);
    }
};

/// What UTF-8 text is made of: no control characters, none of the bytes that UTF-8 never has, and a
/// continuation behind what begins a character alone.
struct Utf8Bytes {
    static constexpr std::size_t ahead = 1;
    template <class V>
    EGRESSD_INLINE static void match(const char* at, Same<V>& out) {
        V first, second;
        load(at, first);
        load(at + 1, second);
        Same<V> printed, space, begins;
        in_range<V>(first, 0x20, 0x7e, printed);
        in_range<V>(first, '\t', '\r', space);
        in_range<V>(first, 0xc2, 0xf4, begins);
        const auto continues = (first & 0xc0) == 0x80;
        const auto goes_on = (second & 0xc0) == 0x80;
        out = ((printed | space) & ~goes_on) | (begins & goes_on) | continues;
    }
};

} // namespace

void fold_letters(std::string_view block, std::vector<View>& views) {
    Replaced out;
    out.view.encoding = "lookalikes";
    out.only_text = true;
    // In other bytes than text such characters stand alone, and often.
    Runs<Utf8Bytes, least_text> runs(block);
    for (std::optional<Run> run = runs.next(0); run; run = runs.next(run->end)) {
        for_each_of<NotableLetters>(block.substr(run->begin, run->end - run->begin), [&](std::size_t in_run) {
            const std::size_t at = run->begin + in_run;
            const CodePoint point = decode_utf8(block.substr(at));
            const char letter = point.size > 1 ? ascii_of(point.value) : '\0';
            if (letter == '\0' && (point.size == 1 || !is_invisible(point.value)))
                return;
            out.copy_to(block, at);
            if (letter != '\0')
                out.view.text += letter;
            out.skip(point.size);
        });
    }
    out.finish(block, views);
}

void close_up(std::string_view block, std::vector<View>& views) {
    Replaced out;
    out.view.encoding = "spaced";
    out.only_text = true;
    Words<Separators> words(block);
    std::size_t done = 0;
    for (std::size_t i = 0; i < words.count(); ++i) {
        const std::uint64_t bits = words[i];
        const std::uint64_t pairs = bits & bits >> 2;
        // Four in a row. However two words cut least_spaced of them, one has as many.
        for (std::uint64_t rows = pairs & pairs >> 4; rows != 0; rows &= rows - 1) {
            const std::size_t at = i * word_size + static_cast<std::size_t>(std::countr_zero(rows)) + 1;
            if (at < done || !is_separator(block[at + 1]) || !is_printed(block[at]))
                continue;
            std::size_t begin = at;
            while (begin >= out.copied + 2 && block[begin - 1] == block[at + 1] &&
                   is_printed(block[begin - 2]))
                begin -= 2;
            const std::size_t letters = spaced_letters(block.substr(begin));
            done = begin + 2 * letters - 1;
            if (letters < least_spaced)
                continue;
            out.copy_to(block, begin);
            for (std::size_t letter = 0; letter < letters; ++letter)
                out.view.text += block[begin + 2 * letter];
            out.skip(done - begin);
        }
    }
    out.finish(block, views);
}

} // namespace egressd::scan
