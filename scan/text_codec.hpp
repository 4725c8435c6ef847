// What bytes does an encoded token stand for? Small pure decoders of whole tokens, and the fixed-width
// numbers that token formats end with. Finding encoded text inside other text is the scanner's business, not
// this file's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace egressd::scan {

/// RFC 4648 base64 in either alphabet (even mixed), padded or not. A text that was cut decodes as far as
/// whole bytes go. nullopt: it holds something else, or more after its padding.
std::optional<std::string> decode_base64(std::string_view text);

/// RFC 4648 base32 in either case, padded or not; a remainder of less than a byte is dropped.
std::optional<std::string> decode_base32(std::string_view text);

/// Longest text that decode_base58 takes: its time grows with the square of the length, and no key is longer.
inline constexpr std::size_t max_base58 = 128;
/// Bitcoin's base58; each leading '1' is a zero byte.
std::optional<std::string> decode_base58(std::string_view text);

/// The number's digits, padded on the left with the alphabet's first character to at least `width`.
std::string to_digits(std::uint32_t number, std::string_view alphabet, std::size_t width);
inline constexpr std::string_view base36_lower = "0123456789abcdefghijklmnopqrstuvwxyz";
inline constexpr std::string_view base62_upper_first =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
inline constexpr std::string_view base62_lower_first =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Eight hexadecimal digits of either case, the most significant first; nullopt for anything else.
std::optional<std::uint32_t> parse_hex32(std::string_view text);

struct CodePoint {
    std::uint32_t value = 0;
    std::size_t size = 1; // in bytes; a byte that is not UTF-8 stands for itself
};
/// The first one of `text`, which is not empty (RFC 3629; surrogates and overlong forms of three and four
/// bytes are taken as they come).
CodePoint decode_utf8(std::string_view text);

// ASCII alone, whatever the locale.
constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
constexpr bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
constexpr bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
constexpr bool is_alnum(char c) {
    return is_digit(c) || is_lower(c) || is_upper(c);
}
/// HTML's name for a character that stands in tokens, in front of `text` without its '&', as far as the ';'.
struct NamedCharacter {
    std::size_t size = 0; // with ';'; 0: there is none
    char character = 0;
};
NamedCharacter named_character(std::string_view text);

/// A run of what tokens are made of, as long as the shortest of them, with a digit or in both cases.
bool begins_token(std::string_view text);

/// 0 to 15, or 16 for what is no hexadecimal digit.
constexpr unsigned hex_digit(char c) {
    if (is_digit(c))
        return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f')
        return static_cast<unsigned>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F')
        return static_cast<unsigned>(c - 'A' + 10);
    return 16;
}
constexpr bool is_hex_digit(char c) {
    return hex_digit(c) < 16;
}
constexpr char to_lower(char c) {
    return is_upper(c) ? static_cast<char>(c + ('a' - 'A')) : c;
}

} // namespace egressd::scan
