#include "scan/checksum.hpp"

#include "scan/text_codec.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <zlib.h>

namespace egressd::scan {

std::uint32_t crc32(std::string_view bytes) {
    const auto* data = reinterpret_cast<const Bytef*>(bytes.data());
    return static_cast<std::uint32_t>(::crc32_z(::crc32_z(0, nullptr, 0), data, bytes.size()));
}

std::uint16_t crc16_xmodem(std::string_view bytes) {
    unsigned crc = 0;
    for (const char byte : bytes) {
        crc ^= static_cast<unsigned>(static_cast<unsigned char>(byte)) << 8;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
        }
    }
    return static_cast<std::uint16_t>(crc);
}

std::string sha256(std::string_view bytes) {
    std::string digest(SHA256_DIGEST_LENGTH, '\0');
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
           reinterpret_cast<unsigned char*>(digest.data()));
    return digest;
}

namespace {

constexpr std::string_view bech32_alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr std::size_t bech32_proof = 6;

std::uint32_t bech32_step(std::uint32_t state, std::uint32_t value) {
    constexpr std::uint32_t generator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    const std::uint32_t top = state >> 25;
    state = (state & 0x1ffffff) << 5 ^ value;
    for (unsigned bit = 0; bit < 5; ++bit) {
        if ((top >> bit & 1) != 0) {
            state ^= generator[bit];
        }
    }
    return state;
}

} // namespace

bool is_bech32(std::string_view text) {
    if (std::any_of(text.begin(), text.end(), is_lower) && std::any_of(text.begin(), text.end(), is_upper)) {
        return false;
    }
    const std::size_t separator = text.rfind('1');
    if (separator == std::string_view::npos || separator == 0 || text.size() - separator - 1 < bech32_proof) {
        return false;
    }
    std::uint32_t state = 1;
    for (const char c : text.substr(0, separator)) {
        if (c < '!' || c > '~') {
            return false;
        }
        state = bech32_step(state, static_cast<std::uint32_t>(to_lower(c)) >> 5);
    }
    state = bech32_step(state, 0);
    for (const char c : text.substr(0, separator)) {
        state = bech32_step(state, static_cast<std::uint32_t>(to_lower(c)) & 31);
    }
    for (const char c : text.substr(separator + 1)) {
        const std::size_t value = bech32_alphabet.find(to_lower(c));
        if (value == std::string_view::npos) {
            return false;
        }
        state = bech32_step(state, static_cast<std::uint32_t>(value));
    }
    return state == 1;
}

std::optional<std::string> base58check_payload(std::string_view text) {
    constexpr std::size_t proof = 4;
    std::optional<std::string> bytes = decode_base58(text);
    if (!bytes || bytes->size() < proof) {
        return std::nullopt;
    }
    const std::string_view whole = *bytes;
    const std::string_view payload = whole.substr(0, whole.size() - proof);
    if (sha256(sha256(payload)).compare(0, proof, whole.substr(payload.size())) != 0) {
        return std::nullopt;
    }
    bytes->resize(payload.size());
    return bytes;
}

bool luhn_holds(std::string_view digits) {
    int sum = 0;
    bool doubled = false;
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, doubled = !doubled) {
        const int value = (*digit - '0') * (doubled ? 2 : 1);
        sum += value > 9 ? value - 9 : value;
    }
    return sum % 10 == 0;
}

bool mod97_holds(std::string_view iban) {
    constexpr std::size_t moved = 4;
    if (iban.size() <= moved) {
        return false;
    }
    int remainder = 0;
    for (std::size_t i = 0; i < iban.size(); ++i) {
        const char c = iban[(i + moved) % iban.size()];
        remainder = is_digit(c) ? remainder * 10 + (c - '0') : remainder * 100 + (c - 'A' + 10);
        remainder %= 97;
    }
    return remainder == 1;
}

} // namespace egressd::scan
