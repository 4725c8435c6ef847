#include "audit/json.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

using namespace egressd::audit;
using namespace std::string_literals;

namespace {

std::string quoted(std::string_view text) {
    std::string out;
    append_quoted(out, text);
    return out;
}

bool is_printable_ascii(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

} // namespace

TEST_CASE("text is escaped so that no terminal and no parser is fooled") {
    struct Case {
        std::string text;
        std::string json;
    };
    const Case cases[] = {
        {"", R"("")"},
        {"plain text, 100%", R"("plain text, 100%")"},
        {R"(a "quoted" \ name)", R"("a \"quoted\" \\ name")"},
        {"\n\r\t\b\f", R"("\u000a\u000d\u0009\u0008\u000c")"},
        {"nul\0byte"s, R"("nul\u0000byte")"},
        {"\x1b[31mred\x1b]0;title\x07", R"("\u001b[31mred\u001b]0;title\u0007")"},
        {"\x7f", R"("\u007f")"}, // DEL
        {"\xc2\x9b"
         "31m",
         R"("\u009b31m")"}, // the C1 form of ESC [
        {"\xe2\x80\xae"
         "gpj.exe",
         R"("\u202egpj.exe")"},                            // right-to-left override
        {"\xe2\x80\xa8\xe2\x80\xa9", R"("\u2028\u2029")"}, // line and paragraph separators
        {"\xe2\x80\x8b\xef\xbb\xbf", R"("\u200b\ufeff")"}, // zero width
        {"\xf3\xa0\x81\x81", R"("\udb40\udc41")"},         // U+E0041, an invisible tag letter
        {"b\xc3\xbc"
         "cher",
         R"("b\u00fccher")"},
        {"\xf0\x9f\x94\x92", R"("\ud83d\udd12")"},
        {"\xff\xfe", R"("\ufffd\ufffd")"},
        {"\xc0\xaf", R"("\ufffd\ufffd")"},                     // an overlong slash
        {"\xed\xa0\x80", R"("\ufffd\ufffd\ufffd")"},           // a surrogate
        {"\xf4\x90\x80\x80", R"("\ufffd\ufffd\ufffd\ufffd")"}, // above U+10FFFF
        {"cut \xe2\x80", R"("cut \ufffd\ufffd")"},
    };
    for (const Case& c : cases)
        CHECK(quoted(c.text) == c.json);
}

TEST_CASE("any bytes become one line of ASCII that a JSON parser takes") {
    std::mt19937 random(7);
    for (int round = 0; round < 2000; ++round) {
        std::string bytes(random() % 40, '\0');
        for (char& c : bytes)
            c = static_cast<char>(random());
        const std::string json = quoted(bytes);
        REQUIRE(is_printable_ascii(json));
        boost::json::error_code error;
        REQUIRE(boost::json::parse(json, error).is_string());
        REQUIRE_FALSE(error);
    }
}

TEST_CASE("what is valid UTF-8 can be read back") {
    const std::string text = "\"\\/ \n \xc3\xbc \xe2\x82\xac \xf0\x9f\x94\x92";
    CHECK(boost::json::parse(quoted(text)).as_string() == text);
}

TEST_CASE("embedded JSON keeps its meaning and becomes one line of ASCII") {
    const std::string ascii = R"({"a":[1,true,null],"b":"x\ny \u00fc"})";
    std::string out;
    append_json(out, ascii);
    CHECK(out == ascii);

    const std::string pretty = "{\n\t\"reason\": \"k\xc3\xb6nnte \xe2\x80\xae \x7f\"\r\n}";
    out.clear();
    append_json(out, pretty);
    CHECK(is_printable_ascii(out));
    CHECK(boost::json::parse(out) == boost::json::parse(pretty));
}

TEST_CASE("members make an object") {
    std::string out;
    const std::vector<std::string> names{"x", "y\"z"};
    Members(out)
        .text("a", "b")
        .text_if_any("nothing", "")
        .text_if_any("c", "d")
        .number("n", 18446744073709551615U)
        .number("minus", -1)
        .flag("yes", true)
        .object("o", [](Members& inner) { inner.text("p", "q").number("r", 0); })
        .object("empty", [](Members&) {})
        .texts("list", names)
        .texts("none", {});
    CHECK(out ==
          R"("a":"b","c":"d","n":18446744073709551615,"minus":-1,"yes":true,"o":{"p":"q","r":0},"empty":{},)"
          R"("list":["x","y\"z"],"none":[])");
}
