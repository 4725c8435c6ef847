// How does a response reach the client? As it arrives: its head written anew, its body in the pieces in which
// the origin sends them, never gathered.
#pragma once

#include "proxy/framing.hpp"
#include "proxy/session.hpp"

#include <string>

namespace egressd::proxy {

/// What became of a response.
struct Delivery {
    enum class Outcome {
        complete,      // relayed to its end
        switched,      // to a WebSocket: the client has its 101
        no_response,   // the origin closed or failed before its first byte
        bad_response,  // `problem` says what was wrong with its head
        origin_failed, // broke off inside the response
        client_failed, // the client is gone
    };
    Outcome outcome = Outcome::no_response;
    net::error_code ec;
    std::string problem;
    policy::Reason reason = policy::Reason::upstream_failed; // with bad_response
    bool origin_reusable = false;
    bool client_reusable = false;
};

/// Reads the response to the exchange's request from the session's origin and relays it. `client_persists`:
/// the client wants to keep its connection.
net::awaitable<Delivery> deliver_response(Session& session, Exchange& exchange, bool client_persists);

} // namespace egressd::proxy
