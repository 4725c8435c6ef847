#include "net/utf8.hpp"

#include <catch2/catch.hpp>

using namespace egressd;

TEST_CASE("characters are taken one by one and written back alike") {
    const std::string text = "a\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf";
    const std::u32string expected = {U'a', 0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff};
    std::string_view rest = text;
    std::u32string taken;
    std::string written;
    while (const auto character = net::take_utf8(rest)) {
        taken += *character;
        net::append_utf8(written, *character);
    }
    CHECK(rest.empty());
    CHECK(taken == expected);
    CHECK(written == text);
}

TEST_CASE("what is not UTF-8 is left where it is") {
    for (const std::string& text : std::vector<std::string>{
             "\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x9f\xbf", "\xe2\x82",
             "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
             "\xf8\x88\x80\x80\x80", "\xff", ""}) {
        CAPTURE(text);
        std::string_view rest = text;
        CHECK_FALSE(net::take_utf8(rest));
        CHECK(rest == text);
    }
}
