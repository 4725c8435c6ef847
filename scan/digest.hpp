// What stands for a secret where the secret itself must not: its SHA-256, and a keyed hash of it.
#pragma once

#include "scan/finding.hpp"

#include <span>
#include <string>
#include <string_view>

namespace egressd::scan {

Digest sha256(std::string_view bytes);
/// HMAC-SHA-256 (RFC 2104).
Digest keyed_digest(std::string_view key, std::string_view bytes);
/// Lower-case hex digits.
std::string hex(std::span<const unsigned char> bytes);

} // namespace egressd::scan
