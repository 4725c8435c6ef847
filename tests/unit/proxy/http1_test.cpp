#include "proxy/http1.hpp"
#include "tests/unit/proxy/heads.hpp"

#include <catch2/catch.hpp>

using namespace egressd;
using namespace egressd::proxy;
using namespace std::string_literals;

namespace {

std::string outcome(const Result<HeadEnd>& end) {
    if (!end)
        return end.error().message;
    return end->complete ? std::to_string(end->size) : "more";
}

std::string find(std::string_view bytes, HeadKind kind = HeadKind::request) {
    std::size_t scanned = 0;
    return outcome(find_head_end(bytes, kind, scanned));
}

/// As read_head() gives the bytes: one more each time.
std::string find_bytewise(std::string_view bytes, HeadKind kind = HeadKind::request) {
    std::size_t scanned = 0;
    std::string last = "more";
    for (std::size_t size = 0; size <= bytes.size() && last == "more"; ++size)
        last = outcome(find_head_end(bytes.substr(0, size), kind, scanned));
    return last;
}

std::string parse(const std::string& bytes, std::size_t max_fields = test_max_fields) {
    RequestHead head;
    const Result<void> parsed = parse_request_head(bytes, max_fields, head);
    return parsed ? "ok" : parsed.error().message;
}

bool parses_response(const std::string& bytes) {
    ResponseHead head;
    return parse_response_head(bytes, test_max_fields, head).has_value();
}

} // namespace

TEST_CASE("a head's end is found wherever the bytes are cut") {
    const std::string head = lines({"GET http://a.example/ HTTP/1.1", "Host: a.example", "X: y"});
    const std::string all = head + "body\r\n\r\nmore";
    for (std::size_t cut = 0; cut <= all.size(); ++cut) {
        std::size_t scanned = 0;
        const std::string first =
            outcome(find_head_end(std::string_view(all).substr(0, cut), HeadKind::request, scanned));
        CHECK(first == (cut < head.size() ? "more" : std::to_string(head.size())));
        CHECK(scanned <= cut);
        if (first == "more")
            CHECK(outcome(find_head_end(all, HeadKind::request, scanned)) == std::to_string(head.size()));
    }
    CHECK(find_bytewise(all) == std::to_string(head.size()));
    const std::string shortest = "HTTP/1.1 200 OK\r\n\r\n";
    CHECK(find_bytewise(shortest, HeadKind::response) == std::to_string(shortest.size()));
}

TEST_CASE("bytes that were seen are not looked at again") {
    const std::string line = "GET http://a.example/" + std::string(5000, 'x');
    std::size_t scanned = 0;
    CHECK(outcome(find_head_end(line, HeadKind::request, scanned)) == "more");
    CHECK(scanned == line.size());
    CHECK(outcome(find_head_end(line + "\r", HeadKind::request, scanned)) == "more");
    CHECK(scanned == line.size()); // what the CR means is not known yet
}

TEST_CASE("what can't become a head is refused at once") {
    const std::string not_http = "not an HTTP/1.1 message";
    const std::pair<std::string, std::string> cases[] = {
        {"GET /\r\n", not_http}, // HTTP/0.9
        {"GET\r\n", not_http},
        {"PRI * HTTP/2.0\r\n", not_http}, // the preface of HTTP/2
        {"SSH-2.0-OpenSSH_9.2\r\n", not_http},
        {"\x16\x03\x01\x02\x00\x01"s, not_http}, // a TLS ClientHello
        {"\r\n", not_http},
        {" GET / HTTP/1.1", not_http},
        {"\0"s, not_http},
        {"\n", not_http},
        {"GET / HTTP/1.1\n", "a line ends in a bare LF"},
        {"GET / HTTP/1.1\r\nHost: a\n", "a line ends in a bare LF"},
        {"GET / HTTP/1.1\rHost: a", "a bare CR"},
        {"GET / HTTP/1.1\r\nHost: a\rb\r\n", "a bare CR"},
        {"GET / HTTP/1.1\r\nHost: a\r\r\n", "a bare CR"},
        {"GET / HTTP/1.1\r\nHost: a\r\n\rX", "a bare CR"},
    };
    for (const auto& [bytes, expected] : cases) {
        CAPTURE(bytes);
        CHECK(find(bytes) == expected);
        CHECK(find_bytewise(bytes) == expected);
    }
    CHECK(find("ICY 200 OK\r\n", HeadKind::response) == not_http);
    CHECK(find("<html>", HeadKind::response) == not_http);
    CHECK(find("HTTP/2 200\r\n", HeadKind::response) == not_http);
    CHECK(find("GET / HTTP/1.1\r\n", HeadKind::response) == not_http);
}

TEST_CASE("a request's parts") {
    const std::string bytes =
        lines({"POST http://a.example/x?y HTTP/1.0", "Host:a.example", "X-Empty:", "X-Space: \t a b \t"});
    const RequestHead head = request(bytes);
    CHECK(head.method == "POST");
    CHECK(head.target == "http://a.example/x?y");
    CHECK(head.version == 10);
    REQUIRE(head.fields.size() == 3);
    CHECK(head.fields[0].name == "Host");
    CHECK(head.fields[0].value == "a.example");
    CHECK(head.fields[1].value.empty());
    CHECK(head.fields[2].value == "a b");
    CHECK(request(lines({"OPTIONS * HTTP/1.1"})).version == 11);
}

TEST_CASE("versions other than 1.0 and 1.1 are refused") {
    CHECK(parse(lines({"GET http://a.example/ HTTP/1.0"})) == "ok");
    for (const char* version : {"HTTP/1.2", "HTTP/1.9", "HTTP/2.0", "HTTP/0.9", "HTTP/3.0", "http/1.1",
                                "HTTP/1.10", "HTTP/11", "HTTP/1"}) {
        CAPTURE(version);
        CHECK(parse(lines({"GET http://a.example/ " + std::string(version)})) != "ok");
        CHECK_FALSE(parses_response(lines({std::string(version) + " 200 OK"})));
    }
}

TEST_CASE("requests that do not parse") {
    const std::string start = "GET http://a.example/ HTTP/1.1";
    CHECK(parse(lines({start, "Transfer-Encoding:\r\n chunked"})) == "a folded header line");
    CHECK(parse(start + "\r\nHost: a.example\r\n") != "ok");
    CHECK(parse(lines({start}) + "x") != "ok");
    CHECK(parse(lines({"G(T http://a.example/ HTTP/1.1"})) != "ok");
    CHECK(parse(lines({" http://a.example/ HTTP/1.1"})) != "ok");
    CHECK(parse("") != "ok");
}

TEST_CASE("the number of fields is bounded") {
    const std::string bytes = lines({"GET http://a.example/ HTTP/1.1", "A: 1", "B: 2", "C: 3"});
    CHECK(parse(bytes, 3) == "ok");
    CHECK(parse(bytes, 2) == "more than 2 header fields");
    std::string large = "GET http://a.example/ HTTP/1.1\r\nCookie: " + std::string(60'000, 'c') + "\r\n\r\n";
    CHECK(parse(large) == "ok"); // Beast's own limit of 8 KiB does not apply
}

TEST_CASE("a head that is used again forgets what it held") {
    const std::string one = lines({"GET http://a.example/ HTTP/1.1", "A: 1", "B: 2"});
    const std::string two = lines({"PUT http://b.example/ HTTP/1.1", "C: 3"});
    RequestHead head;
    REQUIRE(parse_request_head(one, 10, head).has_value());
    REQUIRE(parse_request_head(two, 10, head).has_value());
    REQUIRE(head.fields.size() == 1);
    CHECK(head.fields[0].name == "C");
    CHECK(head.method == "PUT");
}

TEST_CASE("a response's parts") {
    const std::string bytes = lines({"HTTP/1.1 404 Not Found", "Content-Length: 3"});
    const ResponseHead head = response(bytes);
    CHECK(head.status == 404);
    CHECK(head.reason == "Not Found");
    CHECK(field_value(head.fields, "content-length") == "3");
    CHECK(response(lines({"HTTP/1.0 200 "})).reason.empty());
    CHECK_FALSE(parses_response(lines({"HTTP/1.1 20 OK"})));
    CHECK_FALSE(parses_response(lines({"HTTP/1.1 2000 OK"})));
    CHECK_FALSE(parses_response(lines({"HTTP/1.1 2x0 OK"})));
    CHECK_FALSE(parses_response(lines({"HTTP/1.1 099 OK"})));
    CHECK(parses_response(lines({"HTTP/1.1 100 Continue"})));
    CHECK(parses_response(lines({"HTTP/1.1 599 Last"})));
    CHECK_FALSE(parses_response(lines({"HTTP/1.1 600 OK"})));
    CHECK_FALSE(parses_response("HTTP/1.1 200 OK\nX: y\n\n"));
}

TEST_CASE("fields are found by name in any case") {
    const std::vector<Field> fields{
        {"Accept", "a"}, {"ACCEPT", "b"}, {"Connection", "close ,\tx-y"}, {"connection", "TE"}};
    CHECK(count_fields(fields, "accept") == 2);
    CHECK(field_value(fields, "accept") == "a");
    CHECK(field_value(fields, "absent").empty());
    for (const char* token : {"close", "X-Y", "te"})
        CHECK(list_contains(fields, "Connection", token));
    for (const char* token : {"x", "clos", "closed", "close ,\tx-y", ""})
        CHECK_FALSE(list_contains(fields, "Connection", token));
    CHECK_FALSE(list_contains(fields, "Accept", "close"));
}
