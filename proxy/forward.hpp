// A plain HTTP request in absolute-form, forwarded (RFC 9112 3.2.2): judged, written anew for the origin, and
// its response relayed as it arrives.
#pragma once

#include "proxy/session.hpp"

namespace egressd::proxy {

/// True when the client's connection can carry another request.
net::awaitable<bool> serve_forward(Session& session, Exchange& exchange);

} // namespace egressd::proxy
