#include "config/suggest.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <string>

using egressd::config::nearest;

TEST_CASE("the nearest word is offered, and only a near one") {
    constexpr std::array<std::string_view, 5> words{"methods", "paths", "ports", "private", "tls"};
    CHECK(nearest("methodes", words) == "methods");
    CHECK(nearest("mehtods", words) == "methods");
    CHECK(nearest("port", words) == "ports");
    CHECK(nearest("path", words) == "paths");
    CHECK(nearest("tsl", words) == "tls");
    CHECK(nearest("colour", words) == "");
    CHECK(nearest("x", words) == "");
    CHECK(nearest("", words) == "");
    CHECK(nearest(std::string(100'000, 'p'), words) == "");
}
