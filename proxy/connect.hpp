// A connection by CONNECT (RFC 9110 9.3.6): judged by name, dialled, and opened to the client only as far as
// its first bytes agree with the name.
#pragma once

#include "proxy/session.hpp"

namespace egressd::proxy {

net::awaitable<void> serve_connect(Session& session, Exchange& exchange);

} // namespace egressd::proxy
