#include "audit/json.hpp"

#include "net/utf8.hpp"

#include <array>
#include <optional>

namespace egressd::audit {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

/// Bytes that stand for themselves in a JSON string: printable ASCII without the quote and the backslash.
constexpr std::array<bool, 256> plain_bytes = [] {
    std::array<bool, 256> plain{};
    for (std::size_t byte = 0x20; byte < 0x7f; ++byte)
        plain[byte] = byte != '"' && byte != '\\';
    return plain;
}();

bool is_plain(char c) {
    return plain_bytes[static_cast<unsigned char>(c)];
}

void append_escape(std::string& out, char32_t unit) {
    out += "\\u";
    for (const unsigned shift : {12U, 8U, 4U, 0U})
        out += hex_digits[(unit >> shift) & 0xf];
}

void append_character(std::string& out, char32_t character) {
    if (character < 0x10000) {
        append_escape(out, character);
        return;
    }
    const char32_t offset = character - 0x10000; // RFC 8259 section 7: a UTF-16 surrogate pair
    append_escape(out, 0xd800 + (offset >> 10));
    append_escape(out, 0xdc00 + (offset & 0x3ff));
}

/// Takes the next character off the front of `text`; U+FFFD for one byte that is not part of valid UTF-8.
char32_t take_character(std::string_view& text) {
    if (const std::optional<char32_t> character = net::take_utf8(text))
        return *character;
    text.remove_prefix(1);
    return 0xfffd;
}

} // namespace

void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        std::size_t run = 0;
        while (run < text.size() && is_plain(text[run]))
            ++run;
        out.append(text, 0, run);
        text.remove_prefix(run);
        if (text.empty())
            break;
        if (text.front() == '"' || text.front() == '\\') {
            out += '\\';
            out += text.front();
            text.remove_prefix(1);
            continue;
        }
        append_character(out, take_character(text));
    }
    out += '"';
}

void append_json(std::string& out, std::string_view json) {
    while (!json.empty()) {
        const char32_t character = take_character(json);
        if (character < 0x20)
            out += ' '; // RFC 8259 section 2: a control is only allowed as white space between tokens
        else if (character < 0x7f)
            out += static_cast<char>(character);
        else
            append_character(out, character); // such a character stands only inside strings
    }
}

void Members::begin(std::string_view name) {
    if (!out_.empty() && out_.back() != '{')
        out_ += ',';
    out_ += '"';
    out_ += name;
    out_ += "\":";
}

Members& Members::text(std::string_view name, std::string_view value) {
    begin(name);
    append_quoted(out_, value);
    return *this;
}

Members& Members::text_if_any(std::string_view name, std::string_view value) {
    return value.empty() ? *this : text(name, value);
}

Members& Members::texts(std::string_view name, std::span<const std::string> values) {
    begin(name);
    out_ += '[';
    for (const std::string& value : values) {
        if (out_.back() != '[')
            out_ += ',';
        append_quoted(out_, value);
    }
    out_ += ']';
    return *this;
}

Members& Members::flag(std::string_view name, bool value) {
    begin(name);
    out_ += value ? "true" : "false";
    return *this;
}

Members& Members::json(std::string_view name, std::string_view value) {
    begin(name);
    append_json(out_, value);
    return *this;
}

} // namespace egressd::audit
