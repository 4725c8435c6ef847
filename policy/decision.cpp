#include "policy/decision.hpp"

#include <array>

namespace egressd::policy {
namespace {

// In the order of Reason.
constexpr auto codes = std::to_array<std::string_view>({"allowed",
                                                        "not-listed",
                                                        "denied-by-rule",
                                                        "port",
                                                        "method",
                                                        "path",
                                                        "address-forbidden",
                                                        "self-connection",
                                                        "resolve-failed",
                                                        "name-invalid",
                                                        "request-malformed",
                                                        "identity-mismatch",
                                                        "not-tls",
                                                        "tls-client-rejected",
                                                        "tls-upstream-invalid",
                                                        "ech",
                                                        "upgrade-refused",
                                                        "secret-found",
                                                        "secret-foreign",
                                                        "inspection-impossible",
                                                        "dns-type",
                                                        "dns-tunnel",
                                                        "rate",
                                                        "budget",
                                                        "task-unknown",
                                                        "task-expired",
                                                        "approval-denied",
                                                        "approval-timeout",
                                                        "policy-changed",
                                                        "audit-failed",
                                                        "upstream-failed",
                                                        "timeout",
                                                        "client-aborted",
                                                        "shutdown"});
static_assert(codes.size() == static_cast<std::size_t>(Reason::shutdown) + 1);

} // namespace

std::string_view to_text(Verdict verdict) {
    switch (verdict) {
    case Verdict::allow:
        return "allow";
    case Verdict::deny:
        return "deny";
    case Verdict::observe:
        return "observe";
    }
    return "deny";
}

std::string_view to_text(Reason reason) {
    return codes[static_cast<std::size_t>(reason)];
}

std::string_view to_text(Protocol protocol) {
    switch (protocol) {
    case Protocol::http:
        return "http";
    case Protocol::connect:
        return "connect";
    case Protocol::socks5:
        return "socks5";
    case Protocol::ws:
        return "ws";
    case Protocol::dns:
        return "dns";
    }
    return "connect";
}

} // namespace egressd::policy
