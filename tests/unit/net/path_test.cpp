#include "net/url.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace egressd;

namespace {

std::string canonical(std::string_view path) {
    const auto result = net::canonical_path(path);
    return result ? *result : "refused: " + result.error().message;
}

std::vector<std::string> sorted(std::vector<std::string> items) {
    std::sort(items.begin(), items.end());
    return items;
}

} // namespace

TEST_CASE("a path has one canonical form") {
    struct Case {
        const char *path, *expected;
    };
    for (const Case& each : std::vector<Case>{
             {"/", "/"},
             {"/a/b", "/a/b"},
             {"/a/b/", "/a/b/"},
             {"/a/./b", "/a/b"},
             {"/a/../b", "/b"},
             {"/a/..", "/"},
             {"/a/b/..", "/a/"},
             {"/a/.", "/a/"},
             {"/.", "/"},
             {"/./.", "/"},
             {"/a/%2e%2E/b", "/b"},
             {"/a/.%2e/b", "/b"},
             {"/a/%2e/b", "/a/b"},
             {"/a//../b", "/a/b"}, // the empty segment is what ".." removes (RFC 3986 5.2.4)
             {"/a//b", "/a//b"},
             {"//a", "//a"},
             {"/...", "/..."},
             {"/..a/.b", "/..a/.b"},
             {"/%41%7a%30%2D%5f%7E", "/Az0-_~"},
             {"/%20%3c", "/%20%3C"},
             {"/caf%c3%a9", "/caf%C3%A9"},
             {"/%f0%9f%98%80", "/%F0%9F%98%80"},
             {"/@scope%2fname", "/@scope%2Fname"},
             {"/%40scope%2fname", "/%40scope%2Fname"},
             {"/group%2F.hidden", "/group%2F.hidden"},
             {"/a;v=1/b", "/a;v=1/b"},
             {"/a:b@c!$&'()*+,;=", "/a:b@c!$&'()*+,;="},
             {"/100%25", "/100%25"},
             {"/%25zz", "/%25zz"},
             {"/%2525", "/%2525"},
             {"/a%3Fb%23c", "/a%3Fb%23c"},
         }) {
        CAPTURE(each.path);
        CHECK(canonical(each.path) == each.expected);
        CHECK(canonical(each.expected) == each.expected);
    }
}

TEST_CASE("paths on which origins disagree are refused") {
    for (const std::string& path : std::vector<std::string>{
             "", "a", "*", "?", "http://a.test/",
             // climbing above the root
             "/..", "/../a", "/a/../..", "/a/../../b", "/%2e%2e/a", "/.%2E", "/a/b/../../../c", "/./..",
             // bytes
             "/a b", "/a\tb", "/a\r\nb", "/\x7f", "/caf\xc3\xa9", "/\xff", "/a?b", "/a#b", "/a\"", "/<a>",
             "/a|b", "/a^b", "/a`b", "/{a}", "/[a]", std::string("/a\0b", 4),
             // escaped controls
             "/%00", "/a%00.html", "/%0a", "/%0D%0A", "/%1b", "/%7f", "/%c2%80", "/%c2%9b",
             // backslashes
             "/a\\b", "/..\\a", "/%5c", "/a%5Cb", "/..%5c..%5c",
             // bad escapes
             "/%", "/a%", "/%2", "/%g0", "/%0g", "/%%32e", "/%u002e", "/% 20",
             // UTF-8: overlong dot and slash, surrogates, cut short, lone continuation, beyond U+10FFFF,
             // Latin-1
             "/%c0%ae%c0%ae/", "/%c0%af", "/%e0%80%ae", "/%e0%80%af", "/%f0%80%80%ae", "/%c1%9c",
             "/%ed%a0%80", "/%c3", "/%c3a9", "/%c3/%a9", "/%a9", "/%f4%90%80%80", "/%f8%88%80%80%80", "/%e9",
             "/%e2%82", "/%fe", "/%ff",
             // an escaped slash next to dots
             "/a/..%2fb", "/a%2f..", "/a%2f../b", "/..%2F", "/.%2fa", "/a%2f.", "/%2e%2e%2fetc/passwd",
             "/a%2F%2e%2E%2fb", "/a%2f..%2f..%2fb",
             // parameters next to dots
             "/a/..;/b", "/a/..;x=1/b", "/a/.;/b", "/..;/", "/a/..%3b/b", "/a/..%3Bx/b", "/a%2f..;/b",
             "/a/%2e%2e;/b",
             // an escaped end of the path next to dots
             "/a/..%3f", "/a/..%23x", "/a/.%3f",
             // decoded twice
             "/%252e", "/%252E%252e/", "/a%252fb", "/a%252Fb", "/a%255cb", "/%25%32%65", "/%25%32%46",
             "/%2525252e", "/%25252f", "/a/%252e%252e/b", "/%25%2532e%25%2532e/", "/a/..%253b/b"}) {
        CAPTURE(path);
        CHECK_FALSE(net::canonical_path(path).has_value());
    }
}

TEST_CASE("a plain path has one reading") {
    for (const char* path : {"/", "/a/b", "/@scope/name", "/a.b-c_d~e", "/a=b"})
        CHECK(net::path_readings(path) == std::vector<std::string>{path});
}

TEST_CASE("an ambiguous path has every reading that an origin could have") {
    struct Case {
        const char* path;
        std::vector<std::string> readings;
    };
    for (const Case& each : std::vector<Case>{
             {"/@scope%2Fname", {"/@scope%2Fname", "/@scope/name"}},
             {"/a;v=1/b;w", {"/a;v=1/b;w", "/a/b"}},
             {"/a//b", {"/a//b", "/a/b"}},
             {"//a", {"//a", "/a"}},
             {"/%40a", {"/%40a", "/@a"}},
             {"/a%3Bb", {"/a%3Bb", "/a;b", "/a"}},
             {"/a;b%2Fc", {"/a;b%2Fc", "/a;b/c", "/a", "/a/c"}},
             {"/a%2F%2Fb", {"/a%2F%2Fb", "/a//b", "/a/b"}},
             {"/;x/a", {"/;x/a", "//a", "/a"}},
             {"/a%3Fb", {"/a%3Fb", "/a"}},
             {"/a%23b/c", {"/a%23b/c", "/a"}},
             {"/%2561dmin", {"/%2561dmin", "/%61dmin", "/admin"}},
             {"/caf%C3%A9%20x", {"/caf%C3%A9%20x"}},
             {"/100%25", {"/100%25"}},
         }) {
        CAPTURE(each.path);
        const std::vector<std::string> readings = net::path_readings(each.path);
        CHECK(readings.front() == each.path);
        CHECK(sorted(readings) == sorted(each.readings));
    }
}

TEST_CASE("escapes nested in escapes cost no more than their bound") {
    // Each decoding yields the digit that the escape before it lacked.
    std::string nested = "/";
    for (int i = 0; i < 10'000; ++i)
        nested += "%253";
    nested += "4";
    CHECK_FALSE(net::canonical_path(nested).has_value());
    CHECK(net::path_readings(nested).size() == 64);
    std::string deep = "/%";
    for (int i = 0; i < 10'000; ++i)
        deep += "25";
    deep += "41";
    CHECK_FALSE(net::canonical_path(deep).has_value());
    CHECK(net::path_readings(deep).size() == 64);
}
