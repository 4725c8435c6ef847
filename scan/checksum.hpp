// Does the checksum hold? The plain algorithms that token formats use, each over bytes that are at hand.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace egressd::scan {

/// CRC-32/ISO-HDLC, the one of zlib and Ethernet: of "123456789" it is cbf43926.
std::uint32_t crc32(std::string_view bytes);

/// CRC-16/XMODEM: of "123456789" it is 31c3.
std::uint16_t crc16_xmodem(std::string_view bytes);

/// 32 bytes.
std::string sha256(std::string_view bytes);

/// BIP-173 of any length: one case, a human-readable part, '1', and data whose last six characters prove it
/// all.
bool is_bech32(std::string_view text);

/// The bytes before the four that prove them (of SHA-256 twice), or nullopt.
std::optional<std::string> base58check_payload(std::string_view text);

/// ISO/IEC 7812's check digit; `digits` holds digits alone and is not empty.
bool luhn_holds(std::string_view digits);

/// ISO 7064 MOD 97-10 as IBANs use it: the first four characters count as the last. Digits and capital
/// letters.
bool mod97_holds(std::string_view iban);

} // namespace egressd::scan
