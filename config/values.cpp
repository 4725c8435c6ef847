#include "config/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <span>

namespace egressd::config {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t factor;
};

// Ascending, because formatting looks for the last that divides.
constexpr std::array duration_units{Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000}, Unit{"h", 3'600'000}};
constexpr std::array size_units{Unit{"B", 1}, Unit{"KiB", std::int64_t{1} << 10},
                                Unit{"MiB", std::int64_t{1} << 20}, Unit{"GiB", std::int64_t{1} << 30}};

/// What fits into 64 bits whatever its unit's factor is checked below; this keeps the digits themselves in
/// range.
constexpr std::size_t max_digits = 18;

Result<std::int64_t> parse_with_unit(std::string_view text, std::span<const Unit> units,
                                     const char* expected) {
    const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto unit = std::find_if(units.begin(), units.end(),
                                   [&](const Unit& candidate) { return candidate.name == text.substr(end); });
    if (unit == units.end())
        return Error{Side::self, expected};
    const Result<std::int64_t> number = parse_integer(text.substr(0, end));
    if (!number)
        return Error{Side::self, expected};
    if (*number > std::numeric_limits<std::int64_t>::max() / unit->factor)
        return Error{Side::self, "the number is too large"};
    return *number * unit->factor;
}

std::string format_with_unit(std::int64_t value, std::span<const Unit> units) {
    const Unit* best = &units.front();
    for (const Unit& unit : units) {
        if (value != 0 && value % unit.factor == 0)
            best = &unit;
    }
    return std::to_string(value / best->factor) + std::string(best->name);
}

} // namespace

Result<std::int64_t> parse_integer(std::string_view text) {
    const bool digits = !text.empty() && text.size() <= max_digits &&
                        text.find_first_not_of("0123456789") == std::string_view::npos;
    if (!digits)
        return Error{Side::self, "expected a whole number in decimal digits"};
    if (text.size() > 1 && text.front() == '0')
        return Error{Side::self, "a leading zero reads as octal elsewhere; write the number without it"};
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
    const Result<std::int64_t> count = parse_with_unit(
        text, duration_units, "expected a duration with its unit, such as 500ms, 10s, 5m or 1h");
    if (!count)
        return count.error();
    return std::chrono::milliseconds(*count);
}

std::string format_duration(std::chrono::milliseconds duration) {
    return format_with_unit(duration.count(), duration_units);
}

Result<std::int64_t> parse_size(std::string_view text) {
    return parse_with_unit(text, size_units,
                           "expected a size with its unit, such as 512B, 64KiB, 10MiB or 1GiB");
}

std::string format_size(std::int64_t bytes) {
    return format_with_unit(bytes, size_units);
}

} // namespace egressd::config
