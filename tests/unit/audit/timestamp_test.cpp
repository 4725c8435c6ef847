#include "audit/timestamp.hpp"

#include <catch2/catch.hpp>

using egressd::audit::Timestamp;
using namespace std::chrono;

namespace {

system_clock::time_point at(std::int64_t since_epoch) {
    return system_clock::time_point(microseconds(since_epoch));
}

} // namespace

TEST_CASE("a time is RFC 3339 in UTC with microseconds") {
    struct Case {
        std::int64_t since_epoch;
        const char* text;
    };
    // From `date -u -d @SECONDS`.
    const Case cases[] = {
        {0, "1970-01-01T00:00:00.000000Z"},
        {951'782'400'000'001, "2000-02-29T00:00:00.000001Z"},
        {951'782'400'999'999, "2000-02-29T00:00:00.999999Z"},
        {1'709'251'199'500'000, "2024-02-29T23:59:59.500000Z"},
        {1'767'225'599'999'999, "2025-12-31T23:59:59.999999Z"},
        {1'767'225'600'000'000, "2026-01-01T00:00:00.000000Z"},
    };
    Timestamp timestamp;
    for (const Case& c : cases)
        CHECK(timestamp.text(at(c.since_epoch)) == c.text);
}

TEST_CASE("a clock that is set back does not turn the order of lines") {
    Timestamp timestamp;
    timestamp.text(at(1'767'225'600'000'005));
    CHECK(timestamp.text(at(1'767'225'599'000'000)) == "2026-01-01T00:00:00.000005Z");
    CHECK(timestamp.text(at(1'767'225'600'000'006)) == "2026-01-01T00:00:00.000006Z");
}
