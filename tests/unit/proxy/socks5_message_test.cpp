#include "proxy/socks5_message.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>

using namespace egressd::proxy;
using namespace egressd::proxy::socks5;
using namespace std::string_literals;

namespace {

/// "need_more", "malformed: why", "complete: length", so that a failed check shows what happened.
template <class Value>
std::string outcome(const Parse<Value>& parse) {
    switch (parse.state) {
    case Parse<Value>::State::need_more:
        return "need_more";
    case Parse<Value>::State::malformed:
        return "malformed: " + std::string(parse.problem);
    case Parse<Value>::State::complete:
        return "complete: " + std::to_string(parse.length);
    }
    return "no state";
}

/// Every proper prefix wants more, and what follows the message does not matter.
template <class Parser>
void check_prefixes(Parser parser, const std::string& message) {
    for (std::size_t length = 0; length < message.size(); ++length) {
        CHECK(outcome(parser(std::string_view(message).substr(0, length))) == "need_more");
    }
    const std::string whole = "complete: " + std::to_string(message.size());
    CHECK(outcome(parser(message)) == whole);
    CHECK(outcome(parser(message + "\5\1\0"s)) == whole);
}

std::string domain_request(const std::string& name) {
    return "\5\1\0\3"s + static_cast<char>(name.size()) + name + "\x01\xbb"s;
}

std::string host_text(const Request& request) {
    if (const auto* name = std::get_if<std::string>(&request.host)) {
        return "name " + *name;
    }
    return "address " + std::get<boost::asio::ip::address>(request.host).to_string();
}

} // namespace

TEST_CASE("greetings") {
    check_prefixes(parse_greeting, "\5\1\0"s);
    check_prefixes(parse_greeting, "\5\3\1\2\0"s);
    check_prefixes(parse_greeting, "\5\xff"s + std::string(255, '\x80'));

    struct Case {
        std::string bytes;
        bool none;
        bool password;
    };
    for (const Case& c :
         {Case{"\5\1\0"s, true, false}, Case{"\5\1\2"s, false, true}, Case{"\5\2\0\2"s, true, true},
          Case{"\5\1\1"s, false, false}, Case{"\5\1\1\0\2"s, false, false}}) {
        const auto parse = parse_greeting(c.bytes);
        REQUIRE(parse.state == Parse<Greeting>::State::complete);
        CHECK(parse.value.offers_none == c.none);
        CHECK(parse.value.offers_password == c.password);
    }
    CHECK(outcome(parse_greeting("\4\1\0\x50"s)) == "malformed: the SOCKS version is not 5");
    CHECK(outcome(parse_greeting("G")) == "malformed: the SOCKS version is not 5");
    CHECK(outcome(parse_greeting("\5\0"s)) == "malformed: the SOCKS client offers no authentication method");
}

TEST_CASE("logins") {
    check_prefixes(parse_login, "\1\4docs\5token"s);
    check_prefixes(parse_login, "\1\4docs\0"s);
    check_prefixes(parse_login, "\1\xff"s + std::string(255, 'u') + "\xff"s + std::string(255, 'p'));

    const auto parse = parse_login("\1\4do\0s\5token"s);
    CHECK(parse.value.user == "do\0s"s);
    CHECK(parse.value.password == "token");
    CHECK(parse_login("\1\4docs\0"s).value.password.empty());
    CHECK(outcome(parse_login("\5"s)) == "malformed: the version of the SOCKS login is not 1");
    CHECK(outcome(parse_login("\1\0"s)) == "malformed: the SOCKS login has no user name");
}

TEST_CASE("requests by name and by address") {
    struct Case {
        std::string bytes;
        std::string host;
        unsigned port;
    };
    const Case cases[] = {
        {domain_request("x.example"), "name x.example", 443},
        {domain_request("x"), "name x", 443},
        {domain_request("allowed.example\0.evil.example"s), "name allowed.example\0.evil.example"s, 443},
        {domain_request(std::string(255, 'n')), "name " + std::string(255, 'n'), 443},
        {"\5\1\0\1\xc0\0\2\1\x1f\x90"s, "address 192.0.2.1", 8080},
        {"\5\1\0\4\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\1"s, "address 2001:db8::1", 1},
    };
    for (const Case& c : cases) {
        check_prefixes(parse_request, c.bytes);
        const auto parse = parse_request(c.bytes);
        CHECK(host_text(parse.value) == c.host);
        CHECK(parse.value.port == c.port);
    }
}

TEST_CASE("requests that are refused, each with its reply, as soon as the byte is there") {
    struct Case {
        std::string bytes;
        Reply reply;
        const char* problem;
    };
    const Case cases[] = {
        {"\4"s, Reply::general_failure, "malformed: the SOCKS version is not 5"},
        {"\5\2"s, Reply::command_not_supported, "malformed: the SOCKS command is not CONNECT"},
        {"\5\3"s, Reply::command_not_supported, "malformed: the SOCKS command is not CONNECT"},
        {"\5\0"s, Reply::command_not_supported, "malformed: the SOCKS command is not CONNECT"},
        {"\5\1\1"s, Reply::general_failure, "malformed: the reserved byte of the SOCKS request is not zero"},
        {"\5\1\0\2"s, Reply::address_type_not_supported, "malformed: the SOCKS address type is unknown"},
        {"\5\1\0\0"s, Reply::address_type_not_supported, "malformed: the SOCKS address type is unknown"},
        {"\5\1\0\3\0"s, Reply::general_failure, "malformed: the domain name of the SOCKS request is empty"},
        {"\5\1\0\1\xc0\0\2\1\0\0"s, Reply::general_failure, "malformed: the port of the SOCKS request is 0"},
        {"\5\1\0\3\1x\0\0"s, Reply::general_failure, "malformed: the port of the SOCKS request is 0"},
    };
    for (const Case& c : cases) {
        CHECK(outcome(parse_request(c.bytes)) == c.problem);
        CHECK(parse_request(c.bytes).reply == c.reply);
        CHECK(outcome(parse_request(c.bytes + std::string(600, 'x'))) == c.problem);
        CHECK(outcome(parse_request(c.bytes.substr(0, c.bytes.size() - 1))) == "need_more");
    }
}

TEST_CASE("answers are the bytes of the RFCs") {
    CHECK(choose(Method::none) == "\5\0"s);
    CHECK(choose(Method::password) == "\5\2"s);
    CHECK(choose(Method::not_acceptable) == "\5\xff"s);
    CHECK(login_result(true) == "\1\0"s);
    CHECK(login_result(false)[0] == 1);
    CHECK(login_result(false)[1] != 0);
    CHECK(to_wire(Reply::succeeded) == "\5\0\0\1\0\0\0\0\0\0"s);
    CHECK(to_wire(Reply::not_allowed) == "\5\2\0\1\0\0\0\0\0\0"s);
    CHECK(to_wire(Reply::address_type_not_supported) == "\5\x08\0\1\0\0\0\0\0\0"s);
}
