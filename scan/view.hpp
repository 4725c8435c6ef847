// Another reading of the same bytes: with its encoding undone. Pure functions of a block; where nothing is
// encoded in their way they say so.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace egressd::scan {

struct View {
    std::string_view encoding;
    std::string text;
    std::size_t begin = 0; // the encoded region's place in the block
    std::size_t end = 0;
    /// (place in `text`, place in the block), ascending, one for each place where the two shift; may be
    /// empty.
    std::vector<std::pair<std::size_t, std::size_t>> shifts;

    /// Where in the block the text at `at` stands.
    std::size_t source_of(std::size_t at) const;
    /// The view was made of what stands `by` bytes behind the block's beginning.
    void move(std::size_t by);
};

// What stands around the encoded places, as far as it is text, is part of these views, so that a secret that
// is encoded in part is seen whole.
/// Percent (RFC 3986), JSON and C escapes (\u0041 \u{41} \x41 \101 \/), character references (&#65; &#x41;).
void unescape(std::string_view block, std::vector<View>& views);
/// Quoted-printable (RFC 2045 6.7): =41 and soft line breaks.
void unquote_printable(std::string_view block, std::vector<View>& views);
/// Without what has no width or joins (zero-width characters, soft hyphen, direction marks, combining marks),
/// and look-alike letters (full width, mathematical, Cyrillic, Greek) as the ASCII letters that they look
/// like.
void fold_letters(std::string_view block, std::vector<View>& views);
/// Single letters with one separator between each two: "g h p _".
void close_up(std::string_view block, std::vector<View>& views);

// These are of the encoded regions alone.
/// Printable characters with a NUL between each two.
void narrow_utf16(std::string_view block, std::vector<View>& views);
/// Bytes as hex or decimal numbers with separators: "67:68", "0x67, 0x68", "103,104".
void read_numbers(std::string_view block, std::vector<View>& views);

} // namespace egressd::scan
