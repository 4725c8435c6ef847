#include "audit/event.hpp"

#include "audit/json.hpp"

namespace egressd::audit {
namespace {

/// Longer than nearly every record, so that one allocation does.
constexpr std::size_t usual_length = 512;

std::string_view to_text(Inspection inspection) {
    switch (inspection) {
    case Inspection::complete:
        return "complete";
    case Inspection::partial:
        return "partial";
    case Inspection::none:
        break;
    }
    return "none";
}

/// A record that begins with its event, and the subject where there is one.
std::string begin(std::string_view event, std::string_view subject = {}) {
    std::string fields;
    fields.reserve(usual_length);
    Members(fields).text("event", event);
    if (!subject.empty()) {
        fields += ',';
        fields += subject;
    }
    return fields;
}

void add_tls(Members& members, const Ending& ending) {
    if (ending.tls_mode.empty() && ending.sni.empty())
        return;
    members.object("tls", [&](Members& tls) {
        tls.text_if_any("mode", ending.tls_mode)
            .text_if_any("sni", ending.sni)
            .text_if_any("version", ending.tls_version)
            .text_if_any("alpn", ending.alpn);
    });
}

} // namespace

std::string subject_fields(std::string_view id, std::string_view session, std::string_view client,
                           const policy::Attempt* attempt) {
    std::string fields;
    fields.reserve(usual_length);
    Members members(fields);
    members.text("id", id).text("session", session);
    members.object("client", [&](Members& inner) { inner.text("addr", client); });
    if (!attempt)
        return fields;
    members.text("task", attempt->task).text("proto", to_text(attempt->protocol));
    if (attempt->protocol == policy::Protocol::dns)
        members.text_if_any("host", attempt->host.text()).text_if_any("qtype", attempt->query_type);
    else
        members.text("host", attempt->host.text()).number("port", attempt->port);
    return fields;
}

std::string attempt_record(std::string_view subject, const policy::Attempt* attempt,
                           const policy::Decision& decision, std::string_view rule,
                           std::string_view query_names) {
    std::string fields = begin("attempt", subject);
    Members members(fields);
    if (attempt && attempt->method)
        members.text("method", *attempt->method);
    if (attempt && attempt->path)
        members.text("path", *attempt->path);
    members.text_if_any("query", query_names);
    members.text("decision", to_text(decision.verdict));
    if (decision.verdict == policy::Verdict::observe)
        members.flag("would_deny", true);
    members.text("reason", to_text(decision.reason)).text_if_any("rule", rule);
    return fields;
}

std::string end_record(std::string_view subject, policy::Verdict verdict, policy::Reason reason,
                       const Ending& ending, std::chrono::milliseconds lasted, std::uint64_t repeated) {
    std::string fields = begin("end", subject);
    Members members(fields);
    members.text("decision", to_text(verdict)).text("reason", to_text(reason)).text_if_any("ip", ending.ip);
    add_tls(members, ending);
    members.text("inspection", to_text(ending.inspection));
    if (ending.inspection != Inspection::complete)
        members.text_if_any("inspection_reason", ending.inspection_reason);
    members.number("bytes_up", ending.bytes_up).number("bytes_down", ending.bytes_down);
    members.number("ms", lasted.count());
    if (ending.status)
        members.number("status", *ending.status);
    members.text_if_any("rcode", ending.rcode);
    if (repeated > 0)
        members.number("repeated", repeated);
    if (ending.secrets > 0)
        members.number("secrets", ending.secrets);
    members.text_if_any("detail", ending.detail);
    return fields;
}

std::string secret_record(std::string_view subject, const SecretFound& secret) {
    std::string fields = begin("secret", subject);
    Members(fields).object("secret", [&](Members& inner) {
        inner.text("rule", secret.rule)
            .text("where", secret.where)
            .text_if_any("encoding", secret.encoding)
            .number("offset", secret.offset)
            .text("fingerprint", secret.fingerprint)
            .text("action", secret.action)
            .number("forwarded", secret.forwarded);
    });
    return fields;
}

std::string policy_record(const PolicyRecord& record) {
    std::string fields = begin("policy");
    Members(fields)
        .text("session", record.session)
        .text("version", record.version)
        .text("machine", record.host)
        .text("mode", record.mode)
        .object("started_by", [&](Members& who) { who.number("uid", record.uid).text("user", record.user); })
        .number("recovered_bytes", record.recovered_bytes)
        .text("sha256", record.sha256)
        .json("policy", record.effective_json);
    return fields;
}

std::string reload_record(bool ok, std::string_view message, std::span<const std::string> weakenings) {
    std::string fields = begin("reload");
    Members(fields).flag("ok", ok).text_if_any("message", message).texts("weakenings", weakenings);
    return fields;
}

std::string stop_record(std::string_view reason) {
    std::string fields = begin("stop");
    Members(fields).text("reason", reason);
    return fields;
}

std::string limit_record(std::uint64_t lost) {
    std::string fields = begin("limit");
    Members(fields).number("lost", lost);
    return fields;
}

} // namespace egressd::audit
