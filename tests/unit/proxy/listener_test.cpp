#include "proxy/listener.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace egressd;
using namespace egressd::proxy;

namespace {

std::vector<std::string> texts(const std::vector<policy::Endpoint>& endpoints) {
    std::vector<std::string> all;
    for (const policy::Endpoint& endpoint : endpoints)
        all.push_back(to_text(endpoint));
    return all;
}

std::unique_ptr<Listener> open_at(const char* address) {
    Result<std::unique_ptr<Listener>> listener =
        Listener::open("proxy", {boost::asio::ip::make_address(address), 0});
    REQUIRE(listener.has_value());
    return std::move(*listener);
}

} // namespace

TEST_CASE("a listener knows where it can be reached") {
    SECTION("at its own address alone") {
        const std::unique_ptr<Listener> listener = open_at("127.0.0.1");
        REQUIRE(listener->endpoint().port != 0);
        CHECK(texts(listener->reachable_at()) ==
              std::vector<std::string>{"127.0.0.1:" + std::to_string(listener->endpoint().port)});
    }
    SECTION("at every interface's address, with a wildcard") {
        const std::unique_ptr<Listener> listener = open_at("0.0.0.0");
        const std::vector<std::string> all = texts(listener->reachable_at());
        const std::string port = ":" + std::to_string(listener->endpoint().port);
        CHECK(std::count(all.begin(), all.end(), "0.0.0.0" + port) == 1);
        CHECK(std::count(all.begin(), all.end(), "127.0.0.1" + port) == 1);
    }
}

TEST_CASE("a port in use is an error with its remedy") {
    const std::unique_ptr<Listener> first = open_at("127.0.0.1");
    const Result<std::unique_ptr<Listener>> second = Listener::open("proxy", first->endpoint());
    REQUIRE(second.has_error());
    CHECK(second.error().side == Side::self);
    CHECK(second.error().message.find(to_text(first->endpoint())) != std::string::npos);
    CHECK(second.error().message.find("listen.proxy") != std::string::npos);
}
