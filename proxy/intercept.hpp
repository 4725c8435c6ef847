// What is in an inspected connection? TLS is opened with a leaf for the very name that was asked for, and
// each request inside goes the way of any other: framing, decision, log, origin.
#pragma once

#include "proxy/origin.hpp"
#include "proxy/session.hpp"

#include <cstdint>

namespace egressd::proxy {

/// What is spoken inside by the port: plain HTTP on its own, TLS on every other.
Way way_inside(std::uint16_t port);

/// Serves the requests inside until the client is done; it has been told that the way is open, and the origin
/// is known to be the one that was meant.
net::awaitable<void> serve_intercepted(Session& session, Exchange& exchange);

} // namespace egressd::proxy
