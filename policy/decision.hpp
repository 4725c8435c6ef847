// What was decided, and why, in the words that the log, the replies, DNS and the command line share. A reason
// code is an interface: renaming one breaks users (audit.md of the design; listed in README.md).
#pragma once

#include "net/host.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace egressd::policy {

enum class Verdict { allow, deny, observe };

enum class Reason {
    allowed,
    not_listed,
    denied_by_rule,
    port,
    method,
    path,
    address_forbidden,
    self_connection,
    resolve_failed,
    name_invalid,
    request_malformed,
    identity_mismatch,
    not_tls,
    tls_client_rejected,
    tls_upstream_invalid,
    ech,
    upgrade_refused,
    secret_found,
    secret_foreign,
    inspection_impossible,
    dns_type,
    dns_tunnel,
    rate,
    budget,
    task_unknown,
    task_expired,
    approval_denied,
    approval_timeout,
    policy_changed,
    audit_failed,
    upstream_failed,
    timeout,
    client_aborted,
    shutdown,
};

/// "allow", "deny", "observe".
std::string_view to_text(Verdict verdict);
/// The stable code: "not-listed", "denied-by-rule" ...
std::string_view to_text(Reason reason);

/// How the attempt reached us. The texts are those of the log's `proto` field.
enum class Protocol { http, connect, socks5, ws, dns };
std::string_view to_text(Protocol protocol);

/// What an agent wants to do. Filled by proxy/ and cli/ from parsed input only.
struct Attempt {
    std::string task; // "default" unless a listener or a credential says otherwise
    Protocol protocol = Protocol::connect;
    net::Host host;
    std::uint16_t port = 0; // 0 with Protocol::dns, which asks for a name and for no port
    /// Absent where a connection is asked for (CONNECT, SOCKS5). A rule that asks for a method or a path then
    /// denies, unless the requests inside will be judged.
    std::optional<std::string> method;
    std::optional<std::string> path; // canonical (net::canonical_path)
    std::string query_type{};        // of Protocol::dns: "A", "AAAA" …
};

struct Rule;

/// The answer. `rule` lives as long as the Policy that made it; nullptr where no rule matched.
struct Decision {
    Verdict verdict = Verdict::deny;
    Reason reason = Reason::not_listed;
    const Rule* rule = nullptr;

    bool lets_through() const { return verdict != Verdict::deny; }
};

} // namespace egressd::policy
