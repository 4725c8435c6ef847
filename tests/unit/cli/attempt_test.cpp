#include "cli/attempt.hpp"

#include <catch2/catch.hpp>

using namespace egressd;
using cli::parse_asked;
using policy::Protocol;

namespace {

std::string texts_of(const cli::Asked& asked) {
    const std::string first = cli::text_of(asked.first, false);
    return asked.inside ? first + " | " + cli::text_of(*asked.inside, true) : first;
}

bool is_connection(const policy::Attempt& attempt) {
    return !attempt.method && !attempt.path && attempt.protocol == Protocol::connect;
}

} // namespace

TEST_CASE("what a person types becomes the attempts that a client would make") {
    struct Case {
        const char* method;
        const char* target;
        const char* text;
        Protocol protocol; // of the last
    };
    const Case cases[] = {
        {"", "https://api.example/v1?x=y", "CONNECT api.example:443 | GET https://api.example:443/v1",
         Protocol::http},
        {"POST", "https://api.example:8443", "CONNECT api.example:8443 | POST https://api.example:8443/",
         Protocol::http},
        {"", "HTTPS://Api.Example./a/%7eb/../c", "CONNECT api.example:443 | GET https://api.example:443/a/c",
         Protocol::http},
        {"", "https://api.example:80/", "CONNECT api.example:80 | GET https://api.example:80/",
         Protocol::http},
        {"", "http://Api.Example./a/%7eb/../c", "GET http://api.example:80/a/c", Protocol::http},
        {"", "http://api.example:443/", "GET http://api.example:443/", Protocol::http},
        {"POST", "http://api.example:8080", "POST http://api.example:8080/", Protocol::http},
        {"", "api.example", "CONNECT api.example:443", Protocol::connect},
        {"CONNECT", "api.example:22", "CONNECT api.example:22", Protocol::connect},
        {"", "2001:db8::1", "CONNECT [2001:db8::1]:443", Protocol::connect},
        {"", "[2001:db8::1]:5432", "CONNECT [2001:db8::1]:5432", Protocol::connect},
        {"", "https://[2001:db8::1]/x", "CONNECT [2001:db8::1]:443 | GET https://[2001:db8::1]:443/x",
         Protocol::http},
        {"", "ws://api.example/chat?x=y", "GET ws://api.example:80/chat", Protocol::ws},
        {"GET", "WS://api.example:8080", "GET ws://api.example:8080/", Protocol::ws},
        {"", "wss://api.example/chat", "CONNECT api.example:443 | GET wss://api.example:443/chat",
         Protocol::ws},
        {"", "bücher.example", "CONNECT xn--bcher-kva.example:443", Protocol::connect},
    };
    for (const Case& c : cases) {
        CAPTURE(c.method, c.target);
        const Result<cli::Asked> asked = parse_asked(c.method, c.target);
        REQUIRE(asked.has_value());
        CHECK(texts_of(*asked) == c.text);
        const policy::Attempt& last = asked->inside ? *asked->inside : asked->first;
        CHECK(last.protocol == c.protocol);
        CHECK(is_connection(last) == (c.protocol == Protocol::connect));
        CHECK(last.method.has_value() == (c.protocol != Protocol::connect));
        CHECK(last.path.has_value() == (c.protocol != Protocol::connect));
        CHECK(last.task == "default");
        CHECK(asked->first.task == "default");
        if (asked->inside)
            CHECK(is_connection(asked->first));
    }
}

TEST_CASE("what no client could ask for is refused") {
    for (const char* target : {"", "http://", "ftp://api.example/", "http://agent:secret@api.example/",
                               "api.example:0", "api.example:65536", "http://api.example/%2e%2e/%2e%2e/x",
                               "http://0x7f.1/", "https://api.example/%2e%2e/%2e%2e/x", "a b.example"}) {
        CAPTURE(target);
        CHECK(parse_asked("", target).has_error());
    }
    CHECK(parse_asked("GET", "api.example").has_error());
    CHECK(parse_asked("POST", "ws://api.example/").has_error());
    CHECK(parse_asked("POST", "wss://api.example/").has_error());
    CHECK(parse_asked("CONNECT", "http://api.example/").has_error());
    CHECK(parse_asked("CONNECT", "https://api.example/").has_error());
}
