// Which attempts would a client make for what a person typed? A URL, a host or host:port, as curl would bring
// it to the proxy: a request, or a connection and, where TLS is looked into, the request inside.
#pragma once

#include "net/result.hpp"
#include "policy/decision.hpp"

#include <optional>
#include <string>

namespace egressd::cli {

/// The only task of this version: whoever speaks through a listener.
inline constexpr const char* default_task = "default";

struct Asked {
    policy::Attempt first;                 // what comes to the proxy
    std::optional<policy::Attempt> inside; // the request in the connection that `first` asks for
};

/// `method` may be empty, and is GET then. http:// is a forwarded request; https:// a CONNECT and the request
/// inside; a bare host is a CONNECT alone. ws:// and wss:// are the same for a WebSocket, which is always a
/// GET.
Result<Asked> parse_asked(const std::string& method, const std::string& target);

/// Of a question for a name "AAAA api.example"; else "CONNECT api.example:443", "GET
/// http://api.example:80/path", "GET ws://…"; `in_tls`: "GET https://…", "GET wss://…".
std::string text_of(const policy::Attempt& attempt, bool in_tls);

} // namespace egressd::cli
