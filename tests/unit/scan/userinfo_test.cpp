#include "scan/userinfo.hpp"

#include <catch2/catch.hpp>

#include <string>

using egressd::scan::userinfo_of;

namespace {

/// "user password", or "none".
std::string parts(std::string_view url) {
    const auto found = userinfo_of(url);
    return found ? std::string(found->user) + ' ' + std::string(found->password) : "none";
}

} // namespace

TEST_CASE("userinfo stands between the scheme and the last '@' of the authority") {
    CHECK(parts("https://u:p@h/x") == "u p");
    CHECK(parts("https://u:p:q@h/x@y") == "u p:q");
    CHECK(parts("https://u:p@q@h") == "u p@q");
    CHECK(parts("redis://:p@h") == " p");
    CHECK(parts("https://token@h") == " token");
    CHECK(parts("x://u:@h") == "u ");
}

TEST_CASE("a password may hold what a URL would escape") {
    CHECK(parts("amqp://u:p/q@h") == "u p/q");
    CHECK(parts("amqp://u:p?q#r@h") == "u p?q#r");
}

TEST_CASE("where there is no userinfo there is none") {
    for (const char* text : {"", "://", "https://h/x", "u:p@h", "mailto:u@h", "@://"}) {
        INFO(text);
        CHECK(parts(text) == "none");
    }
}
