// Tokens made at run time: random text, and encoders and checksums by another route than scan/'s own.
#pragma once

#include <cstdint>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace egressd::scan::tokens {

inline const std::string digits = "0123456789";
inline const std::string hex = digits + "abcdef";
inline const std::string lower = "abcdefghijklmnopqrstuvwxyz";
inline const std::string upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
inline const std::string base32 = upper + "234567";
inline const std::string base62 = digits + upper + lower;
inline const std::string base64 = upper + lower + digits + "+/";
inline const std::string base64url = upper + lower + digits + "-_";
inline const std::string base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// One seed: a failure can be had again.
inline std::mt19937& chance() {
    static std::mt19937 engine(20240607);
    return engine;
}

inline std::string random(const std::string& alphabet, std::size_t length) {
    std::uniform_int_distribution<std::size_t> pick(0, alphabet.size() - 1);
    std::string text;
    for (std::size_t i = 0; i < length; ++i) {
        text += alphabet[pick(chance())];
    }
    return text;
}

inline std::string random_bytes(std::size_t length) {
    static const std::string all = [] {
        std::string bytes;
        for (int byte = 0; byte < 256; ++byte) {
            bytes += static_cast<char>(byte);
        }
        return bytes;
    }();
    return random(all, length);
}

/// Bit by bit from the polynomial.
inline std::uint32_t crc(std::string_view bytes) {
    std::uint32_t value = 0xffffffff;
    for (const char byte : bytes) {
        value ^= static_cast<unsigned char>(byte);
        for (int bit = 0; bit < 8; ++bit) {
            value = value >> 1 ^ ((value & 1) != 0 ? 0xedb88320U : 0U);
        }
    }
    return ~value;
}

inline std::string number(std::uint64_t value, const std::string& alphabet, std::size_t width) {
    std::string text(width, alphabet[0]);
    for (std::size_t i = width; i-- > 0; value /= alphabet.size()) {
        text[i] = alphabet[value % alphabet.size()];
    }
    return text;
}

/// The bits, `width` at a time, unpadded.
inline std::string encode_bits(std::string_view bytes, const std::string& alphabet, std::size_t width) {
    std::vector<bool> bits;
    for (const char byte : bytes) {
        for (int bit = 7; bit >= 0; --bit) {
            bits.push_back((static_cast<unsigned char>(byte) >> bit & 1) != 0);
        }
    }
    std::string text;
    for (std::size_t at = 0; at < bits.size(); at += width) {
        std::size_t value = 0;
        for (std::size_t bit = at; bit < at + width; ++bit) {
            value = value * 2 + (bit < bits.size() && bits[bit] ? 1 : 0);
        }
        text += alphabet[value];
    }
    return text;
}

inline std::string to_base64(std::string_view bytes) {
    return encode_bits(bytes, base64, 6);
}
inline std::string to_base32(std::string_view bytes) {
    return encode_bits(bytes, base32, 5);
}

/// Long division by 58.
inline std::string to_base58(std::string bytes) {
    std::string reversed;
    const std::size_t zeros = bytes.find_first_not_of('\0');
    const std::size_t leading = zeros == std::string::npos ? bytes.size() : zeros;
    while (bytes.find_first_not_of('\0') != std::string::npos) {
        unsigned remainder = 0;
        for (char& byte : bytes) {
            const unsigned value = remainder * 256 + static_cast<unsigned char>(byte);
            byte = static_cast<char>(value / 58);
            remainder = value % 58;
        }
        reversed += base58[remainder];
    }
    reversed.append(leading, '1');
    return {reversed.rbegin(), reversed.rend()};
}

/// The number's bytes, the least significant first.
inline std::string little_endian(std::uint64_t value, std::size_t size) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) {
        bytes += static_cast<char>(value >> (8 * i) & 0xff);
    }
    return bytes;
}

inline std::string big_endian(std::uint64_t value, std::size_t size) {
    const std::string bytes = little_endian(value, size);
    return {bytes.rbegin(), bytes.rend()};
}

inline std::string to_hex(std::string_view bytes) {
    return encode_bits(bytes, hex, 4);
}

} // namespace egressd::scan::tokens
