// Does a private key's text begin like a key? The label, then base64 in lines, in one line, or with its line
// breaks escaped (JSON's, and those of JSON inside JSON).
#include "scan/check_functions.hpp"
#include "scan/text_codec.hpp"

#include <algorithm>
#include <string>

namespace egressd::scan::checks {

namespace {

/// As much base64 as any format's mark needs, and no more than a rule's match surely holds.
constexpr std::size_t enough = 40;
constexpr std::size_t least = 24;

/// Escaped line breaks as line breaks; every other backslash goes, so that it does not matter how many there
/// were.
std::string unescaped(std::string_view text) {
    std::string plain;
    plain.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            plain.push_back(text[i]);
            continue;
        }
        const char escaped = i + 1 < text.size() ? text[i + 1] : '\0';
        if (escaped == 'n' || escaped == 'r' || escaped == 't') {
            plain.push_back('\n');
            ++i;
        }
    }
    return plain;
}

struct Body {
    std::string base64;
    bool encrypted = false; // by OpenSSL's old way, whose base64 is ciphertext
};

Body read_body(std::string_view lines) {
    Body body;
    while (!lines.empty() && body.base64.size() < enough) {
        const std::size_t end = std::min(lines.find('\n'), lines.size());
        const std::string_view line = lines.substr(0, end);
        lines.remove_prefix(std::min(end + 1, lines.size()));
        if (line.find(':') != std::string_view::npos) { // Proc-Type, DEK-Info, Version, Comment
            body.encrypted = body.encrypted || line.find("ENCRYPTED") != std::string_view::npos;
            continue;
        }
        for (const char c : line) {
            if (is_alnum(c) || c == '+' || c == '/' || c == '=') {
                body.base64.push_back(c);
            } else if (c != ' ' && c != '\t' && c != '\r') {
                return body;
            }
        }
    }
    return body;
}

bool begins_der(std::string_view bytes) {
    if (bytes[0] != '\x30') {
        return false;
    }
    const auto length = static_cast<unsigned char>(bytes[1]);
    if (length < 0x80) {
        return length >= 0x20 && bytes[2] == '\x02' && bytes[3] == '\x01'; // the version
    }
    return length >= 0x81 && length <= 0x83;
}

} // namespace

bool pem(std::string_view token) {
    using namespace std::string_view_literals;
    constexpr std::string_view begin = "BEGIN";
    constexpr std::string_view key = "PRIVATE KEY";
    constexpr std::string_view rule = "----"; // RFC 4716 has one hyphen less than PEM
    const std::size_t start = token.find(begin);
    const std::size_t name = token.find(key, std::min(start, token.size()));
    const std::size_t close = token.find(rule, std::min(name, token.size()));
    if (close == std::string_view::npos) {
        return false;
    }
    const std::string_view label = token.substr(start, close - start);
    const std::string text = unescaped(token.substr(close));
    const Body body =
        read_body(std::string_view(text).substr(std::min(text.find_first_not_of('-'), text.size())));
    const std::optional<std::string> bytes =
        decode_base64(std::string_view(body.base64).substr(0, std::min(body.base64.size(), enough)));
    if (!bytes || bytes->size() * 4 / 3 < least) {
        return false;
    }
    if (label.find("PGP") != std::string_view::npos) { // RFC 4880: a packet of secret key, old or new form
        const auto tag = static_cast<unsigned char>(bytes->front());
        return (tag & 0xfc) == 0x94 || tag == 0xc5;
    }
    return body.encrypted || bytes->starts_with("openssh-key-v1\0"sv) ||
           bytes->starts_with("\x3f\x6f\xf9\xeb") || begins_der(*bytes);
}

} // namespace egressd::scan::checks
