#include "proxy/media.hpp"

#include <catch2/catch.hpp>

using namespace egressd::proxy;

TEST_CASE("media types of DNS, however they are written") {
    for (const char* value :
         {"application/dns-message", "Application/DNS-Message", "application/dns-message;charset=utf-8",
          "application/dns-message ; q=0.5", " \tapplication/dns-message\t", "application/dns-json",
          "application/oblivious-dns-message", "text/html, application/dns-message",
          "application/dns-message,*/*", "text/html;q=1 ,application/dns-json;q=0.1, */*",
          ",application/dns-json", ",,application/dns-json,,"}) {
        CAPTURE(value);
        CHECK(asks_for_dns({{"Content-Type", value}}));
        CHECK(asks_for_dns({{"accept", value}}));
        CHECK(asks_for_dns({{"Host", "a.example"}, {"Accept", "*/*"}, {"ACCEPT", value}}));
        CHECK(carries_dns({{"content-type", value}}));
        CHECK(carries_dns({{"Content-Type", "text/html"}, {"Content-Type", value}}));
    }
}

TEST_CASE("near misses and other fields are not DNS") {
    for (const char* value :
         {"", "*/*", "application/*", "application/json", "application/dns-messages",
          "application/dns-messag", "x-application/dns-message", "application/dns message",
          "text/html; x=application/dns-message", "application/dns", "dns-message",
          "application/dns-message/x", ",", ";", ";application/dns-message"}) {
        CAPTURE(value);
        CHECK_FALSE(asks_for_dns({{"Content-Type", value}, {"Accept", value}}));
        CHECK_FALSE(carries_dns({{"Content-Type", value}}));
    }
    const char* dns = "application/dns-message";
    CHECK_FALSE(asks_for_dns({{"X-Accept", dns}, {"Accept-Encoding", dns}, {"Content-Types", dns}}));
    CHECK_FALSE(asks_for_dns({}));
    CHECK_FALSE(carries_dns({{"Accept", dns}})); // of a response: what it is, not what it would like
}
