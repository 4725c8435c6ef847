#include "config/values.hpp"

#include <catch2/catch.hpp>

using namespace egressd::config;
using namespace std::chrono_literals;

TEST_CASE("a whole number has decimal digits and nothing else") {
    CHECK(parse_integer("0").value() == 0);
    CHECK(parse_integer("65535").value() == 65535);
    CHECK(parse_integer("999999999999999999").value() == 999'999'999'999'999'999);
    for (const char* text :
         {"", "-1", "+1", " 1", "1 ", "010", "0x10", "1_000", "1e3", "1.0", "٣", "1000000000000000000"}) {
        CAPTURE(text);
        CHECK(parse_integer(text).has_error());
    }
}

TEST_CASE("a duration has a unit") {
    CHECK(parse_duration("0s").value() == 0ms);
    CHECK(parse_duration("250ms").value() == 250ms);
    CHECK(parse_duration("90s").value() == 90s);
    CHECK(parse_duration("5m").value() == 5min);
    CHECK(parse_duration("2h").value() == 2h);
    for (const char* text :
         {"", "10", "s", "10 s", "1.5h", "-1s", "05m", "10S", "10sec", "1h30m", "999999999999999999h"}) {
        CAPTURE(text);
        CHECK(parse_duration(text).has_error());
    }
}

TEST_CASE("a duration is written in the largest unit that leaves no remainder") {
    CHECK(format_duration(0ms) == "0ms");
    CHECK(format_duration(1500ms) == "1500ms");
    CHECK(format_duration(90s) == "90s");
    CHECK(format_duration(120s) == "2m");
    CHECK(format_duration(24h) == "24h");
}

TEST_CASE("a size has a binary unit") {
    CHECK(parse_size("512B").value() == 512);
    CHECK(parse_size("64KiB").value() == 65536);
    CHECK(parse_size("10MiB").value() == 10'485'760);
    CHECK(parse_size("1GiB").value() == 1'073'741'824);
    for (const char* text :
         {"", "64", "64KB", "64kib", "64 KiB", "KiB", "-1B", "1.5MiB", "999999999999999999GiB"}) {
        CAPTURE(text);
        CHECK(parse_size(text).has_error());
    }
    CHECK(format_size(65536) == "64KiB");
    CHECK(format_size(65537) == "65537B");
    CHECK(format_size(0) == "0B");
}
