// Formats that prove themselves by something other than a CRC-32: a hash, a polynomial code, a check digit.
#include "scan/check_functions.hpp"
#include "scan/checksum.hpp"
#include "scan/text_codec.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace egressd::scan::checks {

namespace {

/// Without the spaces and hyphens that people group digits with.
std::string ungrouped(std::string_view text) {
    std::string rest(text);
    std::erase_if(rest, [](char c) { return c == ' ' || c == '-'; });
    return rest;
}

} // namespace

bool github_fine(std::string_view token) {
    // github_pat_, 22, '_', 59. Of the 59 the 44th to the 51st are the base32 of the SHA-256 of all before
    // them.
    constexpr std::size_t summed = 11 + 22 + 1 + 43;
    constexpr std::size_t proof = 8;
    constexpr std::size_t whole = summed + proof + 8;
    if (token.size() != whole || !token.starts_with("github_pat_")) {
        return false;
    }
    const std::optional<std::string> bytes = decode_base32(token.substr(summed, proof));
    return bytes && sha256(token.substr(0, summed)).starts_with(*bytes);
}

bool age(std::string_view token) {
    constexpr std::string_view prefix = "age-secret-key-1";
    constexpr std::size_t data = 58; // 32 bytes and the proof
    return token.size() == prefix.size() + data &&
           std::equal(prefix.begin(), prefix.end(), token.begin(),
                      [](char a, char b) { return a == to_lower(b); }) &&
           is_bech32(token);
}

bool nats(std::string_view token) {
    // Two bytes of kind (five bits "seed", eight bits of whose), 32 of seed, two of CRC, the lesser first.
    constexpr std::size_t length = 58;
    constexpr std::size_t summed = 34;
    constexpr unsigned seed = 18U << 3;
    const std::optional<std::string> bytes =
        token.size() == length ? decode_base32(token) : std::optional<std::string>();
    if (!bytes || (static_cast<unsigned char>(bytes->front()) & 0xf8U) != seed) {
        return false;
    }
    const std::uint16_t crc = crc16_xmodem(std::string_view(*bytes).substr(0, summed));
    return static_cast<unsigned char>((*bytes)[summed]) == (crc & 0xffU) &&
           static_cast<unsigned char>((*bytes)[summed + 1]) == crc >> 8;
}

bool wif(std::string_view token) {
    const std::optional<std::string> payload = base58check_payload(token);
    if (!payload || payload->empty() || (payload->front() != '\x80' && payload->front() != '\xef')) {
        return false; // neither Bitcoin's main network nor its test network
    }
    return payload->size() == 33 || (payload->size() == 34 && payload->back() == '\x01');
}

bool xprv(std::string_view token) {
    // BIP-32 and SLIP-132: version 4, depth 1, parent 4, child 4, chain code 32, 0, key 32.
    constexpr std::size_t size = 78;
    constexpr std::size_t key = 45;
    constexpr std::array<std::string_view, 6> versions = {
        "\x04\x88\xad\xe4", "\x04\x35\x83\x94", "\x04\x9d\x78\x78",
        "\x04\xb2\x43\x0c", "\x04\x4a\x4e\x28", "\x04\x5f\x18\xbc"}; // x, t, y, z, u, v
    const std::optional<std::string> payload = base58check_payload(token);
    return payload && payload->size() == size && (*payload)[key] == '\0' &&
           std::find(versions.begin(), versions.end(), std::string_view(*payload).substr(0, 4)) !=
               versions.end();
}

bool luhn(std::string_view token) {
    const std::string digits = ungrouped(token);
    return digits.size() >= 12 && digits.size() <= 19 &&
           std::all_of(digits.begin(), digits.end(), is_digit) &&
           digits.find_first_not_of(digits.front()) != std::string::npos && luhn_holds(digits);
}

bool iban(std::string_view token) {
    // Each country of the registry with its length: the check digits alone let one text in 97 through.
    constexpr std::string_view lengths =
        "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18"
        "FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21"
        "LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24"
        "SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30";
    constexpr std::size_t row = 4;
    const std::string text = ungrouped(token);
    if (text.size() < row ||
        !std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || is_upper(c); })) {
        return false;
    }
    for (std::size_t i = 0; i < lengths.size(); i += row) {
        if (lengths.substr(i, 2) == std::string_view(text).substr(0, 2)) {
            const int length = (lengths[i + 2] - '0') * 10 + (lengths[i + 3] - '0');
            return text.size() == static_cast<std::size_t>(length) && mod97_holds(text);
        }
    }
    return false;
}

} // namespace egressd::scan::checks
