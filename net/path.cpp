// Paths, as an attacker writes them. A rule speaks of one path; proxies, frameworks and file systems each
// have their own idea of which path a text means. Two defences, both needed:
//
// 1. One canonical form, which is judged and which is what the origin gets. All that can be settled is
// settled here
//    (escapes of plain characters, dot segments), and what no two programs agree on is refused.
// 2. What must stay ambiguous, because real clients need it (an escaped slash in npm's and GitLab's names,
// ";" and "//"
//    in old servers' URLs), is judged in every reading that an origin could have. Each reading is what is
//    left of the path after some of the rewritings below, in any order and any number; they only remove or
//    decode, so the set is small. No reading may hold a dot segment: this is what stops "..%2f", "%2f..",
//    "/..;/" and "/..%3b/" alike.
#include "net/url.hpp"
#include "net/utf8.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace egressd::net {
namespace {

Error refused(const char* message) {
    return Error{Side::client, message};
}

constexpr std::size_t escape_length = 3; // "%2F"

/// Paths that clients send have one to four readings; only a path built to confuse comes near this, and
/// escapes nested in escapes would make one more for each level.
constexpr std::size_t max_readings = 64;

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_one_of(char c, std::string_view set) {
    return c != '\0' && set.find(c) != std::string_view::npos;
}

/// RFC 3986 2.3.
bool is_unreserved(char c) {
    return is_alphanumeric(c) || is_one_of(c, "-._~");
}

/// The other characters of pchar (RFC 3986 3.3): an escape of one is data to some and syntax to others.
bool is_reserved_in_path(char c) {
    return is_one_of(c, "!$&'()*+,;=:@");
}

bool is_control(char32_t character) {
    return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/// The byte that the escape at the front of `text` stands for; nullopt where there is no whole escape.
std::optional<unsigned char> escaped_byte(std::string_view text) {
    if (text.size() < escape_length || text[0] != '%')
        return std::nullopt;
    const int high = hex_value(text[1]);
    const int low = hex_value(text[2]);
    if (high < 0 || low < 0)
        return std::nullopt;
    return static_cast<unsigned char>(high * 16 + low);
}

void append_escape(std::string& text, unsigned char byte) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    text += '%';
    text += digits[byte >> 4];
    text += digits[byte & 0xf];
}

/// One character beyond ASCII, written as a run of escapes at the front of `rest`. False unless it is valid
/// UTF-8.
bool take_escaped_character(std::string_view& rest, std::string& out) {
    std::string bytes;
    for (std::string_view ahead = rest; bytes.size() < 4; ahead.remove_prefix(escape_length)) {
        const std::optional<unsigned char> byte = escaped_byte(ahead);
        if (!byte)
            break;
        bytes += static_cast<char>(*byte);
    }
    std::string_view remaining = bytes;
    const std::optional<char32_t> character = take_utf8(remaining);
    if (!character || is_control(*character))
        return false;
    const std::size_t taken = bytes.size() - remaining.size();
    for (std::size_t i = 0; i < taken; ++i)
        append_escape(out, static_cast<unsigned char>(bytes[i]));
    rest.remove_prefix(taken * escape_length);
    return true;
}

/// Step 1: every byte is fit for a path, every escape is needed and written in one way.
Result<std::string> normalised(std::string_view path) {
    std::string out;
    out.reserve(path.size());
    for (std::string_view rest = path; !rest.empty();) {
        const char c = rest.front();
        if (c != '%') {
            if (c == '\\')
                return refused("the path has a backslash");
            if (c != '/' && !is_unreserved(c) && !is_reserved_in_path(c))
                return refused("the path has a byte that a path cannot have (RFC 3986 3.3)");
            out += c;
            rest.remove_prefix(1);
            continue;
        }
        const std::optional<unsigned char> byte = escaped_byte(rest);
        if (!byte)
            return refused("the path has a '%' without two hexadecimal digits");
        if (*byte >= 0x80) {
            if (!take_escaped_character(rest, out))
                return refused("the path has escapes that are not valid UTF-8 text");
            continue;
        }
        const char plain = static_cast<char>(*byte);
        if (is_control(*byte))
            return refused("the path has an escaped control character");
        if (plain == '\\')
            return refused("the path has an escaped backslash");
        if (is_unreserved(plain))
            out += plain;
        else
            append_escape(out, *byte);
        rest.remove_prefix(escape_length);
    }
    return out;
}

/// "%252e", "%25252F" …: an origin that decodes twice would find a dot, a slash or a backslash. In a
/// normalised path.
bool has_double_escape(std::string_view path) {
    for (std::size_t at = path.find("%25"); at != std::string_view::npos; at = path.find("%25", at + 1)) {
        std::string_view digits = path.substr(at + escape_length);
        while (digits.starts_with("25"))
            digits.remove_prefix(2);
        if (digits.size() < 2 || hex_value(digits[0]) < 0 || hex_value(digits[1]) < 0)
            continue;
        const int value = hex_value(digits[0]) * 16 + hex_value(digits[1]);
        if (value == '.' || value == '/' || value == '\\')
            return true;
    }
    return false;
}

/// RFC 3986 5.2.4, but nullopt where the path climbs above its root.
std::optional<std::string> without_dot_segments(std::string_view path) {
    std::string out;
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('/', 1), path.size());
        const std::string_view segment = path.substr(1, end - 1); // path begins with '/'
        const bool last = end == path.size();
        if (segment == "..") {
            if (out.empty())
                return std::nullopt;
            out.erase(out.rfind('/'));
        }
        if (segment == "." || segment == "..") {
            if (last)
                out += '/';
        } else {
            out += path.substr(0, end);
        }
        path.remove_prefix(end);
    }
    return out;
}

// The rewritings. Each takes a path and returns another that some origin may take it for.

std::string replaced(std::string_view path, std::string_view from, char to) {
    std::string out;
    while (true) {
        const std::size_t at = path.find(from);
        out += path.substr(0, at);
        if (at == std::string_view::npos)
            return out;
        out += to;
        path.remove_prefix(at + from.size());
    }
}

std::string with_split_segments(std::string_view path) {
    return replaced(path, "%2F", '/');
}

std::string without_parameters(std::string_view path) {
    std::string out;
    bool cutting = false;
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (path[i] == '/')
            cutting = false;
        else if (path[i] == ';' || path.substr(i).starts_with("%3B"))
            cutting = true;
        if (!cutting)
            out += path[i];
    }
    return out;
}

std::string with_folded_slashes(std::string_view path) {
    std::string out(path);
    out.erase(std::unique(out.begin(), out.end(), [](char a, char b) { return a == '/' && b == '/'; }),
              out.end());
    return out;
}

/// What the "%25" at the front of `path` and two digits after it escape when they are decoded twice.
std::optional<unsigned char> twice_escaped_byte(std::string_view path) {
    return escaped_byte('%' + std::string(path.substr(escape_length, 2)));
}

std::string with_reserved_decoded(std::string_view path) {
    std::string out;
    while (!path.empty()) {
        const std::optional<unsigned char> byte = escaped_byte(path);
        if (byte &&
            (is_reserved_in_path(static_cast<char>(*byte)) || is_unreserved(static_cast<char>(*byte)))) {
            out += static_cast<char>(*byte);
            path.remove_prefix(escape_length);
        } else if (const auto twice = byte == '%' ? twice_escaped_byte(path) : std::nullopt) {
            append_escape(out, *twice); // for a later round to judge
            path.remove_prefix(escape_length + 2);
        } else {
            out += path.front();
            path.remove_prefix(1);
        }
    }
    return out;
}

std::string cut_at_escaped_query(std::string_view path) {
    return std::string(path.substr(0, std::min(path.find("%3F"), path.find("%23"))));
}

using Rewriting = std::string (*)(std::string_view);
constexpr std::array<Rewriting, 5> rewritings = {with_split_segments, without_parameters, with_folded_slashes,
                                                 with_reserved_decoded, cut_at_escaped_query};

bool has_dot_segment(std::string_view path) {
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('/', 1), path.size());
        const std::string_view segment = path.substr(1, end - 1);
        if (segment == "." || segment == "..")
            return true;
        path.remove_prefix(end);
    }
    return false;
}

} // namespace

Result<std::string> canonical_path(std::string_view path) {
    if (!path.starts_with('/'))
        return refused("the path does not begin with '/'");
    const Result<std::string> plain = normalised(path);
    if (!plain)
        return plain.error();
    if (has_double_escape(*plain))
        return refused("the path has a doubly escaped dot, slash or backslash");
    const std::optional<std::string> result = without_dot_segments(*plain);
    if (!result)
        return refused("the path climbs above its root");
    const std::vector<std::string> readings = path_readings(*result);
    if (readings.size() >= max_readings)
        return refused("the path can be read in too many ways");
    if (std::any_of(readings.begin(), readings.end(), has_dot_segment))
        return refused("the path has dots next to an escaped slash or a ';'");
    return *result;
}

std::vector<std::string> path_readings(std::string_view canonical) {
    std::vector<std::string> readings{std::string(canonical)};
    const bool one_meaning = canonical.find_first_of("%;") == std::string_view::npos &&
                             canonical.find("//") == std::string_view::npos;
    if (one_meaning)
        return readings;
    for (std::size_t i = 0; i < readings.size() && readings.size() < max_readings; ++i) {
        for (const Rewriting rewrite : rewritings) {
            std::string reading = rewrite(readings[i]);
            if (std::find(readings.begin(), readings.end(), reading) == readings.end())
                readings.push_back(std::move(reading));
        }
    }
    return readings;
}

} // namespace egressd::net
