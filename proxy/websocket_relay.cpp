#include "proxy/websocket_relay.hpp"

#include "proxy/message_scan.hpp"
#include "proxy/worker.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <memory>
#include <span>
#include <utility>

namespace egressd::proxy {

namespace asio = boost::asio;
using net::awaitable;
using net::error_code;
using policy::Reason;
using Cause = WebSocketEnd::Cause;

namespace {

constexpr std::size_t piece_size = 16 * 1024; // a TLS record; more would be memory that an idle one holds
/// How long a client may take for what is already on its way to it when the other direction ends badly.
constexpr std::chrono::milliseconds farewell{2'000};

/// One direction, and how it ended.
struct Way {
    enum class End { none, closed, read_failed, write_failed, rejected };

    Way(net::Connection& source, net::Connection& target, std::string& read_ahead, std::uint64_t& count)
        : from(source), to(target), ahead(read_ahead), moved(count) {}

    net::Connection& from;
    net::Connection& to;
    std::string& ahead;
    std::uint64_t& moved;
    End end = End::none;
    error_code ec;
    bool whole = true; // what the other side has got ends with a frame
    bool done = false;
};

struct Relay {
    Relay(asio::io_context& io, WebSocketSides& both, MessageGate& gate)
        : sides(both), up(both.client, both.origin, both.client_ahead, both.bytes_up),
          down(both.origin, both.client, both.origin_ahead, both.bytes_down), to_origin(gate),
          bell(io, asio::steady_timer::time_point::max()) {}

    FrameRewriter& rewriter(const Way& way) { return &way == &up ? to_origin : to_client; }

    WebSocketSides& sides;
    Way up;
    Way down;
    FrameRewriter to_origin;
    FrameRewriter to_client;
    const Way* broken = nullptr; // the one that ended first without a close frame
    asio::steady_timer bell;
};

/// Sends on what is in `bytes`; nothing of it where a part of it may not pass.
awaitable<void> pass(Relay& relay, Way& way, std::span<char> bytes) {
    FrameRewriter& rewriter = relay.rewriter(way);
    std::string out;
    std::uint64_t payload = 0;
    if (!rewriter.rewrite(bytes, out, payload)) {
        way.end = Way::End::rejected;
        co_return;
    }
    way.ec = co_await way.to.write(asio::buffer(out));
    way.whole = !way.ec && !rewriter.inside_frame();
    if (way.ec) {
        way.end = Way::End::write_failed;
        co_return;
    }
    way.moved += payload;
    if (rewriter.closed())
        way.end = Way::End::closed;
    relay.sides.client.expires_after(relay.sides.idle);
    relay.sides.origin.expires_after(relay.sides.idle);
}

/// Until the direction ends.
awaitable<void> run(Relay* relay, Way* way) {
    std::string ahead;
    ahead.swap(way->ahead);
    co_await pass(*relay, *way, std::span<char>(ahead));
    std::string().swap(ahead);
    const std::unique_ptr<char[]> buffer = std::make_unique<char[]>(piece_size);
    while (way->end == Way::End::none) {
        const net::Transfer transfer = co_await way->from.read_some(asio::buffer(buffer.get(), piece_size));
        if (transfer.ec) {
            way->end = Way::End::read_failed;
            way->ec = transfer.ec;
            co_return;
        }
        co_await pass(*relay, *way, std::span<char>(buffer.get(), transfer.size));
    }
}

/// One direction is over; whether the other one can go on is decided here.
void finish(Relay& relay, Way& way, const std::exception_ptr& failure) {
    way.done = true;
    if (failure) {
        way.end = Way::End::read_failed;
        way.ec = asio::error::fault;
        way.whole = false;
    }
    relay.bell.cancel();
    if (way.end == Way::End::closed || relay.broken != nullptr)
        return;
    relay.broken = &way;
    // An origin that takes no more may still have something to say, and then ends by itself.
    if (&way == &relay.up && way.end == Way::End::write_failed && way.ec != asio::error::timed_out)
        return;
    // The client's connection is not interrupted, which is for good: it may get a close frame.
    relay.sides.origin.interrupt();
    const bool half_sent = &way == &relay.up && way.end == Way::End::rejected;
    relay.sides.client.expires_after(half_sent ? farewell : std::chrono::milliseconds(0));
}

void start(asio::io_context& io, Relay& relay, Way& way) {
    const auto on_done = [&relay, &way](std::exception_ptr failure) { finish(relay, way, failure); };
    asio::co_spawn(io, run(&relay, &way), on_done);
}

Cause cause_of(const Relay& relay) {
    if (relay.broken == nullptr)
        return Cause::closed;
    const bool up = relay.broken == &relay.up;
    const Way& other = up ? relay.down : relay.up;
    if (relay.broken->end == Way::End::rejected)
        return up ? Cause::malformed : Cause::origin_malformed;
    if (relay.broken->ec == asio::error::timed_out)
        return Cause::idle;
    // A side that has got a close frame, or sent one, may leave without another word.
    if (other.end == Way::End::closed)
        return Cause::closed;
    const bool client_left = up == (relay.broken->end == Way::End::read_failed);
    return client_left ? Cause::client_gone : Cause::origin_gone;
}

WebSocketEnd end_of(const Relay& relay) {
    WebSocketEnd end;
    end.cause = cause_of(relay);
    end.refusal = relay.to_origin.refusal();
    if (end.cause == Cause::malformed && end.refusal)
        end.cause = Cause::refused;
    else if (end.cause == Cause::malformed)
        end.problem = relay.to_origin.problem();
    else if (end.cause == Cause::origin_malformed)
        end.problem = relay.to_client.problem();
    return end;
}

/// The close frame that tells the client why, or nothing.
std::string last_frame(const WebSocketEnd& end, const std::string& id) {
    switch (end.cause) {
    case Cause::idle:
        return write_close(CloseCode::going_away, "egressd: timeout " + id);
    case Cause::malformed:
        return write_close(CloseCode::protocol_error, "egressd: request-malformed " + id);
    case Cause::origin_malformed:
        return write_close(CloseCode::internal_error, "egressd: upstream-failed " + id);
    case Cause::refused:
        return write_close(is_denial(end.refusal->reason) ? CloseCode::policy_violation
                                                          : CloseCode::internal_error,
                           "egressd: " + std::string(to_text(end.refusal->reason)) + " " + id);
    case Cause::closed:
    case Cause::client_gone:
    case Cause::origin_gone:
        break;
    }
    return {};
}

bool must_cut_off(const Relay& relay, Cause cause) {
    return !relay.up.whole || cause == Cause::refused || cause == Cause::malformed ||
           cause == Cause::origin_malformed;
}

/// Tells the client where it can be told, and cuts off what is not whole.
awaitable<void> part(Relay& relay, const WebSocketEnd& end, const std::string& id) {
    net::Connection& client = relay.sides.client;
    if (must_cut_off(relay, end.cause))
        relay.sides.origin.reset();
    if (!relay.down.whole) {
        client.reset();
        co_return;
    }
    if (relay.down.end == Way::End::closed)
        co_return; // the client has had its close frame
    const std::string frame = last_frame(end, id);
    client.expires_after(farewell);
    const error_code ignored = co_await client.write(asio::buffer(frame));
    (void)ignored;
}

/// Nothing looks into messages, and the end record says so ("secrets-off").
class OpenGate final : public MessageGate {
public:
    std::optional<Refusal> refuse(const MessagePiece&) override { return std::nullopt; }
};

void conclude(Session& session, Exchange& exchange, const WebSocketEnd& end) {
    audit::Entry& entry = exchange.entry;
    if (session.interrupted()) {
        entry.conclude(*session.interrupted());
        return;
    }
    switch (end.cause) {
    case Cause::closed:
        break;
    case Cause::idle:
        entry.conclude(Reason::timeout);
        entry.detail = "nothing moved through the WebSocket for limits.idle_timeout";
        break;
    case Cause::refused:
        note_refusal(exchange, *end.refusal);
        break;
    case Cause::malformed:
        note_refusal(exchange, refusal_of(Reason::request_malformed, end.problem));
        break;
    case Cause::origin_malformed:
        entry.conclude(Reason::upstream_failed);
        entry.detail = end.problem;
        break;
    case Cause::client_gone:
        entry.conclude(Reason::client_aborted);
        break;
    case Cause::origin_gone:
        entry.conclude(Reason::upstream_failed);
        entry.detail = "the origin left the WebSocket without a close frame";
        break;
    }
}

} // namespace

awaitable<WebSocketEnd> relay_messages(asio::io_context& io, WebSocketSides& sides, MessageGate& gate,
                                       std::string decision_id) {
    Relay relay(io, sides, gate);
    sides.client.expires_after(sides.idle);
    sides.origin.expires_after(sides.idle);
    start(io, relay, relay.up);
    start(io, relay, relay.down);
    while (!relay.up.done || !relay.down.done) {
        error_code ignored;
        co_await relay.bell.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    WebSocketEnd end = end_of(relay);
    co_await part(relay, end, decision_id);
    co_return end;
}

awaitable<void> relay_websocket(Session& session, Exchange& exchange) {
    exchange.head = RequestHead(); // what an idle WebSocket need not keep
    std::string().swap(exchange.head_bytes);
    OpenGate open;
    std::optional<MessageScan> scan;
    if (exchange.scanning)
        scan.emplace(exchange);
    MessageGate& gate = scan ? static_cast<MessageGate&>(*scan) : open;
    Origin& origin = *session.origin;
    WebSocketSides sides{session.client,
                         origin.connection,
                         session.buffered,
                         origin.buffered,
                         exchange.settings->limits.idle_timeout,
                         exchange.entry.bytes_up,
                         exchange.entry.bytes_down};
    const WebSocketEnd end = co_await relay_messages(session.worker.io(), sides, gate, exchange.entry.id());
    conclude(session, exchange, end);
    session.origin.reset();
    const bool may_listen = end.cause != Cause::closed && end.cause != Cause::client_gone;
    if (may_listen && session.client.socket().is_open() && !session.interrupted())
        co_await linger(session);
}

} // namespace egressd::proxy
