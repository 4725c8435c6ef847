// Where does a message end, and is there only one answer? Request smuggling lives on messages that two
// parsers read differently, so everything ambiguous is refused here, before and after Beast's parser, whose
// version 1.81 accepts a good deal of it. Pure.
#pragma once

#include "net/result.hpp"
#include "proxy/http1.hpp"

#include <cstdint>
#include <string_view>

namespace egressd::proxy {

/// RFC 9110 5.6.2.
bool is_token_char(char c);
bool is_token(std::string_view text);
/// Without leading and trailing SP and HTAB.
std::string_view trimmed(std::string_view text);

/// The bytes of a head, line by line (RFC 9112 2.2, 5): CRLF only, no control bytes, no folded lines, no
/// space before a colon, no empty field name; the first line in printable ASCII with single spaces.
Result<void> check_lines(std::string_view head, Side side);

enum class BodyKind { none, length, chunked, until_close };
struct Framing {
    BodyKind kind = BodyKind::none;
    std::uint64_t length = 0; // with BodyKind::length
};

/// RFC 9112 6: exactly one Content-Length of digits, or exactly one Transfer-Encoding that is `chunked`, in
/// HTTP/1.1, or neither.
Result<Framing> request_framing(const RequestHead& head);
/// `to_head`: the request was HEAD, whose response has no body whatever it announces (RFC 9112 6.3).
Result<Framing> response_framing(const ResponseHead& head, bool to_head);

/// RFC 9110 6.5.1: fields that frame, route, authenticate or describe a message must not come behind it.
bool is_forbidden_trailer(std::string_view name);

/// Fields that belong to one connection and are never forwarded (RFC 9110 7.6.1), Proxy-* included.
bool is_hop_by_hop(std::string_view name);
/// Refuses a Connection field that names what must not be dropped (Host, Content-Length, Authorization …):
/// dropping it would change the message that the next hop reads.
Result<void> check_connection_options(const std::vector<Field>& fields, Side side);

} // namespace egressd::proxy
