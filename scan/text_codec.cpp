#include "scan/text_codec.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace egressd::scan {

namespace {

using Values = std::array<std::int8_t, 256>;
constexpr std::int8_t none = -1;

constexpr void enter(Values& values, std::string_view alphabet) {
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
    }
}

/// Alphabets that spell the same values.
constexpr Values table(std::string_view alphabet, std::string_view other = {}) {
    Values values{};
    values.fill(none);
    enter(values, alphabet);
    enter(values, other);
    return values;
}

constexpr Values base64_values = table("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
constexpr Values base32_values =
    table("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "abcdefghijklmnopqrstuvwxyz234567");
constexpr Values base58_values = table("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz");

/// Bits of each character, the most significant first.
std::optional<std::string> decode_bits(std::string_view text, const Values& values, unsigned width) {
    while (!text.empty() && text.back() == '=') {
        text.remove_suffix(1);
    }
    std::string bytes;
    bytes.reserve(text.size() * width / 8);
    std::uint32_t pending = 0;
    unsigned bits = 0;
    for (const char c : text) {
        const std::int8_t value = values[static_cast<unsigned char>(c)];
        if (value == none) {
            return std::nullopt;
        }
        pending = pending << width | static_cast<std::uint32_t>(value);
        bits += width;
        if (bits >= 8) {
            bits -= 8;
            bytes.push_back(static_cast<char>(pending >> bits & 0xff));
        }
    }
    return bytes;
}

} // namespace

std::optional<std::string> decode_base64(std::string_view text) {
    return decode_bits(text, base64_values, 6);
}

std::optional<std::string> decode_base32(std::string_view text) {
    return decode_bits(text, base32_values, 5);
}

std::optional<std::string> decode_base58(std::string_view text) {
    if (text.size() > max_base58) {
        return std::nullopt;
    }
    std::string reversed; // the number, its least significant byte first
    for (const char c : text) {
        const std::int8_t value = base58_values[static_cast<unsigned char>(c)];
        if (value == none) {
            return std::nullopt;
        }
        auto carry = static_cast<unsigned>(value);
        for (char& byte : reversed) {
            carry += 58U * static_cast<unsigned char>(byte);
            byte = static_cast<char>(carry & 0xff);
            carry >>= 8;
        }
        if (carry != 0) {
            reversed.push_back(static_cast<char>(carry));
        }
    }
    for (std::size_t i = 0; i < text.size() && text[i] == '1'; ++i) {
        reversed.push_back('\0');
    }
    return std::string(reversed.rbegin(), reversed.rend());
}

std::string to_digits(std::uint32_t number, std::string_view alphabet, std::size_t width) {
    std::string reversed;
    const auto base = static_cast<std::uint32_t>(alphabet.size());
    for (; number != 0; number /= base) {
        reversed.push_back(alphabet[number % base]);
    }
    while (reversed.size() < width) {
        reversed.push_back(alphabet.front());
    }
    return {reversed.rbegin(), reversed.rend()};
}

std::optional<std::uint32_t> parse_hex32(std::string_view text) {
    if (text.size() != 8) {
        return std::nullopt;
    }
    std::uint32_t number = 0;
    for (const char c : text) {
        const std::size_t value = base36_lower.substr(0, 16).find(to_lower(c));
        if (value == std::string_view::npos) {
            return std::nullopt;
        }
        number = number << 4 | static_cast<std::uint32_t>(value);
    }
    return number;
}

CodePoint decode_utf8(std::string_view text) {
    const auto byte = [&](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
    };
    const auto continues = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
    const std::uint32_t first = byte(0);
    if (first >= 0xc2 && first < 0xe0 && continues(1))
        return {(first & 0x1f) << 6 | (byte(1) & 0x3f), 2};
    if (first >= 0xe0 && first < 0xf0 && continues(1) && continues(2))
        return {(first & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f), 3};
    if (first >= 0xf0 && first < 0xf5 && continues(1) && continues(2) && continues(3))
        return {(first & 0x07) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 | (byte(3) & 0x3f), 4};
    return {first, 1};
}

NamedCharacter named_character(std::string_view text) {
    constexpr std::pair<std::string_view, char> names[] = {
        {"amp;", '&'},    {"ast;", '*'},  {"colon;", ':'},  {"commat;", '@'}, {"dollar;", '$'},
        {"equals;", '='}, {"excl;", '!'}, {"lowbar;", '_'}, {"num;", '#'},    {"percnt;", '%'},
        {"period;", '.'}, {"plus;", '+'}, {"quest;", '?'},  {"sol;", '/'},    {"UnderBar;", '_'},
    };
    for (const auto& [name, character] : names)
        if (text.starts_with(name))
            return {name.size(), character};
    return {};
}

bool begins_token(std::string_view text) {
    constexpr std::size_t least = 16;
    constexpr std::size_t enough = 64;
    constexpr std::string_view others = "-_./+:=~!|#^%@";
    bool digit = false;
    bool upper = false;
    bool lower = false;
    std::size_t size = 0;
    for (; size < std::min(text.size(), enough); ++size) {
        const char c = text[size];
        if (!is_alnum(c) && others.find(c) == std::string_view::npos)
            break;
        digit = digit || is_digit(c);
        upper = upper || is_upper(c);
        lower = lower || is_lower(c);
    }
    return size >= least && (digit || (upper && lower));
}

} // namespace egressd::scan
