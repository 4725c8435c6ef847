#include "policy/rule.hpp"

#include <catch2/catch.hpp>

using namespace egressd;
using policy::parse_pattern;
using policy::Pattern;

namespace {

bool matches(std::string_view pattern, std::string_view host) {
    return parse_pattern(pattern, true).value().matches(net::Host::parse(host).value());
}

} // namespace

TEST_CASE("patterns keep one text") {
    struct Case {
        const char *text, *canonical;
        Pattern::Kind kind;
    };
    for (const Case& each : std::vector<Case>{
             {"a.test", "a.test", Pattern::Kind::exact},
             {"A.Test.", "a.test", Pattern::Kind::exact},
             {"*.a.test", "*.a.test", Pattern::Kind::below},
             {"**.A.test", "**.a.test", Pattern::Kind::at_or_below},
             {"*.bücher.example", "*.xn--bcher-kva.example", Pattern::Kind::below},
             {"192.0.2.7", "192.0.2.7", Pattern::Kind::exact},
             {"2001:db8::1", "2001:db8::1", Pattern::Kind::exact},
             {"localhost", "localhost", Pattern::Kind::exact},
             {"com", "com", Pattern::Kind::exact},
         }) {
        CAPTURE(each.text);
        const auto pattern = parse_pattern(each.text, false);
        REQUIRE(pattern.has_value());
        CHECK(pattern->text() == each.canonical);
        CHECK(pattern->kind == each.kind);
    }
}

TEST_CASE("'*' stands nowhere but as the first label") {
    for (const char* text :
         {"",          "**",          "***",      "*.",       "**.",          ".a.test",    "*a.test",
          "a*.test",   "a.*.test",    "a.test.*", "*.*.test", "*.**.a.test",  "***.a.test", "* .a.test",
          "*..a.test", "*.192.0.2.1", "*.::1",    "**.[::1]", "*.a.test:443", "a.test:443", "https://a.test",
          "a.test/x",  "10.0.0.0/8",  "127.1",    "0x7f.1",   "user@a.test"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_pattern(text, true).has_value());
        CHECK_FALSE(parse_pattern(text, false).has_value());
    }
}

TEST_CASE("an address has to stand in its canonical form") {
    for (const char* text : {"2001:DB8::1", "[2001:db8::1]", "0:0:0:0:0:0:0:1", "::ffff:192.0.2.1"}) {
        CAPTURE(text);
        const auto pattern = parse_pattern(text, true);
        REQUIRE_FALSE(pattern.has_value());
        CHECK(pattern.error().message.find("canonical form: ") != std::string::npos);
    }
}

TEST_CASE("wildcards over public suffixes need permission") {
    for (const char* text :
         {"*", "*.com", "**.com", "*.co.uk", "*.github.io", "*.s3.amazonaws.com", "**.s3.amazonaws.com",
          "*.test", "**.internal", "*.foo.ck", "*.xn--p1ai", "*.РФ", "*.workers.dev", "*.COM."}) {
        CAPTURE(text);
        CHECK_FALSE(parse_pattern(text, false).has_value());
        CHECK(parse_pattern(text, true).has_value());
    }
    for (const char* text : {"*.x.test", "**.x.internal", "*.acme.github.io", "*.bucket.s3.amazonaws.com",
                             "*.www.ck", "*.debian.org"}) {
        CAPTURE(text);
        CHECK(parse_pattern(text, false).has_value());
    }
    CHECK(parse_pattern("*.github.io", false).error().message.find("public_suffix: true") !=
          std::string::npos);
}

TEST_CASE("who matches what") {
    struct Case {
        const char *pattern, *host;
        bool expected;
    };
    for (const Case& each : std::vector<Case>{
             {"x.test", "x.test", true},
             {"x.test", "X.TEST.", true},
             {"x.test", "a.x.test", false},
             {"x.test", "notx.test", false},
             {"x.test", "x.test.evil.test", false},
             {"x.test", "test", false},
             {"*.x.test", "a.x.test", true},
             {"*.x.test", "a.b.c.x.test", true},
             {"*.x.test", "x.test", false},
             {"*.x.test", "notx.test", false},
             {"*.x.test", "a.notx.test", false},
             {"*.x.test", "x.test.evil.test", false},
             {"*.x.test", "a.x.test.evil.test", false},
             {"**.x.test", "x.test", true},
             {"**.x.test", "a.x.test", true},
             {"**.x.test", "notx.test", false},
             {"**.x.test", "x.testy", false},
             {"*", "a.test", true},
             {"*", "test", true},
             {"*", "192.0.2.1", false},
             {"*", "::1", false},
             {"192.0.2.1", "192.0.2.1", true},
             {"192.0.2.1", "::ffff:192.0.2.1", true},
             {"192.0.2.1", "::192.0.2.1", false},
             {"192.0.2.1", "192.0.2.10", false},
             {"2001:db8::1", "[2001:DB8:0::1]", true},
         }) {
        CAPTURE(each.pattern, each.host);
        CHECK(matches(each.pattern, each.host) == each.expected);
    }
    CHECK_FALSE(Pattern{}.matches(net::Host{}));
    CHECK_FALSE(parse_pattern("*", true).value().matches(net::Host{}));
}

TEST_CASE("a source is the file's base name and the line") {
    CHECK(policy::Source{"/etc/egressd/allow.yaml", 12, 3}.text() == "allow.yaml:12");
    CHECK(policy::Source{"allow.yaml", 1, 1}.text() == "allow.yaml:1");
}
