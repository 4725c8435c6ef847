// Is this a public DNS resolver? DNS over HTTPS or TLS to one of them would carry names past every rule, so
// they are never let through merely because somebody observes: they have to be listed.
#pragma once

#include "net/host.hpp"

#include <cstdint>

namespace egressd::policy {

/// A known resolver's name (or one below it) or address, or the port of DNS over TLS (RFC 7858). The list is
/// short and can't be complete; enforce mode does not need it.
bool leads_to_resolver(const net::Host& host, std::uint16_t port);

} // namespace egressd::policy
