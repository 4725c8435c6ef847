#include "config/encoding.hpp"

#include <catch2/catch.hpp>

using namespace egressd::config;
using namespace std::string_literals;

TEST_CASE("ordinary text passes") {
    for (const char* text :
         {"", "version: 1\n", "a\r\nb\r\n", "# bücher, 日本, 🚀\n", "\xEF\xBB\xBFversion: 1\n", "a\tb\n"}) {
        CAPTURE(text);
        CHECK_FALSE(find_encoding_fault(text).has_value());
    }
}

TEST_CASE("what hides or is not text is found where it stands") {
    struct Case {
        std::string text;
        Position at;
    };
    const Case cases[] = {
        {"\xFF\xFEv"s, {1, 1}},         // a UTF-16 mark
        {"a: \xC0\xAE"s, {1, 4}},       // an overlong dot
        {"a\n \xED\xA0\x80"s, {2, 2}},  // a surrogate
        {"a\xF4\x90\x80\x80"s, {1, 2}}, // above U+10FFFF
        {"a\xE2\x82"s, {1, 2}},         // cut off
        {"ab\0c"s, {1, 3}},             // NUL
        {"a\n\n\x1B[0m"s, {3, 1}},      // a terminal escape
        {"a\x7F"s, {1, 2}},             // DEL
        {"# a\rb: c"s, {1, 4}},         // a line break for some editors only
        {"a\xC2\x85"s, {1, 2}},         // NEL
        {"a\xE2\x80\xA8"s, {1, 2}},     // line separator
        {"ü\xE2\x80\xAE"s, {1, 3}},     // right-to-left override; columns count bytes
        {"a\xE2\x81\xA6"s, {1, 2}},     // isolate
    };
    for (const Case& c : cases) {
        CAPTURE(c.text);
        const auto fault = find_encoding_fault(c.text);
        REQUIRE(fault.has_value());
        CHECK(fault->at == c.at);
    }
}
