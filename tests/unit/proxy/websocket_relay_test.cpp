#include "proxy/websocket_relay.hpp"
#include "tests/unit/net/loopback.hpp"
#include "tests/unit/proxy/frames.hpp"

#include <boost/asio/error.hpp>
#include <catch2/catch.hpp>

using namespace egressd;
using namespace egressd::proxy;
using namespace egressd::test;
using namespace std::chrono_literals;
using namespace std::string_literals;
namespace asio = boost::asio;
using Cause = WebSocketEnd::Cause;

namespace {

struct TestGate final : MessageGate {
    std::optional<Refusal> refuse(const MessagePiece& piece) override {
        seen += piece.bytes;
        if (!forbidden.empty() && piece.bytes.find(forbidden) != std::string_view::npos)
            return refusal_of(policy::Reason::secret_found, "the test forbids it");
        return std::nullopt;
    }
    std::string seen;
    std::string forbidden;
};

awaitable<error_code> read_to_end(net::Connection* connection, std::string* into) {
    std::string piece(64 * 1024, '\0');
    for (;;) {
        const net::Transfer transfer = co_await connection->read_some(asio::buffer(piece));
        if (transfer.ec)
            co_return transfer.ec;
        into->append(piece, 0, transfer.size);
    }
}

/// client.far - client.near | relay | origin.near - origin.far
struct Talk {
    explicit Talk(std::chrono::milliseconds idle = 30s)
        : client(io, timers),
          origin(io, timers), sides{client.near, origin.near, client_ahead, origin_ahead, idle, up, down} {
        start(io, relay_messages(io, sides, gate, "id-1"), end);
        start(io, read_to_end(&client.far, &at_client), client_ended);
        start(io, read_to_end(&origin.far, &at_origin), origin_ended);
    }

    void say(net::Connection& from, const std::string& bytes) {
        const error_code ec = run(io, from.write(asio::buffer(bytes)));
        REQUIRE_FALSE(ec);
    }
    void wait_for(const std::string& place, std::size_t size) {
        run_until(io, [&] { return place.size() >= size; });
    }
    /// The relay's end, and then what both ends saw of it.
    const WebSocketEnd& finish() {
        run_until(io, [&] { return end.has_value(); });
        client.near.close();
        origin.near.close();
        run_until(io, [&] { return client_ended && origin_ended; });
        return *end;
    }
    /// What the origin has got, unmasked.
    std::string origin_got() {
        FrameReader reader(Side::client);
        std::string bytes = at_origin;
        std::string said;
        for (std::span<char> rest(bytes); !rest.empty();) {
            const FrameReader::Step step = reader.read(rest).value();
            rest = rest.subspan(step.consumed);
            said.append(step.payload.data(), step.payload.size());
        }
        return said;
    }

    asio::io_context io{1};
    net::Timers timers{io};
    Ends client;
    Ends origin;
    std::string client_ahead;
    std::string origin_ahead;
    std::uint64_t up = 0;
    std::uint64_t down = 0;
    TestGate gate;
    WebSocketSides sides;
    std::optional<WebSocketEnd> end;
    std::string at_client;
    std::string at_origin;
    std::optional<error_code> client_ended;
    std::optional<error_code> origin_ended;
};

std::string close_frame(unsigned code, const std::string& reason) {
    return frame(0x88, close_payload(code, reason));
}

} // namespace

TEST_CASE("frames go both ways until both have closed") {
    Talk talk;
    talk.say(talk.client.far, client_frame(0x01, "he") + client_frame(0x80, "llo"));
    talk.say(talk.origin.far, frame(0x81, "welcome"));
    talk.wait_for(talk.at_origin, 2 * 6 + 5);
    talk.wait_for(talk.at_client, 9);
    talk.say(talk.client.far, client_frame(0x88, close_payload(1000)));
    talk.say(talk.origin.far, frame(0x88, close_payload(1000)));
    CHECK(talk.finish().cause == Cause::closed);
    CHECK(talk.origin_got() == "hello\x03\xe8");
    CHECK(talk.gate.seen == "hello\x03\xe8");
    CHECK(talk.at_client == frame(0x81, "welcome") + frame(0x88, close_payload(1000)));
    CHECK(talk.up == 7);
    CHECK(talk.down == 9);
    CHECK(talk.client_ended == asio::error::eof);
    CHECK(talk.origin_ended == asio::error::eof);
}

TEST_CASE("what was read behind the handshake goes first") {
    Talk talk;
    // The relay has been started, but not yet run.
    talk.client_ahead = client_frame(0x81, "early");
    talk.origin_ahead = frame(0x81, "bird");
    talk.wait_for(talk.at_origin, 11);
    talk.wait_for(talk.at_client, 6);
    CHECK(talk.origin_got() == "early");
    CHECK(talk.at_client == frame(0x81, "bird"));
    talk.client.far.close();
    CHECK(talk.finish().cause == Cause::client_gone);
}

TEST_CASE("what the gate refuses ends the WebSocket, and none of it has left") {
    Talk talk;
    talk.gate.forbidden = "secret";
    talk.say(talk.client.far, client_frame(0x81, "fine"));
    talk.wait_for(talk.at_origin, 10);
    talk.say(talk.client.far, client_frame(0x82, "a secret in it"));
    const WebSocketEnd& end = talk.finish();
    CHECK(end.cause == Cause::refused);
    REQUIRE(end.refusal.has_value());
    CHECK(end.refusal->reason == policy::Reason::secret_found);
    CHECK(talk.at_client == close_frame(1008, "egressd: secret-found id-1"));
    CHECK(talk.origin_got() == "fine");
    CHECK(talk.origin_ended == asio::error::connection_reset);
    CHECK(talk.up == 4);
}

TEST_CASE("a client that breaks the protocol is told, and its origin is cut off") {
    Talk talk;
    talk.say(talk.client.far, frame(0x81, "not masked"));
    const WebSocketEnd& end = talk.finish();
    CHECK(end.cause == Cause::malformed);
    CHECK(end.problem == "the client broke the WebSocket protocol: a client's frame is not masked");
    CHECK(talk.at_client == close_frame(1002, "egressd: request-malformed id-1"));
    CHECK(talk.at_origin.empty());
    CHECK(talk.origin_ended == asio::error::connection_reset);
}

TEST_CASE("a client is told of an origin that breaks the protocol") {
    Talk talk;
    talk.say(talk.origin.far, frame(0xc1, "compressed"));
    const WebSocketEnd& end = talk.finish();
    CHECK(end.cause == Cause::origin_malformed);
    CHECK(talk.at_client == close_frame(1011, "egressd: upstream-failed id-1"));
    CHECK(talk.origin_ended == asio::error::connection_reset);
}

TEST_CASE("no close frame is put into the middle of another frame") {
    Talk talk;
    const std::string half = frame(0x82, std::string(1000, 'x')).substr(0, 500);
    talk.say(talk.origin.far, half);
    talk.wait_for(talk.at_client, half.size());
    talk.say(talk.client.far, frame(0x81, "not masked"));
    CHECK(talk.finish().cause == Cause::malformed);
    CHECK(talk.at_client == half);
    CHECK(talk.client_ended == asio::error::connection_reset);
}

TEST_CASE("a side that leaves without a close frame ends the WebSocket") {
    SECTION("the client, between frames") {
        Talk talk;
        talk.say(talk.client.far, client_frame(0x81, "last words"));
        talk.client.far.shutdown_send();
        CHECK(talk.finish().cause == Cause::client_gone);
        CHECK(talk.origin_got() == "last words");
        CHECK(talk.origin_ended == asio::error::eof);
    }
    SECTION("the client, inside a frame: the origin must not take it for whole") {
        Talk talk;
        talk.say(talk.client.far, client_frame(0x81, "last words").substr(0, 9));
        talk.client.far.shutdown_send();
        CHECK(talk.finish().cause == Cause::client_gone);
        CHECK(talk.origin_ended == asio::error::connection_reset);
    }
    SECTION("the origin, between frames") {
        Talk talk;
        talk.say(talk.origin.far, frame(0x81, "last words"));
        talk.origin.far.shutdown_send();
        CHECK(talk.finish().cause == Cause::origin_gone);
        CHECK(talk.at_client == frame(0x81, "last words"));
        CHECK(talk.client_ended == asio::error::eof);
    }
    SECTION("the origin, inside a frame") {
        Talk talk;
        talk.say(talk.origin.far, frame(0x81, "last words").substr(0, 5));
        talk.origin.far.shutdown_send();
        CHECK(talk.finish().cause == Cause::origin_gone);
        CHECK(talk.client_ended == asio::error::connection_reset);
    }
    SECTION("the origin, instead of answering a close frame") {
        Talk talk;
        talk.say(talk.client.far, client_frame(0x88, ""));
        talk.wait_for(talk.at_origin, 6);
        talk.origin.far.shutdown_send();
        CHECK(talk.finish().cause == Cause::closed);
    }
}

TEST_CASE("a WebSocket on which nothing moves ends") {
    Talk talk(300ms);
    CHECK(talk.finish().cause == Cause::idle);
    CHECK(talk.at_client == close_frame(1001, "egressd: timeout id-1"));
}

TEST_CASE("what moves in one direction keeps both alive") {
    Talk talk(400ms);
    for (int i = 1; i <= 10; ++i) {
        bool passed = false;
        net::Deadline pause(talk.timers, [&] { passed = true; });
        pause.expires_after(100ms);
        run_until(talk.io, [&] { return passed; });
        talk.say(talk.origin.far, frame(0x89, "x"));
        talk.wait_for(talk.at_client, static_cast<std::size_t>(3 * i));
    }
    CHECK_FALSE(talk.end.has_value());
    talk.client.near.interrupt();
    talk.finish();
}

TEST_CASE("both directions carry megabytes at once") {
    Talk talk;
    const std::string data = pattern(8 * 1024 * 1024, 3);
    const std::string up = client_frame(0x82, data) + client_frame(0x88, "");
    const std::string down = frame(0x02, data) + frame(0x80, data) + frame(0x88, "");
    std::optional<error_code> sent_up;
    std::optional<error_code> sent_down;
    start(talk.io, send_all(&talk.client.far, up), sent_up);
    start(talk.io, send_all(&talk.origin.far, down), sent_down);
    CHECK(talk.finish().cause == Cause::closed);
    CHECK((talk.origin_got() == data));
    CHECK((talk.at_client == down));
    CHECK(talk.up == data.size());
    CHECK(talk.down == 2 * data.size());
}
