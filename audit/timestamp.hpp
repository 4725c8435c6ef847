// When was it? RFC 3339 text in UTC with microseconds, for a writer that needs hundreds of thousands a
// second: only the first of a second is computed in full. Never goes back, so that the order of lines is the
// order of their times also when the clock is set.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace egressd::audit {

class Timestamp {
public:
    /// "2025-11-03T08:05:09.000042Z"; the view holds until the next call.
    std::string_view text(std::chrono::system_clock::time_point time);

private:
    void format_second(std::int64_t second);

    std::string text_ = "0000-00-00T00:00:00.000000Z";
    std::int64_t second_ = -1;
    std::int64_t latest_ = 0; // microseconds since the epoch
};

} // namespace egressd::audit
