// How is a client told no? One refusal, with one reason code and one decision id, in the words of HTTP,
// SOCKS5 or TLS. The text names the host, the rule or its absence and the line that would help; it never
// repeats anything else that the request or an origin said, because agents read such text as instructions.
// Pure.
#pragma once

#include "policy/policy.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace egressd::proxy {

struct Refusal {
    policy::Reason reason = policy::Reason::not_listed;
    unsigned status = 403;
    std::string message; // a sentence for people
    std::string host;    // canonical or sanitised; empty when unknown
    std::uint16_t port = 0;
    std::string rule; // "allow.yaml:12" or empty
    std::string fix;  // the line that would allow it, or empty
};

/// The status that goes with a reason where nothing more is known (policy.md of the design, "What the agent
/// sees").
unsigned status_of(policy::Reason reason);

/// A refusal by the policy: message, rule and fix come from it.
Refusal refusal_of(const policy::Decision& decision, const policy::Attempt& attempt);
/// A refusal for any other reason.
Refusal refusal_of(policy::Reason reason, std::string message);

/// A complete response, head and body. `json`: the client asked for JSON; `to_head`: HEAD gets no body;
/// `close`: the connection ends behind it.
std::string http_reply(const Refusal& refusal, std::string_view id, bool json, bool to_head, bool close);

/// False where the network failed what the policy had let through: the end record then keeps its verdict.
bool is_denial(policy::Reason reason);

/// A fatal access_denied alert (RFC 8446 6) in a plaintext record: what a TLS client understands where no
/// reply can be sent.
inline constexpr std::string_view tls_access_denied("\x15\x03\x03\x00\x02\x02\x31", 7);
/// The same with no_application_protocol (RFC 7301 3.2).
inline constexpr std::string_view tls_no_application_protocol("\x15\x03\x03\x00\x02\x02\x78", 7);

} // namespace egressd::proxy
