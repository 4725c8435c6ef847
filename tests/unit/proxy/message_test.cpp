#include "proxy/message.hpp"
#include "tests/unit/proxy/heads.hpp"

#include <catch2/catch.hpp>

using namespace egressd;
using namespace egressd::proxy;

namespace {

std::string rewritten(const std::string& bytes, const RequestWriting& how = {"egressd-1", false, ""}) {
    const RequestHead head = request(bytes);
    return write_request(head, forward_target(head).value(), request_framing(head).value(), how);
}

std::string rewritten_response(const std::string& bytes, const ResponseWriting& how = {"egressd-1"}) {
    const ResponseHead head = response(bytes);
    return write_response(head, how);
}

} // namespace

TEST_CASE("a request is written anew in origin-form") {
    CHECK(rewritten(lines(
              {"GET http://A.example:80/%7ex?q=%20 HTTP/1.0", "hOsT:  a.EXAMPLE ", "Accept:\t*/*  "})) ==
          lines({"GET /~x?q=%20 HTTP/1.1", "Host: a.example", "Accept: */*", "Via: 1.1 egressd-1"}));
    CHECK(
        rewritten(lines(
            {"PUT http://a.example:8080 HTTP/1.1", "Content-LENGTH: 007", "Host: a.example:8080", "X: y"})) ==
        lines({"PUT / HTTP/1.1", "Host: a.example:8080", "X: y", "Via: 1.1 egressd-1", "Content-Length: 7"}));
    CHECK(rewritten(lines({"POST http://[2001:DB8::1]/ HTTP/1.1", "Host: [2001:db8::1]",
                           "TRANSFER-encoding: CHUNKED"})) ==
          lines({"POST / HTTP/1.1", "Host: [2001:db8::1]", "Via: 1.1 egressd-1",
                 "Transfer-Encoding: chunked"}));
}

TEST_CASE("inside TLS nothing says that a proxy was there") {
    const std::string bytes =
        lines({"GET /x?q HTTP/1.1", "Host: a.example:443", "Accept: */*", "Via: 1.0 before"});
    const RequestHead head = request(bytes);
    const net::Authority authority = net::parse_authority("a.example:443", 443).value();
    CHECK(
        write_request(head, inner_target(head, authority, 443).value(), request_framing(head).value(), {}) ==
        lines({"GET /x?q HTTP/1.1", "Host: a.example", "Accept: */*", "Via: 1.0 before"}));
    const std::string other = lines({"GET /x HTTP/1.1", "Host: a.example:8443"});
    const RequestHead other_head = request(other);
    const net::Authority other_port = net::parse_authority("a.example:8443", 443).value();
    CHECK(write_request(other_head, inner_target(other_head, other_port, 443).value(),
                        request_framing(other_head).value(),
                        {}) == lines({"GET /x HTTP/1.1", "Host: a.example:8443"}));
    CHECK(rewritten_response(lines({"HTTP/1.1 200 OK", "Content-Length: 5", "Alt-Svc: h3=\":443\""}), {}) ==
          lines({"HTTP/1.1 200 OK", "Content-Length: 5"}));
}

TEST_CASE("a parent proxy gets the absolute form and its own fields") {
    const RequestWriting how{"egressd-1", true, "Proxy-Authorization: Basic eDp5\r\n"};
    CHECK(rewritten(lines({"GET http://a.example/x HTTP/1.1", "Host: a.example",
                           "Proxy-Authorization: Basic theirs"}),
                    how) == lines({"GET http://a.example/x HTTP/1.1", "Host: a.example", "Via: 1.1 egressd-1",
                                   "Proxy-Authorization: Basic eDp5"}));
    CHECK(rewritten(lines({"GET http://a.example:81/ HTTP/1.1", "Host: a.example:81"}), {"e", true, ""}) ==
          lines({"GET http://a.example:81/ HTTP/1.1", "Host: a.example:81", "Via: 1.1 e"}));
}

TEST_CASE("what belongs to the client's connection stays behind") {
    const std::string bytes = lines(
        {"GET http://a.example/ HTTP/1.1", "Host: a.example", "Connection: close, X-Mine",
         "connection: x-other", "Keep-Alive: 5", "Proxy-Connection: keep-alive",
         "Proxy-Authorization: Basic c2VjcmV0", "Proxy-Foo: 1", "TE: trailers", "Trailer: X", "Upgrade: h2c",
         "HTTP2-Settings: AAMA", "x-MINE: 1", "X-Other: 2", "X-Kept: 3", "Via: 1.0 before"});
    CHECK(rewritten(bytes) ==
          lines({"GET / HTTP/1.1", "Host: a.example", "X-Kept: 3", "Via: 1.0 before", "Via: 1.1 egressd-1"}));
}

TEST_CASE("a response is written anew for the client") {
    CHECK(rewritten_response(
              lines({"HTTP/1.0 200 Fine", "Content-Length:5", "Set-Cookie: a", "Set-Cookie: b"})) ==
          lines({"HTTP/1.1 200 Fine", "Content-Length: 5", "Set-Cookie: a", "Set-Cookie: b",
                 "Via: 1.1 egressd-1"}));
    CHECK(rewritten_response(
              lines({"HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "Connection: X-Hop", "X-Hop: 1"}),
              {"e", true, true}) ==
          lines({"HTTP/1.1 200 OK", "Via: 1.1 e", "Transfer-Encoding: chunked", "Connection: close"}));
}

TEST_CASE("an origin can't speak in egressd's name, nor show a way around it") {
    CHECK(rewritten_response(
              lines({"HTTP/1.1 403 Forbidden", "EGRESSD-decision: 01J", "Alt-Svc: h3=\":443\"",
                     "Proxy-Status: egressd", "Proxy-Authenticate: Basic", "Content-Length: 0"})) ==
          lines({"HTTP/1.1 403 Forbidden", "Content-Length: 0", "Via: 1.1 egressd-1"}));
}

TEST_CASE("a length is told only where there can be one") {
    CHECK(rewritten_response(lines({"HTTP/1.1 204 No Content", "Content-Length: 5", "X: y"})) ==
          lines({"HTTP/1.1 204 No Content", "X: y", "Via: 1.1 egressd-1"}));
    CHECK(rewritten_response(lines({"HTTP/1.1 304 Not Modified", "Content-Length: 5"})) ==
          lines({"HTTP/1.1 304 Not Modified", "Content-Length: 5", "Via: 1.1 egressd-1"}));
    const std::string early =
        lines({"HTTP/1.1 103 Early Hints", "Link: </a>", "Content-Length: 5", "Connection: x", "X: y"});
    CHECK(write_interim(response(early)) == lines({"HTTP/1.1 103 Early Hints", "Link: </a>"}));
}
