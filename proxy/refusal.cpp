#include "proxy/refusal.hpp"

#include "policy/rule.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <utility>

namespace egressd::proxy {

using policy::Reason;

namespace {

std::string_view status_text(unsigned status) {
    switch (status) {
    case 400:
        return "Bad Request";
    case 403:
        return "Forbidden";
    case 407:
        return "Proxy Authentication Required";
    case 408:
        return "Request Timeout";
    case 417:
        return "Expectation Failed";
    case 421:
        return "Misdirected Request";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 502:
        return "Bad Gateway";
    case 504:
        return "Gateway Timeout";
    default:
        return "Refused";
    }
}

/// RFC 9209 2.3: the proxy error type that says the same as the reason.
std::string_view proxy_error(const Refusal& refusal) {
    switch (refusal.reason) {
    case Reason::request_malformed:
    case Reason::name_invalid:
        return "http_request_error";
    case Reason::resolve_failed:
        return "dns_error";
    case Reason::address_forbidden:
        return "destination_ip_prohibited";
    case Reason::self_connection:
        return "proxy_loop_detected";
    case Reason::upstream_failed:
        return "destination_unavailable";
    case Reason::timeout:
        return refusal.status == 408 ? "http_request_error" : "connection_timeout";
    case Reason::tls_upstream_invalid:
        return "tls_certificate_error";
    case Reason::audit_failed:
        return "proxy_internal_error";
    case Reason::budget:
    case Reason::rate:
        return "connection_limit_reached";
    default:
        return "http_request_denied";
    }
}

bool is_about_secrets(Reason reason) {
    return reason == Reason::secret_found || reason == Reason::inspection_impossible;
}

std::string text_body(const Refusal& refusal, std::string_view id) {
    std::string body = "egressd refused this request: " + refusal.message + "\n";
    body.append("  reason:   ").append(to_text(refusal.reason)).append("\n");
    if (!refusal.host.empty())
        body.append("  host:     ")
            .append(refusal.host)
            .append(refusal.port ? ":" + std::to_string(refusal.port) : "")
            .append("\n");
    body.append("  rule:     ").append(refusal.rule.empty() ? "none" : refusal.rule).append("\n");
    body.append("  decision: ").append(id).append("\n");
    if (!refusal.fix.empty())
        body.append(is_about_secrets(refusal.reason) ? "  to allow it, add this line to allow.yaml\n    "
                                                     : "  to allow it, add this line under `allow:`\n    ")
            .append(refusal.fix)
            .append("\n");
    return body;
}

std::string json_body(const Refusal& refusal, std::string_view id) {
    boost::json::object object{{"error", "egress_denied"},
                               {"id", id},
                               {"reason", to_text(refusal.reason)},
                               {"host", refusal.host},
                               {"port", refusal.port},
                               {"rule", nullptr},
                               {"message", refusal.message},
                               {"fix", nullptr}};
    if (!refusal.rule.empty())
        object["rule"] = refusal.rule;
    if (!refusal.fix.empty())
        object["fix"] = refusal.fix;
    return boost::json::serialize(object) + "\n";
}

} // namespace

unsigned status_of(Reason reason) {
    switch (reason) {
    case Reason::request_malformed:
    case Reason::name_invalid:
        return 400;
    case Reason::task_unknown:
        return 407;
    case Reason::identity_mismatch:
        return 421;
    case Reason::rate:
    case Reason::budget:
        return 429;
    case Reason::resolve_failed:
    case Reason::tls_upstream_invalid:
    case Reason::upstream_failed:
        return 502;
    case Reason::timeout:
        return 504;
    default:
        return 403;
    }
}

Refusal refusal_of(const policy::Decision& decision, const policy::Attempt& attempt) {
    Refusal refusal = refusal_of(decision.reason, explanation(decision, attempt));
    refusal.host = attempt.host.bracketed();
    refusal.port = attempt.port;
    if (decision.rule != nullptr)
        refusal.rule = decision.rule->source.text();
    refusal.fix = remedy(decision, attempt);
    return refusal;
}

Refusal refusal_of(Reason reason, std::string message) {
    Refusal refusal;
    refusal.reason = reason;
    refusal.status = status_of(reason);
    refusal.message = std::move(message);
    return refusal;
}

std::string http_reply(const Refusal& refusal, std::string_view id, bool json, bool to_head, bool close) {
    const std::string body = json ? json_body(refusal, id) : text_body(refusal, id);
    std::string reply = "HTTP/1.1 " + std::to_string(refusal.status) + " ";
    reply.append(status_text(refusal.status))
        .append("\r\nProxy-Status: egressd; error=")
        .append(proxy_error(refusal));
    reply.append("; details=\"")
        .append(to_text(refusal.reason))
        .append("\"\r\nEgressd-Decision: ")
        .append(id);
    reply.append(json ? "\r\nContent-Type: application/json" : "\r\nContent-Type: text/plain; charset=utf-8");
    reply.append("\r\nCache-Control: no-store\r\nContent-Length: ").append(std::to_string(body.size()));
    if (refusal.status == 429)
        reply.append("\r\nRetry-After: 1");
    if (refusal.status == 407)
        reply.append("\r\nProxy-Authenticate: Basic realm=\"egressd\"");
    reply.append(close ? "\r\nConnection: close\r\n\r\n" : "\r\n\r\n");
    if (!to_head)
        reply.append(body);
    return reply;
}

bool is_denial(Reason reason) {
    switch (reason) {
    case Reason::resolve_failed:
    case Reason::tls_client_rejected:
    case Reason::upstream_failed:
    case Reason::timeout:
    case Reason::client_aborted:
    case Reason::shutdown:
        return false;
    default:
        return true;
    }
}

} // namespace egressd::proxy
