#include "proxy/framing.hpp"
#include "tests/unit/proxy/heads.hpp"

#include <catch2/catch.hpp>

using namespace egressd;
using namespace egressd::proxy;
using namespace std::string_literals;

namespace {

std::string outcome(const Result<void>& result) {
    return result ? "ok" : result.error().message;
}

std::string outcome(const Result<Framing>& framing) {
    if (!framing)
        return "refused";
    switch (framing->kind) {
    case BodyKind::none:
        return "none";
    case BodyKind::length:
        return "length " + std::to_string(framing->length);
    case BodyKind::chunked:
        return "chunked";
    case BodyKind::until_close:
        return "until close";
    }
    return "?";
}

struct Message {
    std::string start;
    std::vector<Field> fields;
    std::string expected;
};

} // namespace

TEST_CASE("lines that are refused, whatever Beast says") {
    const std::string start = "GET http://a.example/ HTTP/1.1\r\n";
    const std::string first = "the first line has bytes that are not printable ASCII";
    const std::string spaces = "the request line is not method, target and version between single spaces";
    const std::string name = "a header field's name is not a token";
    const std::string control = "a control byte in a header field";
    const std::pair<std::string, std::string> cases[] = {
        {start + "Host: a.example\r\n\r\n", "ok"},
        {start + "X: caf\xc3\xa9 \xff\ttab\r\n\r\n", "ok"},
        {start + "X:\r\n\r\n", "ok"},
        {start + "Host: a\n\r\n", control},
        {start + "Host: a\rb\r\n\r\n", control},
        {start + "Host: a\0b\r\n\r\n"s, control},
        {start + "Host: a\x7f\r\n\r\n", control},
        {start + "X: a\r\n b\r\n\r\n", "a folded header line"},
        {start + "Transfer-Encoding:\r\n\tchunked\r\n\r\n", "a folded header line"},
        {start + "Host : a\r\n\r\n", name},
        {start + ": a\r\n\r\n", name},
        {start + "Ho\xc3\xa9st: a\r\n\r\n", name},
        {start + "Ho st: a\r\n\r\n", name},
        {start + "Host\r\n\r\n", "a header line without a colon"},
        {start + "Host: a\r\n", "ok"}, // parse_request_head then misses the empty line
        {start + "Host: a", "a line without CRLF"},
        {start + "\r\nHost: a\r\n\r\n", "an empty line where none may be"},
        {"\r\n", "an empty line where none may be"},
        {"", "an empty line where none may be"},
        {"GET http://a.example/\x80 HTTP/1.1\r\n\r\n", first},
        {"GET http://a.example/\t HTTP/1.1\r\n\r\n", first},
        {"GET http://a.example/\0 HTTP/1.1\r\n\r\n"s, first},
        {"GET  http://a.example/ HTTP/1.1\r\n\r\n", spaces},
        {"GET http://a.example/ HTTP/1.1 \r\n\r\n", spaces},
        {"GET http://a.example/ b HTTP/1.1\r\n\r\n", spaces},
    };
    for (const auto& [bytes, expected] : cases) {
        CAPTURE(bytes);
        CHECK(outcome(check_lines(bytes, Side::client)) == expected);
    }
    CHECK(outcome(check_lines("HTTP/1.1 200 caf\xe9 and more words\r\n\r\n", Side::origin)) == "ok");
    CHECK(outcome(check_lines("HTTP/1.1 200 a\rb\r\n\r\n", Side::origin)) == first);
}

TEST_CASE("a request has one framing, or none") {
    const std::string post = "POST";
    const Message cases[] = {
        {post, {}, "none"},
        {post, {{"Content-Length", "0"}}, "length 0"},
        {post, {{"content-length", "18446744073709551615"}}, "length 18446744073709551615"},
        {post, {{"Content-Length", "18446744073709551616"}}, "refused"},
        {post, {{"Content-Length", "+3"}}, "refused"},
        {post, {{"Content-Length", "-3"}}, "refused"},
        {post, {{"Content-Length", "3 "}}, "refused"},
        {post, {{"Content-Length", "0x3"}}, "refused"},
        {post, {{"Content-Length", ""}}, "refused"},
        {post, {{"Content-Length", "3, 3"}}, "refused"},
        {post, {{"Content-Length", "3"}, {"Content-Length", "3"}}, "refused"},
        {post, {{"Content-Length", "3"}, {"CONTENT-LENGTH", "4"}}, "refused"},
        {post, {{"Transfer-Encoding", "chunked"}}, "chunked"},
        {post, {{"transfer-encoding", "Chunked"}}, "chunked"},
        {post, {{"Transfer-Encoding", "xchunked"}}, "refused"},
        {post, {{"Transfer-Encoding", "chunked, identity"}}, "refused"},
        {post, {{"Transfer-Encoding", "chunked, chunked"}}, "refused"},
        {post, {{"Transfer-Encoding", "gzip, chunked"}}, "refused"},
        {post, {{"Transfer-Encoding", "identity"}}, "refused"},
        {post, {{"Transfer-Encoding", ""}}, "refused"},
        {post, {{"Transfer-Encoding", "identity"}, {"Transfer-Encoding", "chunked"}}, "refused"},
        {post, {{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}}, "refused"},
        {post, {{"Transfer-Encoding", "chunked"}, {"Content-Length", "3"}}, "refused"},
        {post, {{"Content-Length", "3"}, {"Transfer-Encoding", "chunked"}}, "refused"},
        {post, {{"Transfer-Encoding", "xchunked"}, {"Content-Length", "3"}}, "refused"},
        {"CONNECT", {}, "none"},
        {"CONNECT", {{"Content-Length", "0"}}, "length 0"},
        {"CONNECT", {{"Content-Length", "3"}}, "refused"},
        {"CONNECT", {{"Transfer-Encoding", "chunked"}}, "refused"},
    };
    for (const Message& c : cases) {
        RequestHead head{c.start, "http://a.example/", 11, c.fields};
        CAPTURE(c.start, c.fields.empty() ? "" : std::string(c.fields.front().value));
        CHECK(outcome(request_framing(head)) == c.expected);
    }
    const RequestHead old{post, "http://a.example/", 10, {{"Transfer-Encoding", "chunked"}}};
    CHECK(outcome(request_framing(old)) == "refused");
    const RequestHead old_length{post, "http://a.example/", 10, {{"Content-Length", "3"}}};
    CHECK(outcome(request_framing(old_length)) == "length 3");
}

TEST_CASE("a response's framing follows from its status and its request too") {
    struct Case {
        unsigned status;
        std::vector<Field> fields;
        std::string expected;
        bool to_head = false;
        unsigned version = 11;
    };
    const Field length{"Content-Length", "5"};
    const Field chunked{"Transfer-Encoding", "chunked"};
    const Case cases[] = {
        {200, {length}, "length 5"},
        {200, {chunked}, "chunked"},
        {200, {}, "until close"},
        {200, {}, "until close", false, 10},
        {200, {length}, "none", true},
        {200, {chunked}, "none", true},
        {200, {}, "none", true},
        {204, {length}, "none"},
        {204, {}, "none"},
        {304, {length}, "none"},
        {304, {}, "none"},
        {100, {}, "none"},
        {103, {length}, "none"},
        {404, {}, "until close"},
        {200, {length, chunked}, "refused"},
        {200, {length, length}, "refused"},
        {200, {chunked, chunked}, "refused"},
        {200, {{"Transfer-Encoding", "gzip, chunked"}}, "refused"},
        {200, {{"Transfer-Encoding", "chunked, identity"}}, "refused"},
        {200, {{"Content-Length", "5, 5"}}, "refused"},
        {200, {{"Content-Length", "five"}}, "refused"},
        {200, {chunked}, "refused", false, 10},
        // An ambiguous head stays ambiguous where no body follows.
        {304, {length, chunked}, "refused"},
        {200, {length, chunked}, "refused", true},
    };
    for (const Case& c : cases) {
        CAPTURE(c.status, c.fields.size(), c.to_head, c.version);
        const Result<Framing> framing =
            response_framing(ResponseHead{c.status, "", c.version, c.fields}, c.to_head);
        CHECK(outcome(framing) == c.expected);
        if (!framing)
            CHECK(framing.error().side == Side::origin);
    }
}

TEST_CASE("what belongs to a connection, and what must not come behind a message") {
    for (const char* name :
         {"connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "HTTP2-Settings",
          "Proxy-Authorization", "proxy-connection", "Proxy-Authenticate", "Proxy-Anything"}) {
        CAPTURE(name);
        CHECK(is_hop_by_hop(name));
        CHECK(is_forbidden_trailer(name));
    }
    for (const char* name :
         {"Host", "Content-Length", "Authorization", "Cookie", "Prox", "ETag", "Content-MD5"}) {
        CAPTURE(name);
        CHECK_FALSE(is_hop_by_hop(name));
    }
    for (const char* name : {"host", "Content-Length", "Content-Encoding", "authorization", "Cookie",
                             "Set-Cookie", "If-Match", "Range"})
        CHECK(is_forbidden_trailer(name));
    for (const char* name : {"ETag", "Content-MD5", "X-Checksum", "grpc-status"})
        CHECK_FALSE(is_forbidden_trailer(name));
}

TEST_CASE("Connection can't take away what a message needs") {
    const auto check = [](std::vector<Field> fields) {
        return check_connection_options(fields, Side::client).has_value();
    };
    CHECK(check({}));
    CHECK(check({{"Connection", "close"}}));
    CHECK(check({{"Connection", "keep-alive, X-Mine"}}));
    CHECK_FALSE(check({{"Connection", "host"}}));
    CHECK_FALSE(check({{"Connection", "close, Content-Length"}}));
    CHECK_FALSE(check({{"Connection", "close"}, {"connection", "x ,\tAuthorization"}}));
    CHECK_FALSE(check({{"Connection", ",,COOKIE"}}));
}
