#include "proxy/message.hpp"

namespace egressd::proxy {

namespace {

void add_field(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
}

void add_via(std::string& out, std::string_view pseudonym) {
    if (!pseudonym.empty())
        add_field(out, "Via", std::string("1.1 ").append(pseudonym));
}

/// RFC 6455 9: extensions change what frames mean, and compression hides what they say.
bool is_never_negotiated(std::string_view name) {
    return same_name(name, "Sec-WebSocket-Extensions");
}

void add_framing(std::string& out, const Framing& framing) {
    if (framing.kind == BodyKind::length)
        add_field(out, "Content-Length", std::to_string(framing.length));
    if (framing.kind == BodyKind::chunked)
        add_field(out, "Transfer-Encoding", "chunked");
}

void add_status_line(std::string& out, const ResponseHead& head) {
    out.append("HTTP/1.1 ")
        .append(std::to_string(head.status))
        .append(" ")
        .append(head.reason)
        .append("\r\n");
}

/// What an origin must not say in egressd's name, nor offer: a way around (Alt-Svc leads to QUIC).
bool is_ours_alone(std::string_view name) {
    return same_name(name, "Egressd-Decision") || same_name(name, "Alt-Svc");
}

void add_websocket(std::string& out) {
    add_field(out, "Connection", "Upgrade");
    add_field(out, "Upgrade", "websocket");
}

void add_response_fields(std::string& out, const ResponseHead& head) {
    const EndToEnd end_to_end(head.fields);
    // RFC 9110 8.6: these have no content and must not claim a length.
    const bool no_length = head.status == 204 || head.status / 100 == 1;
    for (const Field& field : head.fields)
        if (end_to_end.passes(field) && !is_ours_alone(field.name) &&
            !(no_length && same_name(field.name, "Content-Length")))
            add_field(out, field.name, field.value);
}

} // namespace

EndToEnd::EndToEnd(const std::vector<Field>& fields)
    : fields_(fields), has_connection_(count_fields(fields, "Connection") > 0) {}

bool EndToEnd::passes(const Field& field) const {
    if (is_hop_by_hop(field.name))
        return false;
    return !has_connection_ || !list_contains(fields_, "Connection", field.name);
}

std::string write_request(const RequestHead& head, const ForwardTarget& target, const Framing& framing,
                          const RequestWriting& how) {
    const std::string authority =
        target.default_port ? target.authority.host.bracketed() : target.authority.text();
    std::string out;
    out.reserve(512);
    out.append(head.method).append(" ");
    if (how.to_parent)
        out.append("http://").append(authority);
    out.append(target.path);
    if (target.has_query)
        out.append("?").append(target.query);
    out.append(" HTTP/1.1\r\n");
    add_field(out, "Host", authority);
    const EndToEnd end_to_end(head.fields);
    for (const Field& field : head.fields)
        if (end_to_end.passes(field) && !same_name(field.name, "Host") &&
            !same_name(field.name, "Content-Length") && !is_never_negotiated(field.name))
            add_field(out, field.name, field.value);
    add_via(out, how.pseudonym);
    add_framing(out, framing);
    if (how.websocket)
        add_websocket(out);
    out.append(how.parent_fields).append("\r\n");
    return out;
}

std::string write_response(const ResponseHead& head, const ResponseWriting& how) {
    std::string out;
    out.reserve(512);
    add_status_line(out, head);
    add_response_fields(out, head);
    add_via(out, how.pseudonym);
    if (how.chunked)
        add_field(out, "Transfer-Encoding", "chunked");
    if (how.close)
        add_field(out, "Connection", "close");
    out.append("\r\n");
    return out;
}

std::string write_interim(const ResponseHead& head) {
    std::string out;
    add_status_line(out, head);
    add_response_fields(out, head);
    out.append("\r\n");
    return out;
}

std::string write_websocket_answer(const ResponseHead& head) {
    std::string out;
    add_status_line(out, head);
    add_response_fields(out, head);
    add_websocket(out);
    out.append("\r\n");
    return out;
}

} // namespace egressd::proxy
