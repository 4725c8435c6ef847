// What lies behind CONNECT and SOCKS5, once it is allowed? The origin is reached before the client is told
// that the way is open, so that whatever is wrong with it is a clear refusal; then the bytes are inspected or
// passed on, as the rule says.
#pragma once

#include "proxy/session.hpp"

#include <optional>

namespace egressd::proxy {

/// Reaches the origin. Of an inspected connection it is verified, too, and waits in the pool for the first
/// request.
net::awaitable<std::optional<Failure>> open_passage(Session& session, Exchange& exchange);

/// Serves the client, who has been told that the way is open, until it is done.
net::awaitable<void> serve_passage(Session& session, Exchange& exchange);

} // namespace egressd::proxy
