// What Beast 1.81 lets through, and what is done about it (each line has a test):
//   - "Transfer-Encoding: xchunked", "chunked, identity", "gzip, chunked": read as no body or as chunked →
//   only the exact value `chunked`, once.
//   - Transfer-Encoding beside Content-Length, in HTTP/1.0, or twice → refused.
//   - Content-Length twice, even equal, or as a list → refused.
//   - folded lines: unfolded silently → refused on the raw bytes.
//   - bytes >= 0x80 in the target → refused on the raw bytes.
#include "proxy/framing.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace egressd::proxy {

namespace {

constexpr std::array<bool, 256> make_token_table() {
    std::array<bool, 256> table{};
    for (unsigned c = '0'; c <= '9'; ++c)
        table[c] = true;
    for (unsigned c = 'a'; c <= 'z'; ++c)
        table[c] = table[c - 'a' + 'A'] = true;
    for (const char c : std::string_view("!#$%&'*+-.^_`|~"))
        table[static_cast<unsigned char>(c)] = true;
    return table;
}
constexpr std::array<bool, 256> token_table = make_token_table();

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

Result<void> check_first_line(std::string_view line, Side side) {
    const auto printable = [](char c) { return c >= 0x20 && c < 0x7f; };
    // A reason phrase may hold obs-text (RFC 9112 4); a request line may not.
    const bool clean = side == Side::client ? std::all_of(line.begin(), line.end(), printable)
                                            : std::none_of(line.begin(), line.end(), is_control);
    if (!clean)
        return Error{side, "the first line has bytes that are not printable ASCII"};
    if (side == Side::client && std::count(line.begin(), line.end(), ' ') != 2)
        return Error{side, "the request line is not method, target and version between single spaces"};
    return {};
}

Result<void> check_field_line(std::string_view line, Side side) {
    if (line.front() == ' ' || line.front() == '\t')
        return Error{side, "a folded header line"};
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos)
        return Error{side, "a header line without a colon"};
    if (!is_token(line.substr(0, colon)))
        return Error{side, "a header field's name is not a token"};
    if (std::any_of(line.begin(), line.end(), is_control))
        return Error{side, "a control byte in a header field"};
    return {};
}

Result<std::uint64_t> content_length(std::string_view value, Side side) {
    std::uint64_t length = 0;
    const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), length);
    const bool digits = !value.empty() &&
                        std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits || ec != std::errc() || end != value.data() + value.size())
        return Error{side, "Content-Length is not a number"};
    return length;
}

/// What both kinds of message have in common.
Result<Framing> declared_framing(const std::vector<Field>& fields, unsigned version, Side side) {
    const std::size_t encodings = count_fields(fields, "Transfer-Encoding");
    const std::size_t lengths = count_fields(fields, "Content-Length");
    if (encodings == 0 && lengths == 0)
        return Framing{};
    if (encodings > 0 && lengths > 0)
        return Error{side, "both Transfer-Encoding and Content-Length"};
    if (encodings > 1 || lengths > 1)
        return Error{side,
                     encodings > 1 ? "more than one Transfer-Encoding" : "more than one Content-Length"};
    if (encodings == 1) {
        if (version < 11)
            return Error{side, "Transfer-Encoding in HTTP/1.0"};
        if (!same_name(field_value(fields, "Transfer-Encoding"), "chunked"))
            return Error{side, "a Transfer-Encoding other than chunked"};
        return Framing{BodyKind::chunked, 0};
    }
    const Result<std::uint64_t> length = content_length(field_value(fields, "Content-Length"), side);
    if (!length)
        return length.error();
    return Framing{BodyKind::length, *length};
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
    return std::any_of(names.begin(), names.end(),
                       [&](std::string_view other) { return same_name(name, other); });
}

bool has_prefix(std::string_view name, std::string_view prefix) {
    return name.size() >= prefix.size() && same_name(name.substr(0, prefix.size()), prefix);
}

} // namespace

bool is_token_char(char c) {
    return token_table[static_cast<unsigned char>(c)];
}

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

Result<void> check_lines(std::string_view head, Side side) {
    bool first = true;
    while (!head.empty()) {
        const std::size_t end = head.find("\r\n");
        if (end == std::string_view::npos)
            return Error{side, "a line without CRLF"};
        const std::string_view line = head.substr(0, end);
        head.remove_prefix(end + 2);
        if (line.empty())
            break;
        Result<void> checked = first ? check_first_line(line, side) : check_field_line(line, side);
        if (!checked)
            return checked;
        first = false;
    }
    if (!head.empty() || first)
        return Error{side, "an empty line where none may be"};
    return {};
}

Result<Framing> request_framing(const RequestHead& head) {
    Result<Framing> framing = declared_framing(head.fields, head.version, Side::client);
    if (framing && head.method == "CONNECT" &&
        (framing->kind == BodyKind::chunked || (framing->kind == BodyKind::length && framing->length > 0)))
        return Error{Side::client, "CONNECT with a body"};
    return framing;
}

Result<Framing> response_framing(const ResponseHead& head, bool to_head) {
    Result<Framing> framing = declared_framing(head.fields, head.version, Side::origin);
    if (!framing)
        return framing;
    const bool bodiless = to_head || head.status / 100 == 1 || head.status == 204 || head.status == 304;
    if (bodiless)
        return Framing{};
    if (framing->kind == BodyKind::none)
        return Framing{BodyKind::until_close, 0};
    return framing;
}

bool is_forbidden_trailer(std::string_view name) {
    return is_hop_by_hop(name) ||
           is_one_of(name, {"Content-Length",
                            "Host",
                            "Content-Encoding",
                            "Content-Type",
                            "Content-Range",
                            "Authorization",
                            "Cookie",
                            "Set-Cookie",
                            "Cache-Control",
                            "Expect",
                            "Max-Forwards",
                            "Range",
                            "Location",
                            "Content-Location",
                            "WWW-Authenticate",
                            "Age",
                            "Date",
                            "Expires",
                            "Pragma",
                            "Vary",
                            "Via"}) ||
           has_prefix(name, "If-");
}

bool is_hop_by_hop(std::string_view name) {
    return is_one_of(name, {"Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
                            "HTTP2-Settings"}) ||
           has_prefix(name, "Proxy-");
}

Result<void> check_connection_options(const std::vector<Field>& fields, Side side) {
    for (const std::string_view kept :
         {"Host", "Content-Length", "Content-Encoding", "Content-Type", "Content-Range", "Authorization",
          "Cookie", "Set-Cookie", "Cache-Control", "Expect", "Range", "Via", "Date", "Location"})
        if (list_contains(fields, "Connection", kept))
            return Error{side, "the Connection field names a field that is not hop-by-hop"};
    return {};
}

} // namespace egressd::proxy
