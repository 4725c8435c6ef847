// Is this the opening of a WebSocket (RFC 6455 4)? What a client must ask for and what an origin must answer,
// from parsed heads; anything else keeps its HTTP. Pure.
#pragma once

#include "proxy/framing.hpp"
#include "proxy/http1.hpp"
#include "proxy/target.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace egressd::proxy {

/// What a client offers, and what the origin's answer is checked against.
struct WebSocketOffer {
    std::string accept;                 // the only right Sec-WebSocket-Accept
    std::vector<std::string> protocols; // Sec-WebSocket-Protocol
};

/// The answer to a Sec-WebSocket-Key (RFC 6455 4.2.2); empty when the library has no SHA-1.
std::string websocket_accept(std::string_view key);

/// Nothing: no change of protocol is asked for. Errors: upgrade-refused for any protocol but a WebSocket
/// alone; request-malformed for one that breaks RFC 6455 4.1 or has a body.
TargetResult<std::optional<WebSocketOffer>> websocket_offer(const RequestHead& head, const Framing& framing);

/// Is this 101 the answer to `offer` (RFC 6455 4.1)? The error says what is wrong with it.
Result<void> check_websocket_answer(const ResponseHead& head, const WebSocketOffer& offer);

} // namespace egressd::proxy
