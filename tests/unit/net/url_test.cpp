#include "net/url.hpp"

#include <catch2/catch.hpp>

using namespace egressd;

TEST_CASE("an absolute target is taken apart") {
    struct Case {
        const char *target, *scheme, *authority, *path, *query;
        bool has_query;
    };
    for (const Case& each : std::vector<Case>{
             {"http://a.test/x?y=1", "http", "a.test:80", "/x", "y=1", true},
             {"HTTPS://A.test.", "https", "a.test:443", "/", "", false},
             {"http://a.test?", "http", "a.test:80", "/", "", true},
             {"http://a.test?x/y?z", "http", "a.test:80", "/", "x/y?z", true},
             {"http://[::1]:8080/", "http", "[::1]:8080", "/", "", false},
             {"http://a.test/a//b/../c", "http", "a.test:80", "/a//b/../c", "", false},
             {"http://a.test/p?u=http://b.test/@x[]", "http", "a.test:80", "/p", "u=http://b.test/@x[]",
              true},
         }) {
        CAPTURE(each.target);
        const auto url = net::parse_absolute(each.target);
        REQUIRE(url.has_value());
        CHECK(url->scheme == each.scheme);
        CHECK(url->authority.text() == each.authority);
        CHECK(url->path == each.path);
        CHECK(url->query == each.query);
        CHECK(url->has_query == each.has_query);
    }
}

TEST_CASE("targets that two programs would read differently are refused") {
    for (const std::string& target : std::vector<std::string>{"",
                                                              "/",
                                                              "a.test",
                                                              "a.test:80",
                                                              "*",
                                                              "http:",
                                                              "http:/a.test",
                                                              "http:a.test",
                                                              "//a.test/",
                                                              "://a.test/",
                                                              "http://",
                                                              "http:///x",
                                                              "http://?x",
                                                              "http://:80/",
                                                              "ftp://a.test/",
                                                              "ws://a.test/",
                                                              "javascript://a.test/",
                                                              " http://a.test/",
                                                              "http ://a.test/",
                                                              "http://user@a.test/",
                                                              "http://user:pw@a.test/",
                                                              "http://a.test@evil.test/",
                                                              "http://a.test:80@evil.test/",
                                                              "http://a.test/#x",
                                                              "http://a.test#@evil.test/",
                                                              "http://a.test\\@evil.test/",
                                                              "http://a.test\\.evil.test/",
                                                              "http://a.test/\\x",
                                                              "http://a.test /",
                                                              "http://a.test/a b",
                                                              "http://a.test/\t",
                                                              "http://a.test/\r\nHost: x",
                                                              "http://a.test/\x7f",
                                                              "http://a.test/\xc3\xbc",
                                                              "http://b\xc3\xbc.test/",
                                                              std::string("http://a.test/\0x", 16),
                                                              std::string("http://a.test\0.b/", 17),
                                                              "http://a.test/<",
                                                              "http://a.test/\"",
                                                              "http://a.test/^",
                                                              "http://a.test/`",
                                                              "http://a.test/{",
                                                              "http://a.test/|",
                                                              "http://a.test:0/",
                                                              "http://a.test:65536/",
                                                              "http://a.test:/",
                                                              "http://a.test:080/",
                                                              "http://a%2etest/",
                                                              "http://[a.test]/",
                                                              "http://::1/",
                                                              "http://2130706433/",
                                                              "http://0x7f.1/",
                                                              "http://127.1/"}) {
        CAPTURE(target);
        CHECK_FALSE(net::parse_absolute(target).has_value());
    }
}

TEST_CASE("of a query only the names of parameters are kept") {
    CHECK(net::query_names("token=SECRET&page=2") == "token,page");
    CHECK(net::query_names("") == "");
    CHECK(net::query_names("a=b=c&&d=") == "a,d");
    CHECK(net::query_names("BARESECRET&x=1&=SECRET") == "x");
    CHECK(net::query_names("a\x1b[2J=1\n&b\xff=2") == "a?[2J,b?");
    CHECK(net::query_names(std::string(1000, 'n') + "=1&b=2").size() == 256);
    std::string many;
    for (int i = 0; i < 10'000; ++i)
        many += "name=1&";
    CHECK(net::query_names(many).size() == 256);
}
