// How are numbers with a unit written? Text to number and back, with one spelling each way. It knows no keys
// and no ranges.
#pragma once

#include "net/result.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace egressd::config {

/// Decimal digits, no sign, no leading zero ("010" is 8 for other readers of YAML), at most 18 digits.
Result<std::int64_t> parse_integer(std::string_view text);

/// "500ms", "10s", "5m", "2h".
Result<std::chrono::milliseconds> parse_duration(std::string_view text);
/// In the largest unit that leaves no remainder: 90 s is "90s", 120 s is "2m".
std::string format_duration(std::chrono::milliseconds duration);

/// "512B", "64KiB", "10MiB", "1GiB"; in bytes.
Result<std::int64_t> parse_size(std::string_view text);
std::string format_size(std::int64_t bytes);

} // namespace egressd::config
