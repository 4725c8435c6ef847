// A tunnel by SOCKS5 (RFC 1928): another way to say CONNECT, judged by the same decide().
#pragma once

#include "proxy/session.hpp"

namespace egressd::proxy {

/// The session's buffer begins with the version byte.
net::awaitable<void> serve_socks5(Session& session);

} // namespace egressd::proxy
