// How is an origin reached through the operator's own proxy (`upstream.proxy`)? The policy is judged before,
// by name; the parent resolves.
#pragma once

#include "config/settings.hpp"
#include "proxy/origin.hpp"

#include <string>

namespace egressd::proxy {

/// True where `upstream.no_proxy` lists the host.
bool bypasses_parent(const config::UpstreamProxy& parent, const net::Host& host);

/// "Proxy-Authorization: Basic …\r\n", or empty without credentials.
std::string parent_authorization(const config::UpstreamProxy& parent);

/// Sends CONNECT over a fresh connection to the parent and reads its answer; what came behind the answer
/// stays in `origin.buffered`.
net::awaitable<boost::system::result<void, Failure>> open_through_parent(Session& session, Origin& origin,
                                                                         const config::UpstreamProxy& parent,
                                                                         const policy::Attempt& attempt);

} // namespace egressd::proxy
