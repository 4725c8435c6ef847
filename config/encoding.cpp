#include "config/encoding.hpp"

#include "net/utf8.hpp"

namespace egressd::config {
namespace {

bool reorders_text(char32_t c) {
    return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E || c == 0x200F ||
           c == 0x061C;
}

/// Line breaks for some programs and not for the parser.
bool is_foreign_line_break(char32_t c) {
    return c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool is_control(char32_t c) {
    return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7F && c < 0xA0);
}

} // namespace

std::optional<EncodingFault> find_encoding_fault(std::string_view text) {
    Position at{1, 1};
    for (std::string_view rest = text; !rest.empty();) {
        const std::size_t before = rest.size();
        const std::optional<char32_t> c = net::take_utf8(rest);
        if (!c)
            return EncodingFault{at, "the file is not UTF-8 text here"};
        if (*c == 0)
            return EncodingFault{at, "a NUL byte has no place in a configuration"};
        if (is_foreign_line_break(*c))
            return EncodingFault{at, "this line break is not one for every program; use a line feed"};
        if (is_control(*c))
            return EncodingFault{at, "a control character has no place in a configuration"};
        if (reorders_text(*c))
            return EncodingFault{at,
                                 "a character that changes the direction of text hides what the file says"};
        if (*c == '\r' && !rest.starts_with('\n'))
            return EncodingFault{at, "a carriage return without a line feed; write line feeds"};
        if (*c == '\n')
            at = {at.line + 1, 1};
        else
            at.column += static_cast<int>(before - rest.size());
    }
    return std::nullopt;
}

} // namespace egressd::config
