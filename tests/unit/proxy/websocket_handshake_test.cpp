#include "proxy/message.hpp"
#include "proxy/websocket_handshake.hpp"
#include "tests/unit/proxy/heads.hpp"

#include <catch2/catch.hpp>

using namespace egressd;
using namespace egressd::proxy;
using policy::Reason;

namespace {

// RFC 6455 1.3.
constexpr const char* key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr const char* accept_value = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

struct Asked {
    std::string line = "GET http://a.example/chat HTTP/1.1";
    std::string upgrade = "websocket";
    std::string connection = "Upgrade";
    std::string version = "13";
    std::string key_value = key;
    std::string more; // complete lines
};

std::string bytes_of(const Asked& asked) {
    const auto field = [](const char* name, const std::string& value) {
        return value.empty() ? std::string() : std::string(name) + ": " + value + "\r\n";
    };
    return asked.line + "\r\nHost: a.example\r\n" + field("Upgrade", asked.upgrade) +
           field("Connection", asked.connection) + field("Sec-WebSocket-Version", asked.version) +
           field("Sec-WebSocket-Key", asked.key_value) + asked.more + "\r\n";
}

TargetResult<std::optional<WebSocketOffer>> offer_of(const Asked& asked) {
    const std::string bytes = bytes_of(asked);
    const RequestHead head = request(bytes);
    return websocket_offer(head, request_framing(head).value());
}

/// The reason for which it is refused; "websocket" or "plain" where it is not.
std::string judged(const Asked& asked) {
    const TargetResult<std::optional<WebSocketOffer>> offer = offer_of(asked);
    if (!offer)
        return std::string(to_text(offer.error().reason));
    return *offer ? "websocket" : "plain";
}

std::string problem(const std::string& head_bytes, std::vector<std::string> protocols = {}) {
    const ResponseHead head = response(head_bytes);
    const Result<void> checked =
        check_websocket_answer(head, WebSocketOffer{websocket_accept(key), std::move(protocols)});
    return checked ? std::string() : checked.error().message;
}

const std::string status_line = "HTTP/1.1 101 Switching Protocols";
const std::string accept_line = std::string("Sec-WebSocket-Accept: ") + accept_value;

} // namespace

TEST_CASE("the accept value is that of RFC 6455 1.3") {
    CHECK(websocket_accept(key) == accept_value);
}

TEST_CASE("a request for a WebSocket is known") {
    CHECK(judged({}) == "websocket");
    Asked asked;
    asked.upgrade = "WebSocket";
    asked.connection = "keep-alive, upgrade";
    CHECK(judged(asked) == "websocket");
    asked.more = "Content-Length: 0\r\n";
    CHECK(judged(asked) == "websocket");
    asked.upgrade.clear();
    CHECK(judged(asked) == "plain");
    CHECK(offer_of({})->value().accept == accept_value);
}

TEST_CASE("any other change of protocol is refused") {
    for (const char* upgrade :
         {"h2c", "TLS/1.0", "websocket, h2c", "h2c, websocket", "websocket/13", "web", "websocket,"}) {
        CAPTURE(upgrade);
        Asked asked;
        asked.upgrade = upgrade;
        CHECK(judged(asked) == "upgrade-refused");
    }
    Asked twice;
    twice.more = "Upgrade: websocket\r\n";
    CHECK(judged(twice) == "upgrade-refused");
    twice.more = "Upgrade: h2c\r\n";
    CHECK(judged(twice) == "upgrade-refused");
}

TEST_CASE("a malformed handshake is refused") {
    const auto with = [](auto change) {
        Asked asked;
        change(asked);
        return judged(asked);
    };
    CHECK(with([](Asked& a) { a.line = "POST http://a.example/ HTTP/1.1"; }) == "request-malformed");
    CHECK(with([](Asked& a) { a.line = "GET http://a.example/ HTTP/1.0"; }) == "request-malformed");
    CHECK(with([](Asked& a) { a.connection = "keep-alive"; }) == "request-malformed");
    CHECK(with([](Asked& a) { a.connection = ""; }) == "request-malformed");
    CHECK(with([](Asked& a) { a.connection = "Upgrade, Sec-WebSocket-Key"; }) == "request-malformed");
    CHECK(with([](Asked& a) { a.connection = "Upgrade, Sec-WebSocket-Protocol"; }) == "request-malformed");
    for (const char* version : {"", "12", "8", "013", "13, 8", "13 8"})
        CHECK(with([&](Asked& a) { a.version = version; }) == "request-malformed");
    CHECK(with([](Asked& a) { a.more = "Sec-WebSocket-Version: 13\r\n"; }) == "request-malformed");
    for (const char* wrong :
         {"", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZR==", "dGhlIHNhbXBsZSBub25jZQ=a",
          "dGhlIHNhbXBsZSBub25jZQ==,",
          "dGhlIHNhbXBsZSBub25j-Q==", "dGhlIHNhbXBsZSBub25jZSE=", "dGhlIHNhbXBsZSBub25jZSEhIQ=="})
        CHECK(with([&](Asked& a) { a.key_value = wrong; }) == "request-malformed");
    CHECK(with([](Asked& a) { a.more = std::string("Sec-WebSocket-Key: ") + key + "\r\n"; }) ==
          "request-malformed");
    CHECK(with([](Asked& a) { a.more = "Content-Length: 3\r\n"; }) == "request-malformed");
    CHECK(with([](Asked& a) { a.more = "Transfer-Encoding: chunked\r\n"; }) == "request-malformed");
    for (const char* protocols : {"", "a,", ",a", "a b", "a, a", "a;b"})
        CHECK(with([&](Asked& a) {
                  a.more = std::string("Sec-WebSocket-Protocol: ") + protocols + "\r\n";
              }) == "request-malformed");
}

TEST_CASE("offered subprotocols are kept") {
    Asked asked;
    asked.more = "Sec-WebSocket-Protocol: chat, superchat\r\nsec-websocket-protocol: v2.chat\r\n";
    CHECK(offer_of(asked)->value().protocols == std::vector<std::string>{"chat", "superchat", "v2.chat"});
}

TEST_CASE("the origin is asked without extensions") {
    Asked asked;
    asked.more = "Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: chat\r\n"
                 "sec-websocket-extensions: x\r\nOrigin: http://a.example\r\n";
    const std::string bytes = bytes_of(asked);
    const RequestHead head = request(bytes);
    RequestWriting how{"egressd-1", false, ""};
    how.websocket = true;
    CHECK(write_request(head, forward_target(head).value(), Framing{}, how) ==
          lines({"GET /chat HTTP/1.1", "Host: a.example", "Sec-WebSocket-Version: 13",
                 std::string("Sec-WebSocket-Key: ") + key, "Sec-WebSocket-Protocol: chat",
                 "Origin: http://a.example", "Via: 1.1 egressd-1", "Connection: Upgrade",
                 "Upgrade: websocket"}));
}

TEST_CASE("the origin's answer must be the right one") {
    const std::string connection = "Connection: upgrade";
    const std::string upgrade = "Upgrade: WebSocket";
    CHECK(problem(lines({status_line, upgrade, connection, accept_line})).empty());
    CHECK(problem(lines({status_line, connection, accept_line})).find("upgrade to websocket") !=
          std::string::npos);
    CHECK(problem(lines({status_line, "Upgrade: h2c", connection, accept_line})).find("upgrade to") !=
          std::string::npos);
    CHECK(problem(lines({status_line, upgrade, upgrade, connection, accept_line})).find("upgrade to") !=
          std::string::npos);
    CHECK(problem(lines({status_line, upgrade, accept_line})).find("Connection") != std::string::npos);
    CHECK(problem(lines({status_line, upgrade, "Connection: Upgrade, Sec-WebSocket-Accept", accept_line}))
              .find("Connection") != std::string::npos);
    for (const std::string& wrong : {std::string("X: y"), std::string("Sec-WebSocket-Accept: ") + key,
                                     std::string("Sec-WebSocket-Accept: S3PPLMBITXAQ9KYGZZHZRBK+XOO="),
                                     accept_line + "\r\n" + accept_line})
        CHECK(problem(lines({status_line, upgrade, connection, wrong})).find("wrong Sec-WebSocket-Accept") !=
              std::string::npos);
    CHECK(problem(lines({status_line, upgrade, connection, accept_line,
                         "Sec-WebSocket-Extensions: permessage-deflate"}))
              .find("extension") != std::string::npos);
}

TEST_CASE("the origin may choose only an offered subprotocol") {
    const auto chosen = [](const std::string& more, std::vector<std::string> offered) {
        return problem(lines({status_line, "Upgrade: websocket", "Connection: Upgrade", accept_line, more}),
                       std::move(offered));
    };
    CHECK(chosen("Sec-WebSocket-Protocol: chat", {"v2", "chat"}).empty());
    CHECK(chosen("X: y", {"chat"}).empty());
    for (const char* wrong : {"other", "Chat", "chat, v2"})
        CHECK(chosen(std::string("Sec-WebSocket-Protocol: ") + wrong, {"chat", "v2"}).find("subprotocol") !=
              std::string::npos);
    CHECK_FALSE(chosen("Sec-WebSocket-Protocol: chat", {}).empty());
    CHECK_FALSE(chosen("Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: v2", {"chat", "v2"}).empty());
}

TEST_CASE("the client's 101 is written anew") {
    const std::string bytes =
        lines({status_line, "upgrade: websocket", "Keep-Alive: 5", "connection: keep-alive, upgrade",
               accept_line, "Alt-Svc: h3=\":443\"", "Set-Cookie: a", "Content-Length: 0"});
    CHECK(write_websocket_answer(response(bytes)) ==
          lines({status_line, accept_line, "Set-Cookie: a", "Connection: Upgrade", "Upgrade: websocket"}));
}
