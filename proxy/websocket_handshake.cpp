#include "proxy/websocket_handshake.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace egressd::proxy {

using policy::Reason;

namespace {

constexpr std::string_view accept_salt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455 1.3
constexpr std::size_t key_length = 24;                                           // base64 of 16 bytes

bool is_base64(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

/// Base64 of 16 bytes in its one form: the last digit holds two bits.
bool is_key(std::string_view text) {
    if (text.size() != key_length || !text.ends_with("=="))
        return false;
    const std::string_view digits = text.substr(0, key_length - 2);
    return std::all_of(digits.begin(), digits.end(), is_base64) &&
           std::string_view("AQgw").find(digits.back()) != std::string_view::npos;
}

/// The fields of the handshake itself, which Connection must not take away.
bool names_websocket_field(const std::vector<Field>& fields) {
    for (const std::string_view name :
         {"Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol", "Sec-WebSocket-Accept"})
        if (list_contains(fields, "Connection", name))
            return true;
    return false;
}

/// The offered subprotocols: tokens, each once (RFC 6455 4.1).
bool read_protocols(const std::vector<Field>& fields, std::vector<std::string>& protocols) {
    for (const Field& field : fields) {
        if (!same_name(field.name, "Sec-WebSocket-Protocol"))
            continue;
        std::string_view rest = field.value;
        for (bool more = true; more;) {
            const std::size_t comma = rest.find(',');
            const std::string_view protocol = trimmed(rest.substr(0, comma));
            more = comma != std::string_view::npos;
            if (more)
                rest.remove_prefix(comma + 1);
            if (!is_token(protocol) ||
                std::find(protocols.begin(), protocols.end(), protocol) != protocols.end())
                return false;
            protocols.emplace_back(protocol);
        }
    }
    return true;
}

/// The rule that a request for a WebSocket breaks, or nothing.
std::string_view broken_rule(const RequestHead& head, const Framing& framing) {
    const std::vector<Field>& fields = head.fields;
    if (head.method != "GET" || head.version != 11)
        return "it is not a GET in HTTP/1.1";
    if (framing.kind == BodyKind::chunked || framing.length > 0)
        return "it has a body";
    if (!list_contains(fields, "Connection", "upgrade"))
        return "its Connection field does not say Upgrade";
    if (names_websocket_field(fields))
        return "its Connection field names a field of the handshake";
    if (count_fields(fields, "Sec-WebSocket-Version") != 1 ||
        field_value(fields, "Sec-WebSocket-Version") != "13")
        return "its Sec-WebSocket-Version is not 13";
    if (count_fields(fields, "Sec-WebSocket-Key") != 1 || !is_key(field_value(fields, "Sec-WebSocket-Key")))
        return "its Sec-WebSocket-Key is not the base64 of 16 bytes";
    return {};
}

} // namespace

std::string websocket_accept(std::string_view key) {
    const std::string salted = std::string(key).append(accept_salt);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_Digest(salted.data(), salted.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1)
        return {};
    std::array<unsigned char, EVP_MAX_MD_SIZE * 2> text{};
    const int length = EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(size));
    return {text.begin(), text.begin() + length};
}

TargetResult<std::optional<WebSocketOffer>> websocket_offer(const RequestHead& head, const Framing& framing) {
    const std::size_t count = count_fields(head.fields, "Upgrade");
    if (count == 0)
        return std::optional<WebSocketOffer>();
    if (count > 1 || !same_name(field_value(head.fields, "Upgrade"), "websocket"))
        return BadTarget{Reason::upgrade_refused,
                         "of all changes of protocol inside HTTP (Upgrade), only a WebSocket is let through"};
    const std::string_view rule = broken_rule(head, framing);
    if (!rule.empty())
        return BadTarget{Reason::request_malformed,
                         "the request for a WebSocket breaks RFC 6455: " + std::string(rule)};
    WebSocketOffer offer;
    if (!read_protocols(head.fields, offer.protocols))
        return BadTarget{
            Reason::request_malformed,
            "the request for a WebSocket breaks RFC 6455: its Sec-WebSocket-Protocol is no list of tokens"};
    offer.accept = websocket_accept(field_value(head.fields, "Sec-WebSocket-Key"));
    return std::optional<WebSocketOffer>(std::move(offer));
}

Result<void> check_websocket_answer(const ResponseHead& head, const WebSocketOffer& offer) {
    const std::vector<Field>& fields = head.fields;
    const auto wrong = [](std::string_view what) {
        return Error{Side::origin, "its answer to the WebSocket handshake " + std::string(what)};
    };
    if (head.version != 11)
        return wrong("is not HTTP/1.1");
    if (count_fields(fields, "Upgrade") != 1 || !same_name(field_value(fields, "Upgrade"), "websocket"))
        return wrong("does not upgrade to websocket");
    if (!list_contains(fields, "Connection", "upgrade") || names_websocket_field(fields))
        return wrong("has a Connection field that does not say Upgrade, or names a field of the handshake");
    if (offer.accept.empty() || count_fields(fields, "Sec-WebSocket-Accept") != 1 ||
        field_value(fields, "Sec-WebSocket-Accept") != offer.accept)
        return wrong("has the wrong Sec-WebSocket-Accept");
    if (count_fields(fields, "Sec-WebSocket-Extensions") > 0)
        return wrong("has an extension, and none was offered");
    const std::size_t protocols = count_fields(fields, "Sec-WebSocket-Protocol");
    const std::string_view protocol = field_value(fields, "Sec-WebSocket-Protocol");
    if (protocols > 1 || (protocols == 1 && std::find(offer.protocols.begin(), offer.protocols.end(),
                                                      protocol) == offer.protocols.end()))
        return wrong("has a subprotocol that was not offered");
    return {};
}

} // namespace egressd::proxy
