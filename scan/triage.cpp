#include "scan/triage.hpp"

#include "scan/coding.hpp"
#include "scan/lanes.hpp"
#include "scan/text_codec.hpp"
#include "scan/zip.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>

namespace egressd::scan {

namespace {

char at_or_nul(std::string_view block, std::size_t at) {
    return at < block.size() ? block[at] : '\0';
}

/// Only escapes that can stand for a character of a secret, or hide between two, count: the \" of ordinary
/// JSON does not, and \n only where its letter would be taken for the beginning of a token.
bool is_escape(std::string_view block, std::size_t at) {
    const char next = at_or_nul(block, at + 1);
    switch (block[at]) {
    case '%':
        return is_hex_digit(next) && is_hex_digit(at_or_nul(block, at + 2));
    case '\\':
        return next == 'u' || next == 'x' || next == 'U' || next == '/' || next == '0' || next == '1' ||
               ((next == 'n' || next == 'r' || next == 't') && begins_token(block.substr(at + 2)));
    case '&': {
        // Of what is escaped twice the '&' is a name itself. HTML is full of those alone.
        const NamedCharacter named = named_character(block.substr(at + 1));
        return next == '#' ||
               (named.size != 0 && (named.character != '&' || at_or_nul(block, at + 1 + named.size) == '#'));
    }
    default:
        return false;
    }
}

void add_escape(std::string_view block, std::size_t at, std::vector<Run>& runs) {
    // What scan/replaced looks at on either side, and as much again for escapes that shrink.
    constexpr std::size_t around = 512;
    const std::size_t end = std::min(at + around, block.size());
    if (!runs.empty() && at <= runs.back().end)
        runs.back().end = end;
    else
        runs.push_back({at - std::min(at, around), end});
}

bool is_quoted_printable(std::string_view block, std::size_t at) {
    const char next = at_or_nul(block, at + 1);
    if (next == '\n' || next == '\r') {
        // A space on either side is code's, not an encoder's.
        const std::size_t behind = at + (next == '\r' && at_or_nul(block, at + 2) == '\n' ? 3U : 2U);
        return at > 0 && block[at - 1] > ' ' && at_or_nul(block, behind) > ' ';
    }
    if (!is_hex_digit(next) || !is_hex_digit(at_or_nul(block, at + 2)))
        return false;
    // One after the other; or one of '=', ' ', quotes and ':' whose digits would be taken for a part of the
    // token behind it.
    constexpr std::string_view before_token[] = {"3D", "20", "22", "27", "3A"};
    const std::string_view code = block.substr(at + 1, 2);
    return at_or_nul(block, at + 3) == '=' ||
           (std::find(std::begin(before_token), std::end(before_token), code) != std::end(before_token) &&
            begins_token(block.substr(at + 3)));
}

/// What is_escape and is_quoted_printable say yes to, and little more: most text is full of the first
/// characters alone.
struct EscapeMarks {
    static constexpr std::size_t ahead = 3;
    template <class V>
    EGRESSD_INLINE static void match(const char* at, Same<V>& out) {
        V first, second, fourth;
        load(at, first);
        load(at + 1, second);
        load(at + 3, fourth);
        Same<V> starts, digit, a_to_f, l_to_q, r_to_x, line_end;
        in_range<V>(first, '%', '&', starts);
        in_range<V>(second, '/', '9', digit); // and '/'
        in_range<V>(second | 0x20, 'a', 'f', a_to_f);
        in_range<V>(second | 0x20, 'l', 'q', l_to_q);
        in_range<V>(second | 0x20, 'r', 'x', r_to_x);
        in_range<V>(second, '\n', '\r', line_end);
        const auto percent_or_and =
            (starts & (digit | a_to_f | (second == '#'))) | ((first == '&') & (l_to_q | r_to_x));
        const auto backslash = (first == '\\') & (digit | r_to_x | (second == 'n'));
        const auto equals = (first == '=') & (line_end | (fourth == '=') | (second == '2') | (second == '3'));
        out = percent_or_and | backslash | equals;
    }
};

/// Not ASCII, or NUL.
struct Unusual {
    static constexpr std::size_t ahead = 0;
    template <class V>
    EGRESSD_INLINE static void match(const char* at, Same<V>& out) {
        V bytes;
        load(at, bytes);
        out = (bytes == 0) | reinterpret_cast<Same<V>>(bytes);
    }
};

struct NotAscii {
    static constexpr std::size_t ahead = 0;
    template <class V>
    EGRESSD_INLINE static void match(const char* at, Same<V>& out) {
        load(at, out); // the top bit it is
    }
};

struct Nul {
    static constexpr std::size_t ahead = 0;
    template <class V>
    EGRESSD_INLINE static void match(const char* at, Same<V>& out) {
        V bytes;
        load(at, bytes);
        out = bytes == 0;
    }
};

/// A letter between two NULs on either side, and one behind: UTF-16. Three NULs between two letters: UTF-32.
bool has_wide_letters(std::string_view block) {
    Words<Nul> words(block);
    std::uint64_t in_front = 0; // which of the four bytes in front are NUL
    for (std::size_t i = 0; i < words.count(); ++i) {
        const std::uint64_t nul = words[i];
        // Bit n of back(k): the byte k places before byte n.
        const auto back = [&](unsigned k) { return nul << k | in_front >> (4 - k); };
        const std::uint64_t has_front = i == 0 ? ~std::uint64_t{0xf} : ~std::uint64_t{0};
        const std::uint64_t utf16 = nul & ~back(1) & back(2) & ~back(3) & back(4);
        const std::uint64_t utf32 = ~nul & back(1) & back(2) & back(3) & ~back(4);
        if (((utf16 | utf32) & has_front) != 0)
            return true;
        in_front = nul >> 60;
    }
    return false;
}

/// The first bytes of gzip, zstd and its skippable frames, ZIP members, and of zlib with a window of 32 KiB
/// (RFC 1950 2.2).
struct CodingMarks {
    static constexpr std::size_t ahead = 1;
    template <class V>
    EGRESSD_INLINE static void match(const char* at, Same<V>& out) {
        V first, second;
        load(at, first);
        load(at + 1, second);
        out = ((first == 0x1f) & (second == 0x8b)) | ((first == 0x28) & (second == 0xb5)) |
              (((first & 0xf0) == 0x50) & (second == 0x2a)) | ((first == 'P') & (second == 'K')) |
              ((first == 0x78) & ((second == 0x01) | (second == 0x5e) | (second == 0x9c) | (second == 0xda)));
    }
};

void find_compressed(std::string_view block, std::vector<std::size_t>& places) {
    for_each_of<CodingMarks>(block, [&](std::size_t at) {
        if (coding_of(block.substr(at, coding_magic_size)) || deflated_member(block.substr(at)))
            places.push_back(at);
    });
}

} // namespace

TextMarks find_text_marks(std::string_view text) {
    TextMarks marks;
    for_each_of<EscapeMarks>(text, [&](std::size_t at) {
        if (text[at] == '=')
            marks.quoted_printable = marks.quoted_printable || is_quoted_printable(text, at);
        else if (is_escape(text, at))
            add_escape(text, at, marks.escapes);
    });
    return marks;
}

ByteMarks find_byte_marks(std::string_view block) {
    ByteMarks marks;
    if (!has_any<Unusual>(block))
        return marks;
    marks.utf16 = has_wide_letters(block);
    marks.unusual_letters = has_any<NotAscii>(block);
    // What is compressed is never ASCII alone.
    if (marks.unusual_letters)
        find_compressed(block, marks.compressed);
    return marks;
}

} // namespace egressd::scan
