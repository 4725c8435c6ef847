// What may pass through an open tunnel? Under `tls: tunnel` nothing, until the client's ClientHello is read
// and names the host that was allowed; then bytes move in the kernel. Under `tls: raw` any protocol.
#pragma once

#include "proxy/session.hpp"

namespace egressd::proxy {

/// Relays between the session's client and its origin until both are done; the client has been told that the
/// tunnel is open.
net::awaitable<void> serve_tunnel(Session& session, Exchange& exchange);

} // namespace egressd::proxy
