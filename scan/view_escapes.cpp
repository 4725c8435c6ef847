#include "scan/lanes.hpp"
#include "scan/replaced.hpp"
#include "scan/text_codec.hpp"
#include "scan/view.hpp"

#include <cstdint>
#include <optional>

namespace egressd::scan {

namespace {

constexpr std::size_t max_reference = 10; // "&#x10ffff;" without "&"

struct Escape {
    std::size_t size = 0; // in the block; 0: none
    std::uint32_t code = 0;
    bool byte = false; // a byte, else a code point
};

/// `count` digits of `base` at the beginning of `text`, or nullopt.
std::optional<std::uint32_t> number(std::string_view text, std::size_t count, unsigned base) {
    if (text.size() < count || count == 0)
        return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (hex_digit(text[i]) >= base)
            return std::nullopt;
        value = value * base + hex_digit(text[i]);
    }
    return value;
}

std::size_t count_digits(std::string_view text, unsigned base) {
    std::size_t count = 0;
    while (count < text.size() && count < 7 && hex_digit(text[count]) < base)
        ++count;
    return count;
}

Escape percent(std::string_view text) {
    const std::optional<std::uint32_t> value = number(text.substr(1), 2, 16);
    return value ? Escape{3, *value, true} : Escape{};
}

Escape backslash(std::string_view text) {
    if (text.size() < 2)
        return {};
    const std::string_view rest = text.substr(2);
    std::optional<std::uint32_t> value;
    switch (text[1]) {
    case '/':
    case '\\': // so that what an escaped backslash hides is read one level deeper
    case '"':
        return {2, static_cast<std::uint32_t>(text[1]), true};
    case 'n':
        return {2, '\n', true};
    case 'r':
        return {2, '\r', true};
    case 't':
        return {2, '\t', true};
    case 'x':
        value = number(rest, 2, 16);
        return value ? Escape{4, *value, true} : Escape{};
    case 'u':
        if (rest.substr(0, 1) == "{") {
            const std::size_t count = count_digits(rest.substr(1), 16);
            value = number(rest.substr(1), count, 16);
            return value && rest.substr(1 + count, 1) == "}" ? Escape{4 + count, *value} : Escape{};
        }
        value = number(rest, 4, 16);
        return value ? Escape{6, *value} : Escape{};
    case 'U':
        value = number(rest, 8, 16);
        return value ? Escape{10, *value} : Escape{};
    default:
        value = number(text.substr(1), 3, 8);
        return value && *value < 256 ? Escape{4, *value, true} : Escape{};
    }
}

Escape reference(std::string_view text) {
    if (text.substr(1, 1) != "#") {
        const NamedCharacter named = named_character(text.substr(1));
        return named.size == 0 ? Escape{}
                               : Escape{1 + named.size, static_cast<unsigned char>(named.character), true};
    }
    const std::string_view inside = text.substr(2, max_reference);
    const bool is_hex = !inside.empty() && (inside.front() == 'x' || inside.front() == 'X');
    const std::string_view digits = inside.substr(is_hex ? 1 : 0);
    const unsigned base = is_hex ? 16 : 10;
    const std::size_t count = count_digits(digits, base);
    const std::optional<std::uint32_t> value = number(digits, count, base);
    if (!value)
        return {};
    const std::size_t end = 2 + (is_hex ? 1U : 0U) + count;
    return {end + (text.substr(end, 1) == ";" ? 1U : 0U), *value};
}

Escape escape_at(std::string_view text) {
    switch (text.front()) {
    case '%':
        return percent(text);
    case '\\':
        return backslash(text);
    case '&':
        return reference(text);
    default:
        return {};
    }
}

void append_utf8(std::string& out, std::uint32_t code) {
    const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xc0 | code >> 6);
        put(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        put(0xe0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3f));
        put(0x80 | (code & 0x3f));
    } else if (code < 0x110000) {
        put(0xf0 | code >> 18);
        put(0x80 | (code >> 12 & 0x3f));
        put(0x80 | (code >> 6 & 0x3f));
        put(0x80 | (code & 0x3f));
    }
}

/// The letter of a line break or tab.
bool is_layout_letter(char c) {
    return c == 'n' || c == 'r' || c == 't';
}

/// \n, \" and an escaped backslash that does not begin another escape, and &amp; likewise: JSON and HTML are
/// full of them.
bool is_layout_escape(std::string_view text) {
    constexpr std::string_view ampersand = "&amp;";
    if (text.starts_with(ampersand))
        return text.substr(ampersand.size(), 1) != "#";
    if (text.front() != '\\' || text.size() < 2)
        return false;
    if (is_layout_letter(text[1]))
        return !begins_token(text.substr(2));
    const bool begins_another =
        text.size() > 2 && (std::string_view("uxU/01").find(text[2]) != std::string_view::npos ||
                            (is_layout_letter(text[2]) && begins_token(text.substr(3))));
    return text[1] == '"' || (text[1] == '\\' && !begins_another);
}

std::string_view name_of(char first) {
    return first == '%' ? "percent" : first == '&' ? "entity" : "escape";
}

struct EscapeStarts {
    static constexpr std::size_t ahead = 0;
    template <class V>
    EGRESSD_INLINE static void match(const char* at, Same<V>& out) {
        V bytes;
        load(at, bytes);
        out = (bytes == '%') | (bytes == '\\') | (bytes == '&');
    }
};

} // namespace

void unescape(std::string_view block, std::vector<View>& views) {
    Replaced out;
    for_each_of<EscapeStarts>(block, [&](std::size_t at) {
        if (at < out.copied) // inside an escape
            return;
        const Escape escape = escape_at(block.substr(at));
        if (escape.size == 0)
            return;
        if (out.view.encoding.empty())
            out.view.encoding = name_of(block[at]);
        out.copy_to(block, at);
        if (escape.byte)
            out.view.text += static_cast<char>(escape.code);
        else
            append_utf8(out.view.text, escape.code);
        const bool is_layout = is_layout_escape(block.substr(at));
        out.skip(escape.size, !is_layout);
    });
    out.finish(block, views);
}

void unquote_printable(std::string_view block, std::vector<View>& views) {
    Replaced out;
    out.view.encoding = "quoted-printable";
    for (std::size_t at = block.find('='); at != std::string_view::npos; at = block.find('=', at + 1)) {
        const std::optional<std::uint32_t> value = number(block.substr(at + 1), 2, 16);
        const std::string_view behind = block.substr(at + 1, 2);
        const std::size_t soft = behind == "\r\n" ? 3U : behind.substr(0, 1) == "\n" ? 2U : 0U;
        if (!value && soft == 0)
            continue;
        out.copy_to(block, at);
        if (value)
            out.view.text += static_cast<char>(*value);
        out.skip(value ? 3 : soft);
        at = out.copied - 1;
    }
    out.finish(block, views);
}

} // namespace egressd::scan
