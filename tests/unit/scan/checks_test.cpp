// Formats that prove themselves by a checksum. Each token is made by the format's rule and by the algorithms
// of tokens.hpp; changing any one character of it must break it.
#include "scan/checks.hpp"
#include "tests/unit/scan/tokens.hpp"

#include <catch2/catch.hpp>
#include <openssl/evp.h>

#include <algorithm>
#include <cctype>

using namespace egressd::scan;
using namespace egressd::scan::tokens;

namespace {

const std::string base62_lower_first = digits + lower + upper;

bool holds(std::string_view check, const std::string& token) {
    const Check found = find_check(check);
    REQUIRE(found != nullptr);
    return found(token);
}

/// By another door of the library than scan/ takes.
std::string sha256_by_evp(const std::string& bytes) {
    std::string digest(EVP_MAX_MD_SIZE, '\0');
    unsigned size = 0;
    REQUIRE(EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), &size,
                       EVP_sha256(), nullptr) == 1);
    return digest.substr(0, size);
}

std::string base58check(const std::string& payload) {
    return to_base58(payload + sha256_by_evp(sha256_by_evp(payload)).substr(0, 4));
}

/// CRC-16/XMODEM as a division of polynomials, a bit of the message at a time.
std::uint16_t crc16(const std::string& bytes) {
    unsigned remainder = 0;
    for (const char byte : bytes + std::string(2, '\0')) {
        for (int bit = 7; bit >= 0; --bit) {
            remainder = remainder << 1 | (static_cast<unsigned char>(byte) >> bit & 1U);
            remainder ^= (remainder & 0x10000) != 0 ? 0x11021U : 0U;
        }
    }
    return static_cast<std::uint16_t>(remainder);
}

/// BIP-173: the six values that make the polynomial's remainder 1.
std::string bech32(const std::string& name, const std::string& values) {
    const std::string alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    std::string all;
    for (const char c : name) {
        all += static_cast<char>(c >> 5);
    }
    all += '\0';
    for (const char c : name) {
        all += static_cast<char>(c & 31);
    }
    std::uint64_t state = 1;
    for (const char value : all + values + std::string(6, '\0')) {
        const std::uint64_t top = state >> 25;
        state = (state & 0x1ffffff) << 5 ^ static_cast<std::uint64_t>(value);
        state ^= (top & 1 ? 0x3b6a57b2U : 0U) ^ (top & 2 ? 0x26508e6dU : 0U) ^ (top & 4 ? 0x1ea119faU : 0U) ^
                 (top & 8 ? 0x3d4233ddU : 0U) ^ (top & 16 ? 0x2a1462b3U : 0U);
    }
    std::string text = name + '1';
    for (const char value : values) {
        text += alphabet[static_cast<std::size_t>(value)];
    }
    for (int i = 5; i >= 0; --i) {
        text += alphabet[(state ^ 1) >> (5 * i) & 31];
    }
    return text;
}

std::string base62_crc(const std::string& summed) {
    return number(crc(summed), base62, 6);
}

std::string in_upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
    return text;
}

std::string in_lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

/// Makes tokens; `free_tail` of their last characters are bound by nothing.
template <class Make>
void require_proof(std::string_view check, Make make, std::size_t free_tail = 0) {
    for (int i = 0; i < 20; ++i) {
        const std::string token = make();
        INFO(check << ' ' << token);
        REQUIRE(holds(check, token));
        for (std::size_t at = 0; at < token.size() - free_tail; ++at) {
            std::string wrong = token;
            wrong[at] = wrong[at] == '7' ? '6' : '7';
            INFO(wrong);
            CHECK_FALSE(holds(check, wrong));
        }
        CHECK_FALSE(holds(check, token + "7"));
        for (std::size_t length = 0; length < token.size(); ++length) {
            CHECK_FALSE(holds(check, token.substr(0, length)));
        }
    }
}

} // namespace

TEST_CASE("checks have names, and only those") {
    CHECK(std::is_sorted(check_names().begin(), check_names().end()));
    CHECK(check_names().size() == 39);
    for (const std::string_view name : check_names()) {
        CHECK(find_check(name) != nullptr);
        CHECK_FALSE(find_check(name)(""));
    }
    for (const char* name : {"", "git", "githubs", "GitHub", "zzz", "bip39"}) {
        CHECK(find_check(name) == nullptr);
    }
}

TEST_CASE("CRC-32 in base62") {
    const auto with_crc = [](std::size_t size) {
        const std::string body = random(base62, size);
        return body + base62_crc(body);
    };
    CHECK(holds("github", "ghp_" + with_crc(30)));
    for (const char* prefix : {"ghp_", "gho_", "ghu_", "ghs_", "ghr_"}) {
        CHECK(holds("github", prefix + with_crc(30)));
        CHECK(holds("github", prefix + with_crc(70)));
        CHECK_FALSE(holds("github", prefix + random(base62, 36)));
    }
    require_proof("npm", [&] { return "npm_" + with_crc(30); });
    for (const char* prefix : {"vcp_", "vci_", "vca_", "vcr_", "vck_"}) {
        CHECK(holds("vercel", prefix + with_crc(50)));
    }
    CHECK_FALSE(holds("vercel", "vcp_" + with_crc(49)));
    CHECK_FALSE(holds("vercel", "vcp_" + random(base62, 56)));
    CHECK(holds("salad", "salad_cloud_" + with_crc(40)));
    CHECK_FALSE(holds("salad", "salad_cloud_" + random(base62, 46)));
    require_proof("apify", [] {
        const std::string summed = "apify_api_" + random(base62, 30);
        return summed + number(crc(summed), base62_lower_first, 6);
    });
}

TEST_CASE("CRC-32 whose digits begin with zeros keeps its width") {
    std::string body;
    do {
        body = random(base62, 30);
    } while (base62_crc(body)[0] != '0');
    CHECK(holds("github", "ghp_" + body + base62_crc(body)));
}

TEST_CASE("CRC-32 in other digits") {
    require_proof("gitlab-routable", [] {
        const std::string summed = "glpat-" + random(base64url, 60) + ".01." + random(digits + lower, 2);
        return summed + number(crc(summed), digits + lower, 7);
    });
    require_proof("gitlab-routable", [] { // older
        const std::string summed = "glrt-t1_" + random(base64url, 27) + "." + random(digits + lower, 2);
        return summed + number(crc(summed), digits + lower, 7);
    });
    require_proof("grafana", [] {
        const std::string summed = "glsa_" + random(base62, 32);
        return summed + '_' + to_hex(little_endian(crc(summed), 4));
    });
    for (const char* prefix : {"ATATT3xFfGF0", "ATCTT3xFfGN0", "ATBB"}) {
        require_proof("atlassian", [prefix] {
            const std::string summed = prefix + random(base64url, 40) + '=';
            return summed + in_upper(to_hex(big_endian(crc(summed), 4)));
        });
    }
    for (const char* prefix : {"cfut_", "cfat_", "cfk_"}) {
        const std::string body = random(base62, 40);
        CHECK(holds("cloudflare", prefix + body + to_hex(big_endian(crc(body), 4))));
        CHECK_FALSE(holds("cloudflare", prefix + random(base62, 40) + to_hex(big_endian(crc(body), 4))));
    }
    require_proof(
        "confluent",
        [] {
            const std::string body = random(base64, 54);
            return "cflt" + body + to_base64(little_endian(crc(body), 4));
        },
        1); // the last character's lowest bits are no byte's
    require_proof("zuplo", [] {
        const std::string body = random(base62, 32);
        return "zpka_" + body + '_' + to_hex(big_endian(crc(body), 4));
    });
    require_proof("canva", [] {
        const std::string summed = "cnvca" + random(base64url, 43);
        return summed + to_hex(big_endian(crc(summed), 4));
    });
}

TEST_CASE("a hash inside the token") {
    require_proof(
        "github-fine",
        [] {
            const std::string summed = "github_pat_" + random(base62, 22) + '_' + random(base62, 43);
            return summed + to_base32(sha256_by_evp(summed).substr(0, 5)) + random(base62, 8);
        },
        8);
}

TEST_CASE("bech32, CRC-16, Base58Check") {
    require_proof("age", [] {
        std::string values;
        for (int i = 0; i < 52; ++i) {
            values += random(std::string("\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20\21\22\23", 20), 1);
        }
        return in_upper(bech32("age-secret-key-", values));
    });
    for (const char* kind : {"SU", "SA", "SO", "SN", "SC", "SX"}) {
        // Two characters and the next one's upper six bits are the kind: make one that begins so.
        std::string bytes;
        do {
            bytes = random_bytes(34);
            bytes[0] = static_cast<char>(18 << 3 | (static_cast<unsigned char>(bytes[0]) & 7));
        } while (to_base32(bytes).compare(0, 2, kind) != 0);
        const std::string seed = to_base32(bytes + little_endian(crc16(bytes), 2));
        REQUIRE(seed.size() == 58);
        CHECK(holds("nats", seed));
        for (std::size_t at = 0; at + 1 < seed.size(); ++at) { // the last one's lowest bits are no byte's
            std::string wrong = seed;
            wrong[at] = wrong[at] == '7' ? '6' : '7';
            CHECK_FALSE(holds("nats", wrong));
        }
    }
    require_proof("wif", [] { return base58check('\x80' + random_bytes(32)); });
    CHECK(holds("wif", base58check('\x80' + random_bytes(32) + '\x01')));
    CHECK(holds("wif", base58check('\xef' + random_bytes(32) + '\x01')));
    CHECK_FALSE(holds("wif", base58check('\0' + random_bytes(20)))); // an address
    CHECK_FALSE(holds("wif", base58check('\x80' + random_bytes(32) + '\x02')));
    const auto extended = [](const char* version, char mark) {
        return base58check(version + random_bytes(41) + mark + random_bytes(32));
    };
    require_proof("xprv", [&] { return extended("\x04\x88\xad\xe4", '\0'); });
    CHECK(extended("\x04\x88\xad\xe4", '\0').starts_with("xprv"));
    CHECK(holds("xprv", extended("\x04\x35\x83\x94", '\0')));
    CHECK_FALSE(holds("xprv", extended("\x04\x88\xb2\x1e", '\0')));   // public
    CHECK_FALSE(holds("xprv", extended("\x04\x88\xad\xe4", '\x02'))); // a public key's mark
}

TEST_CASE("check digits") {
    CHECK(holds("luhn", "4111 1111 1111 1111"));
    CHECK(holds("luhn", "5500-0000-0000-0004"));
    CHECK_FALSE(holds("luhn", "4111 1111 1111 1112"));
    CHECK_FALSE(holds("luhn", "0000000000000000"));
    CHECK_FALSE(holds("luhn", "79927398713")); // too short for a card
    CHECK_FALSE(holds("luhn", "4111111111111111a"));
    CHECK(holds("iban", "GB82 WEST 1234 5698 7654 32"));
    CHECK(holds("iban", "DE89370400440532013000"));
    CHECK_FALSE(holds("iban", "DE89370400440532013001"));
    CHECK_FALSE(holds("iban", "XX82WEST12345698765432"));
    CHECK_FALSE(holds("iban", "FR82WEST12345698765432")); // right digits, wrong length
    CHECK_FALSE(holds("iban", "de89370400440532013000"));
}

TEST_CASE("an old Azure DevOps token holds its CRC in four places") {
    for (const std::uint32_t kind : {0xe0b9692dU, 0x1019f92eU}) {
        const std::string body = random_bytes(28);
        const std::string sum = little_endian(crc(body) ^ kind, 4);
        std::string bytes;
        std::size_t next = 0;
        for (std::size_t at = 0; at < 32; ++at) {
            bytes += at == 22  ? sum[0]
                     : at == 8 ? sum[1]
                     : at == 7 ? sum[2]
                     : at == 2 ? sum[3]
                               : body[next++];
        }
        const std::string token = in_lower(to_base32(bytes));
        REQUIRE(token.size() == 52);
        CHECK(holds("azure-devops", token));
        for (std::size_t at = 0; at + 1 < token.size(); ++at) {
            std::string wrong = token;
            wrong[at] = wrong[at] == '7' ? '6' : '7';
            CHECK_FALSE(holds("azure-devops", wrong));
        }
        CHECK_FALSE(holds("azure-devops", random(lower + "234567", 52)));
    }
}
