// Is this DNS in disguise? DNS over HTTPS (RFC 8484) would carry names past every rule, so that messages of
// its media types are refused in both directions, to whatever host they go. Pure.
#pragma once

#include "proxy/http1.hpp"

#include <vector>

namespace egressd::proxy {

/// A request that sends, or wants to be sent, DNS.
bool asks_for_dns(const std::vector<Field>& fields);
/// A response that is DNS: a request for one need not say so.
bool carries_dns(const std::vector<Field>& fields);

inline constexpr const char* dns_refused =
    "DNS over HTTPS is not let through: names are asked for and judged by the proxy";

} // namespace egressd::proxy
