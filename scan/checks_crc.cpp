// Formats whose last characters are the CRC-32 of those before them. They differ in where the summed part
// begins, in the digits, and in the order of the bytes.
#include "scan/check_functions.hpp"
#include "scan/checksum.hpp"
#include "scan/text_codec.hpp"

#include <algorithm>

namespace egressd::scan::checks {

namespace {

constexpr std::size_t base62_width = 6;
constexpr std::size_t hex_width = 8;

/// `text` ends with the number of what stands before, in the alphabet's digits.
bool ends_with_crc(std::string_view text, std::string_view alphabet, std::size_t width) {
    if (text.size() <= width) {
        return false;
    }
    const std::string_view summed = text.substr(0, text.size() - width);
    return text.substr(summed.size()) == to_digits(crc32(summed), alphabet, width);
}

bool proves(std::string_view hex, std::string_view summed) {
    return parse_hex32(hex) == crc32(summed);
}

bool ends_with_hex_crc(std::string_view text) {
    return text.size() > hex_width &&
           proves(text.substr(text.size() - hex_width), text.substr(0, text.size() - hex_width));
}

/// What follows the prefix when it has that many characters, else nothing.
std::string_view body(std::string_view token, std::string_view prefix, std::size_t size) {
    return token.starts_with(prefix) && token.size() == prefix.size() + size ? token.substr(prefix.size())
                                                                             : std::string_view();
}

std::uint32_t swapped(std::uint32_t n) {
    return n << 24 | (n & 0xff00) << 8 | (n >> 8 & 0xff00) | n >> 24;
}

} // namespace

bool github(std::string_view token) {
    // ghp_, gho_, ghu_, ghs_ have 36 characters behind the prefix, ghr_ has 76.
    constexpr std::size_t prefix = 4;
    constexpr std::size_t least = 36;
    return token.size() >= prefix + least && token.starts_with("gh") && token[3] == '_' &&
           ends_with_crc(token.substr(prefix), base62_upper_first, base62_width);
}

bool npm(std::string_view token) {
    return ends_with_crc(body(token, "npm_", 36), base62_upper_first, base62_width);
}

bool gitlab_routable(std::string_view token) {
    // PREFIX PAYLOAD .VERSION .LENGTH CRC; the older form has no version. LENGTH has two characters.
    constexpr std::size_t crc = 7;
    constexpr std::size_t tail = 1 + 2 + crc;
    return token.size() > tail && token[token.size() - tail] == '.' &&
           ends_with_crc(token, base36_lower, crc);
}

bool grafana(std::string_view token) {
    constexpr std::size_t summed = 37; // "glsa_" and 32 characters
    if (token.size() != summed + 1 + hex_width || !token.starts_with("glsa_") || token[summed] != '_') {
        return false;
    }
    return parse_hex32(token.substr(summed + 1)) == swapped(crc32(token.substr(0, summed)));
}

bool atlassian(std::string_view token) {
    return ends_with_hex_crc(token);
}

bool cloudflare(std::string_view token) {
    const std::size_t prefix = token.find('_') + 1; // cfut_, cfat_, cfk_
    return prefix != 0 && token.size() == prefix + 40 + hex_width && ends_with_hex_crc(token.substr(prefix));
}

bool vercel(std::string_view token) {
    constexpr std::size_t prefix = 4; // vcp_, vci_, vca_, vcr_, vck_
    return token.size() == prefix + 56 && token.starts_with("vc") && token[3] == '_' &&
           ends_with_crc(token.substr(prefix), base62_upper_first, base62_width);
}

bool apify(std::string_view token) {
    return !body(token, "apify_api_", 36).empty() && ends_with_crc(token, base62_lower_first, base62_width);
}

bool confluent(std::string_view token) {
    // The last six are the base64 of the CRC's bytes, the least significant first, over the 54 before them.
    constexpr std::size_t summed = 54;
    const std::string_view rest = body(token, "cflt", summed + 6);
    if (rest.empty()) {
        return false;
    }
    const std::uint32_t crc = crc32(rest.substr(0, summed));
    const std::optional<std::string> proof = decode_base64(rest.substr(summed));
    return proof && *proof == std::string{static_cast<char>(crc & 0xff), static_cast<char>(crc >> 8 & 0xff),
                                          static_cast<char>(crc >> 16 & 0xff), static_cast<char>(crc >> 24)};
}

bool zuplo(std::string_view token) {
    constexpr std::size_t summed = 32;
    const std::string_view rest = body(token, "zpka_", summed + 1 + hex_width);
    return !rest.empty() && rest[summed] == '_' && proves(rest.substr(summed + 1), rest.substr(0, summed));
}

bool canva(std::string_view token) {
    return !body(token, "cnvca", 43 + hex_width).empty() && ends_with_hex_crc(token);
}

bool salad(std::string_view token) {
    constexpr std::string_view prefix = "salad_cloud_";
    return token.starts_with(prefix) &&
           ends_with_crc(token.substr(prefix.size()), base62_upper_first, base62_width);
}

} // namespace egressd::scan::checks
