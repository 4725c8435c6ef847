// DNS over TCP (RFC 7766): messages with their length in front, cut into segments as it happens, several at a
// time. It reads and writes; what is said is the responder's.
#pragma once

#include "dns/responder.hpp"
#include "net/connection.hpp"

#include <chrono>

namespace egressd::dns {

struct StreamLimits {
    std::chrono::milliseconds message; // from the first octet of one to its last
    std::chrono::milliseconds idle;    // between two
};

/// Answers one message after the other, in their order, until the client ends, is silent for too long, or
/// sends what is no query. `is_idle` is true while nothing is lost by closing.
boost::asio::awaitable<void> serve_stream(net::Connection& connection, Responder& responder, Asked from,
                                          StreamLimits limits, bool& is_idle);

} // namespace egressd::dns
