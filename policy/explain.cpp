// What people and agents are told. Agents read such text as instructions, so it holds the canonical host, the
// port, what the operator wrote, and nothing else that came with the request. The remedy alone names the
// method and the path, because it must be the exact line; a path is URI characters only, and a long one is
// left out.
#include "policy/compare.hpp"
#include "policy/policy.hpp"

namespace egressd::policy {
namespace {

constexpr std::size_t max_operator_words = 200; // a reply is a few lines; the log has the rule

std::string place(const Rule* rule) {
    return rule == nullptr ? std::string() : rule->source.text();
}

std::string denied_by(const Rule* rule, const std::string& host) {
    std::string text = host + " is denied by " + place(rule);
    if (rule != nullptr && !rule->reason.empty())
        text += ": " + net::sanitised(rule->reason, max_operator_words);
    return text;
}

/// What the rule that came closest allows instead.
std::string allowed_only(const Rule* rule, const std::string& host, const std::string& what) {
    if (rule == nullptr)
        return host + " is allowed only " + what;
    return rule->source.text() + " allows " + host + " only " + what;
}

std::string ports_of(const Rule* rule) {
    if (rule == nullptr)
        return "other ports";
    return (rule->ports.size() == 1 ? "port " : "ports ") + list_of_ports(*rule);
}

/// The reasons that do not come from the rules.
std::string_view circumstance(Reason reason) {
    switch (reason) {
    case Reason::name_invalid:
        return "the host is not a valid name or address";
    case Reason::request_malformed:
        return "the request is malformed";
    case Reason::identity_mismatch:
        return "the names that the request gives for its destination differ";
    case Reason::not_tls:
        return "what was sent is not TLS, and the rule for this host does not say `tls: raw`";
    case Reason::tls_client_rejected:
        return "the client rejected the certificate";
    case Reason::tls_upstream_invalid:
        return "the certificate of the host is not valid";
    case Reason::ech:
        return "the name is hidden by encrypted client hello";
    case Reason::upgrade_refused:
        return "this upgrade is not let through";
    case Reason::secret_found:
        return "the request carries a secret that does not belong there";
    case Reason::secret_foreign:
        return "the credential is not the one that is pinned for this host";
    case Reason::inspection_impossible:
        return "the bytes cannot be inspected";
    case Reason::dns_type:
        return "this type of DNS query is not served";
    case Reason::dns_tunnel:
        return "the queries look like a tunnel in DNS";
    case Reason::rate:
        return "the rate limit is reached";
    case Reason::budget:
        return "the budget is used up";
    case Reason::task_unknown:
        return "the task is unknown";
    case Reason::task_expired:
        return "the task has expired";
    case Reason::approval_denied:
        return "approval was denied";
    case Reason::approval_timeout:
        return "approval was not given in time";
    case Reason::policy_changed:
        return "the policy has changed and no longer allows it";
    case Reason::audit_failed:
        return "the attempt cannot be written to the audit log";
    case Reason::upstream_failed:
        return "the host could not be reached";
    case Reason::timeout:
        return "the host did not answer in time";
    case Reason::client_aborted:
        return "the client went away";
    case Reason::shutdown:
        return "egressd is stopping";
    default:
        return "it is not allowed";
    }
}

} // namespace

std::string explanation(const Decision& decision, const Attempt& attempt) {
    const std::string host = attempt.host.text().empty() ? "the host" : attempt.host.bracketed();
    const std::string destination =
        attempt.protocol == Protocol::dns ? host : host + ':' + std::to_string(attempt.port);
    switch (decision.reason) {
    case Reason::allowed:
        return destination + " is allowed by " + place(decision.rule) + '.';
    case Reason::not_listed:
        return host + " is not in the allow list" +
               (decision.lets_through() ? " (observed, not refused)." : ".");
    case Reason::denied_by_rule:
        return denied_by(decision.rule, host) + '.';
    case Reason::port:
        return allowed_only(decision.rule, host, "on " + ports_of(decision.rule)) + ", not on " +
               std::to_string(attempt.port) + '.';
    case Reason::method: {
        const std::string methods =
            decision.rule == nullptr ? "other methods" : list_of(decision.rule->methods);
        return allowed_only(decision.rule, host, "with " + methods) + '.';
    }
    case Reason::path:
        return allowed_only(decision.rule, host, "for some paths, and this is not one of them") + '.';
    case Reason::inspection_impossible:
        if (attempt.method && attempt.path)
            break;
        return allowed_only(decision.rule, host,
                            "for some methods or paths, which cannot be seen in a tunnel") +
               '.';
    case Reason::address_forbidden:
        return host + " has an address that is not open to plain rules (loopback, private, metadata or other "
                      "special-purpose range); an entry opens it with `private:`.";
    case Reason::self_connection:
        return destination + " is egressd itself.";
    case Reason::resolve_failed:
        return host + " could not be resolved.";
    default:
        break;
    }
    return destination + ": " + std::string(circumstance(decision.reason)) + '.';
}

} // namespace egressd::policy
