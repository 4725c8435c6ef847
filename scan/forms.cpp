// In which other spellings does a value leave? Each is one literal for the engine, so that a value inside
// other text is found without decoding: what depends on the neighbours (the first and last digits of base64
// in the middle of something) is left out of it.
#include "scan/known.hpp"
#include "scan/rule.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace egressd::scan {
namespace {

/// Shorter ones stand in innocent text by chance.
constexpr std::size_t least_form = 8;
/// A longer one is recognised by its beginning, as the secrets of rules are: it must fit into what the
/// scanner keeps of a stream, and the pattern library refuses literals of tens of kilobytes.
constexpr std::size_t longest_form = max_match;

constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view base64url_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view base32_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view base32_lower = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::string_view hex_lower = "0123456789abcdef";
constexpr std::string_view hex_upper = "0123456789ABCDEF";

unsigned char byte(char c) {
    return static_cast<unsigned char>(c);
}

bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

void append_hex(std::string& out, unsigned value, int width, std::string_view digits) {
    for (int shift = 4 * (width - 1); shift >= 0; shift -= 4)
        out += digits[(value >> shift) & 0xF];
}

/// The digits of `bits` bits each that hold bits of `value` alone when `before` bytes stand in front of it.
std::string digits_of(std::string_view value, std::size_t before, unsigned bits, std::string_view digits) {
    std::string out;
    std::uint32_t pending = 0;
    unsigned have = 0;
    // The first digit that begins at or behind the value's first bit.
    unsigned skip = static_cast<unsigned>((bits - 8 * before % bits) % bits);
    for (const char c : value) {
        pending = (pending << 8 | byte(c)) & 0xFFFF;
        have += 8;
        if (skip > 0) {
            have -= skip;
            skip = 0;
        }
        while (have >= bits) {
            have -= bits;
            out += digits[(pending >> have) & ((1U << bits) - 1)];
        }
    }
    return out;
}

/// Each byte in hexadecimal, with `prefix` before each and `separator` between them.
std::string hex(std::string_view value, std::string_view digits, std::string_view prefix,
                std::string_view separator) {
    std::string out;
    for (const char c : value) {
        if (!out.empty())
            out += separator;
        out += prefix;
        append_hex(out, byte(c), 2, digits);
    }
    return out;
}

/// Percent-encoded but for letters, digits and `safe`.
std::string percent(std::string_view value, std::string_view digits, std::string_view safe, bool plus) {
    std::string out;
    for (const char c : value) {
        if (is_alphanumeric(c) || safe.find(c) != std::string_view::npos) {
            out += c;
        } else if (c == ' ' && plus) {
            out += '+';
        } else {
            out += '%';
            append_hex(out, byte(c), 2, digits);
        }
    }
    return out;
}

/// The code point that begins at `at`, which is moved behind it; a byte that is not UTF-8 is one by itself.
std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
    const unsigned char first = byte(text[at++]);
    const unsigned more = first >= 0xF0 && first < 0xF8 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : 0;
    if (more == 0 || first >= 0xF8 || text.size() - at < more)
        return first;
    std::uint32_t point = first & (0x3FU >> more);
    for (unsigned i = 0; i < more; ++i) {
        const unsigned char c = byte(text[at + i]);
        if ((c & 0xC0) != 0x80)
            return first;
        point = point << 6 | (c & 0x3FU);
    }
    if (point > 0x10FFFF)
        return first;
    at += more;
    return point;
}

std::vector<unsigned> utf16_units(std::string_view text) {
    std::vector<unsigned> units;
    for (std::size_t at = 0; at < text.size();) {
        const std::uint32_t point = next_code_point(text, at);
        if (point < 0x10000) {
            units.push_back(point);
        } else {
            units.push_back(0xD800 + ((point - 0x10000) >> 10));
            units.push_back(0xDC00 + ((point - 0x10000) & 0x3FF));
        }
    }
    return units;
}

std::string utf16(const std::vector<unsigned>& units, bool big_endian) {
    std::string out;
    for (const unsigned unit : units) {
        const char high = static_cast<char>(unit >> 8);
        const char low = static_cast<char>(unit & 0xFF);
        out += big_endian ? high : low;
        out += big_endian ? low : high;
    }
    return out;
}

/// As JSON writers do it: what must be escaped is, `also` is too, by a backslash where JSON has one for it.
std::string json(std::string_view value, std::string_view also, bool ascii) {
    constexpr std::string_view plain = "\"\\\b\f\n\r\t/";
    constexpr std::string_view letters = "\"\\bfnrt/";
    std::string out;
    for (std::size_t at = 0; at < value.size();) {
        const char c = value[at];
        const bool wanted = byte(c) < 0x20 || c == '"' || c == '\\' || also.find(c) != std::string_view::npos;
        const std::size_t letter = plain.find(c);
        if (wanted && letter != std::string_view::npos) {
            (out += '\\') += letters[letter];
            ++at;
        } else if (wanted || (ascii && byte(c) >= 0x80)) {
            const std::size_t start = at;
            next_code_point(value, at);
            for (const unsigned unit : utf16_units(value.substr(start, at - start)))
                append_hex(out += "\\u", unit, 4, hex_lower);
        } else {
            out += c;
            ++at;
        }
    }
    return out;
}

std::string json_units(const std::vector<unsigned>& units, std::string_view digits) {
    std::string out;
    for (const unsigned unit : units)
        append_hex(out += "\\u", unit, 4, digits);
    return out;
}

/// What HTML and XML writers escape.
std::string entities(std::string_view value) {
    std::string out;
    for (const char c : value) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        case '\'':
            out += "&#39;";
            break;
        default:
            out += c;
        }
    }
    return out;
}

/// Every character as a numeric entity; `digits` empty: decimal.
std::string numeric_entities(std::string_view value, std::string_view digits) {
    std::string out;
    for (std::size_t at = 0; at < value.size();) {
        const std::uint32_t point = next_code_point(value, at);
        if (digits.empty()) {
            out += "&#" + std::to_string(point) + ';';
        } else {
            append_hex(out += "&#x", point,
                       point < 0x100      ? 2
                       : point < 0x10000  ? 4
                       : point < 0x100000 ? 5
                                          : 6,
                       digits);
            out += ';';
        }
    }
    return out;
}

class Forms {
public:
    void add(std::string_view encoding, std::string bytes) {
        // The compiler of literals takes a leading NUL for an empty pattern.
        bytes.erase(0, std::min(bytes.find_first_not_of('\0'), bytes.size()));
        if (bytes.size() > longest_form)
            bytes.resize(longest_form);
        const auto same = [&](const Form& form) { return form.bytes == bytes; };
        if (bytes.size() >= least_form && std::none_of(forms_.begin(), forms_.end(), same))
            forms_.push_back({std::string(encoding), std::move(bytes)});
    }
    std::vector<Form> take() { return std::move(forms_); }

private:
    std::vector<Form> forms_;
};

void add_hex(Forms& forms, std::string_view value) {
    for (const std::string_view digits : {hex_lower, hex_upper}) {
        for (const std::string_view separator : {"", ":", "-", " "})
            forms.add("hex", hex(value, digits, "", separator));
        forms.add("hex", hex(value, digits, "\\x", ""));
        for (const std::string_view separator : {"", " ", ",", ", "})
            forms.add("hex", hex(value, digits, "0x", separator));
    }
}

void add_percent(Forms& forms, std::string_view value) {
    constexpr std::string_view unreserved = "-._~"; // RFC 3986
    for (const std::string_view digits : {hex_upper, hex_lower}) {
        forms.add("percent", hex(value, digits, "%", ""));
        forms.add("percent", percent(value, digits, unreserved, false));
        forms.add("form", percent(value, digits, "*-._", true)); // the URL standard's urlencoded
    }
    forms.add("percent", percent(value, hex_upper, "-._~!*'()", false));            // encodeURIComponent
    forms.add("percent", percent(value, hex_upper, "-._~!*'();,/?:@&=+$#", false)); // encodeURI
    forms.add("percent", percent(value, hex_upper, "-._~/", false));                // of a path
    forms.add("form", percent(value, hex_upper, unreserved, true));
}

void add_json(Forms& forms, std::string_view value, const std::vector<unsigned>& units) {
    forms.add("json", json(value, "", false));
    forms.add("json", json(value, "", true));
    forms.add("json", json(value, "/", false));
    forms.add("json", json(value, "/", true));
    forms.add("json", json(value, "&<>", false)); // what is to be safe inside HTML
    forms.add("json", json_units(units, hex_lower));
    forms.add("json", json_units(units, hex_upper));
}

} // namespace

std::vector<Form> forms_of(std::string_view value) {
    // No form is shorter than the value, but for the ends of base32 and base64: nothing behind this would be
    // used.
    value = value.substr(0, longest_form);
    const std::vector<unsigned> units = utf16_units(value);
    Forms forms;
    forms.add("", std::string(value));
    for (std::size_t before = 0; before < 3; ++before) {
        forms.add("base64", digits_of(value, before, 6, base64_digits));
        forms.add("base64url", digits_of(value, before, 6, base64url_digits));
    }
    for (std::size_t before = 0; before < 5; ++before) {
        forms.add("base32", digits_of(value, before, 5, base32_digits));
        forms.add("base32", digits_of(value, before, 5, base32_lower));
    }
    add_hex(forms, value);
    add_percent(forms, value);
    add_json(forms, value, units);
    forms.add("html", entities(value));
    for (const std::string_view digits : {std::string_view(), hex_lower, hex_upper})
        forms.add("html", numeric_entities(value, digits));
    forms.add("utf-16le", utf16(units, false));
    forms.add("utf-16be", utf16(units, true));
    forms.add("reversed", std::string(value.rbegin(), value.rend()));
    return forms.take();
}

} // namespace egressd::scan
