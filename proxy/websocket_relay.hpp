// How do a client and an origin talk through an open WebSocket? Both directions at once, frame by frame,
// until a close frame has gone each way or one side breaks off, breaks the protocol, or is refused.
#pragma once

#include "net/connection.hpp"
#include "proxy/session.hpp"
#include "proxy/websocket_rewriter.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace egressd::proxy {

/// The two connections of a WebSocket; the handshake is behind both.
struct WebSocketSides {
    net::Connection& client;
    net::Connection& origin;
    std::string& client_ahead; // read behind the handshake and not yet consumed
    std::string& origin_ahead;
    std::chrono::milliseconds idle{}; // without a move in either direction
    std::uint64_t& bytes_up;          // payload that has gone to the origin
    std::uint64_t& bytes_down;
};

/// Why a WebSocket is over.
struct WebSocketEnd {
    enum class Cause {
        closed,    // as RFC 6455 7 has it
        idle,      // nothing moved in time
        refused,   // by the gate, or by egressd: `refusal`
        malformed, // the client broke the protocol: `problem`
        origin_malformed,
        client_gone, // without a close frame
        origin_gone,
    };
    Cause cause = Cause::closed;
    std::string problem;
    std::optional<Refusal> refusal;
};

/// Relays until the end. The client is told by a close frame that ends with `decision_id`, where one can
/// still be sent: 1001 for idle, 1002 for its own mistake, 1008 for a refusal, 1011 for the origin's mistake.
/// An origin that is not to take what it has for whole gets a reset. Bounded: one piece a direction.
net::awaitable<WebSocketEnd> relay_messages(boost::asio::io_context& io, WebSocketSides& sides,
                                            MessageGate& gate, std::string decision_id);

/// Relays an exchange's WebSocket between the session's client and its origin, and concludes its entry.
net::awaitable<void> relay_websocket(Session& session, Exchange& exchange);

} // namespace egressd::proxy
