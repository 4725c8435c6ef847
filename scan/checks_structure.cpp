// Formats without a checksum that still hold more than random characters: a binary structure, or text of a
// known shape in base64. Where a rule may have cut the token, so much of the structure as is there must be
// right.
#include "scan/check_functions.hpp"
#include "scan/checks.hpp"
#include "scan/text_codec.hpp"

#include <algorithm>
#include <string>

namespace egressd::scan::checks {

namespace {

unsigned byte_at(std::string_view bytes, std::size_t i) {
    return static_cast<unsigned char>(bytes[i]);
}

/// Takes the digits that the text begins with and the mark behind them; false when either is missing.
bool take_number(std::string_view& text, char mark) {
    std::size_t digits = 0;
    while (digits < text.size() && is_digit(text[digits])) {
        ++digits;
    }
    if (digits == 0 || digits == text.size() || text[digits] != mark) {
        return false;
    }
    text.remove_prefix(digits + 1);
    return true;
}

/// The packets of a version 2 macaroon: a type, and but for the end of a section (0) a length and that many
/// bytes.
class Packets {
public:
    explicit Packets(std::string_view bytes) : rest_(bytes) {}

    enum class Step { packet, cut, end };
    Step next() {
        if (rest_.empty()) {
            return Step::end;
        }
        type_ = byte_at(rest_, 0);
        rest_.remove_prefix(1);
        value_ = {};
        if (type_ == 0) {
            return Step::packet;
        }
        std::size_t length = 0;
        for (unsigned shift = 0; shift < 21; shift += 7) { // three bytes: more than any token holds
            if (rest_.empty()) {
                return Step::cut;
            }
            const unsigned byte = byte_at(rest_, 0);
            rest_.remove_prefix(1);
            length |= static_cast<std::size_t>(byte & 0x7f) << shift;
            if (byte < 0x80) {
                break;
            }
        }
        value_ = rest_.substr(0, length);
        rest_.remove_prefix(value_.size());
        return value_.size() == length ? Step::packet : Step::cut;
    }

    unsigned type() const { return type_; }
    std::string_view value() const { return value_; }

private:
    std::string_view rest_;
    unsigned type_ = 0;
    std::string_view value_;
};

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

} // namespace

bool macaroon(std::string_view token) {
    constexpr std::string_view prefix = "pypi-";
    enum : unsigned { end = 0, location = 1, identifier = 2, verification = 4, signature = 6 };
    const std::optional<std::string> bytes =
        decode_base64(token.starts_with(prefix) ? token.substr(prefix.size()) : token);
    if (!bytes || !bytes->starts_with('\x02')) {
        return false;
    }
    Packets packets(std::string_view(*bytes).substr(1));
    if (packets.next() != Packets::Step::packet || packets.type() != location ||
        !is_printable(packets.value())) {
        return false;
    }
    Packets::Step step = packets.next();
    if (step == Packets::Step::end || packets.type() != identifier || !is_printable(packets.value())) {
        return false;
    }
    while (step == Packets::Step::packet && packets.type() != signature) {
        step = packets.next();
        const unsigned type = packets.type();
        if (type != end && type != location && type != identifier && type != verification &&
            type != signature) {
            return false;
        }
    }
    return step != Packets::Step::packet ||
           (packets.value().size() == 32 && packets.next() == Packets::Step::end);
}

bool discord(std::string_view token) {
    const std::size_t dot = token.find('.');
    const std::optional<std::string> id = decode_base64(token.substr(0, dot));
    return id && id->size() >= 15 && id->size() <= 20 && std::all_of(id->begin(), id->end(), is_digit) &&
           dot != std::string_view::npos && !is_placeholder(token.substr(dot + 1)); // the id is no secret
}

bool slack_xoxe(std::string_view token) {
    // xoxe-1- or xoxe.xoxp-1-, then e.g. "3-1-TEAM-USER-HEX".
    constexpr std::string_view version = "-1-";
    const std::size_t at = token.find(version);
    if (!token.starts_with("xoxe") || at == std::string_view::npos) {
        return false;
    }
    const std::optional<std::string> text = decode_base64(token.substr(at + version.size()));
    std::string_view rest = text ? std::string_view(*text) : std::string_view();
    return take_number(rest, '-') && take_number(rest, '-') && take_number(rest, '-') && is_printable(rest);
}

bool jfrog(std::string_view token) {
    constexpr std::string_view kind = "reftkn:";
    const std::optional<std::string> text = decode_base64(token);
    if (!text || !text->starts_with(kind)) {
        return false;
    }
    std::string_view rest = std::string_view(*text).substr(kind.size());
    return take_number(rest, ':') && take_number(rest, ':') && is_printable(rest);
}

bool fly(std::string_view token) {
    constexpr std::string_view scheme = "FlyV1 ";
    if (token.starts_with(scheme)) {
        token.remove_prefix(scheme.size());
    }
    token = token.substr(0, token.find(',')); // more of them may follow
    const std::size_t body = token.find('_') + 1;
    if (body == 0 || body > 5) {
        return false;
    }
    const std::string_view kind = token.substr(0, body);
    const std::optional<std::string> bytes = decode_base64(token.substr(body));
    if (!bytes || bytes->size() < 16) {
        return false;
    }
    if (kind == "fo1_") {
        return true; // random bytes
    }
    // MessagePack: an array of four (nonce, location, caveats, tail); the nonce is an array of two or three.
    return kind.starts_with("fm") && byte_at(*bytes, 0) == 0x94 &&
           (byte_at(*bytes, 1) == 0x92 || byte_at(*bytes, 1) == 0x93) && !is_placeholder(token);
}

bool aws_key_id(std::string_view token) {
    // The base32 holds the account's number in 40 bits. Most of what they can be is a number of twelve
    // digits, so comparing would tell next to nothing; the alphabet, which lacks 0, 1, 8 and 9, tells more.
    constexpr std::size_t prefix = 4;
    constexpr std::size_t length = 20;
    return token.size() == length && decode_base32(token.substr(prefix)) &&
           std::none_of(token.begin(), token.end(), [](char c) { return is_lower(c) || c == '='; });
}

} // namespace egressd::scan::checks
