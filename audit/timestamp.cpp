#include "audit/timestamp.hpp"

#include <algorithm>

namespace egressd::audit {
namespace {

constexpr std::int64_t us_per_second = 1'000'000;

void put_digits(std::string& text, std::size_t at, std::size_t count, std::int64_t number) {
    for (std::size_t i = count; i > 0; --i, number /= 10)
        text[at + i - 1] = static_cast<char>('0' + number % 10);
}

} // namespace

std::string_view Timestamp::text(std::chrono::system_clock::time_point time) {
    using namespace std::chrono;
    latest_ = std::max<std::int64_t>(latest_, duration_cast<microseconds>(time.time_since_epoch()).count());
    const std::int64_t second = latest_ / us_per_second;
    if (second != second_)
        format_second(second);
    put_digits(text_, 20, 6, latest_ % us_per_second);
    return text_;
}

void Timestamp::format_second(std::int64_t second) {
    using namespace std::chrono;
    second_ = second;
    const sys_seconds point{seconds{second}};
    const sys_days day = floor<days>(point);
    const year_month_day date{day};
    const hh_mm_ss<seconds> clock{point - day};
    put_digits(text_, 0, 4, static_cast<int>(date.year()));
    put_digits(text_, 5, 2, static_cast<unsigned>(date.month()));
    put_digits(text_, 8, 2, static_cast<unsigned>(date.day()));
    put_digits(text_, 11, 2, clock.hours().count());
    put_digits(text_, 14, 2, clock.minutes().count());
    put_digits(text_, 17, 2, clock.seconds().count());
}

} // namespace egressd::audit
