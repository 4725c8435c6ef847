// WebSocket frames for the tests of proxy/, made without the code that is tested.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace egressd::test {

/// `bytes`, masked with `key` byte by byte.
inline std::string masked(std::string bytes, std::string_view key) {
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<char>(bytes[i] ^ key[i % 4]);
    return bytes;
}

/// The first byte of a frame, then its length in the shortest form, its key (empty: unmasked), its payload.
inline std::string frame(unsigned first, const std::string& payload, std::string_view key = {}) {
    std::string out(1, static_cast<char>(first));
    const unsigned mask = key.empty() ? 0 : 0x80;
    const std::size_t size = payload.size();
    const unsigned extended = size < 126 ? 0 : size < 65536 ? 2 : 8;
    out += static_cast<char>(mask | (extended == 0 ? size : extended == 2 ? 126U : 127U));
    for (unsigned i = extended; i > 0; --i)
        out += static_cast<char>(size >> (8 * (i - 1)) & 0xff);
    return out.append(key) + (key.empty() ? payload : masked(payload, key));
}

inline constexpr std::string_view test_key("\x11\x22\x33\x44");

inline std::string client_frame(unsigned first, const std::string& payload) {
    return frame(first, payload, test_key);
}

inline std::string close_payload(unsigned code, std::string_view reason = {}) {
    return std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)}.append(reason);
}

} // namespace egressd::test
