// How is a message written anew? Heads for the origin and for the client, made from what was parsed, field by
// field, without what belongs to one connection only. Pure.
#pragma once

#include "proxy/framing.hpp"
#include "proxy/http1.hpp"
#include "proxy/target.hpp"

#include <string>
#include <string_view>

namespace egressd::proxy {

/// Which fields go on: none that is hop-by-hop, that Connection names, or that frames the message.
class EndToEnd {
public:
    explicit EndToEnd(const std::vector<Field>& fields);
    bool passes(const Field& field) const;

private:
    const std::vector<Field>& fields_;
    bool has_connection_ = false;
};

struct RequestWriting {
    std::string_view pseudonym; // for Via; empty: none
    bool to_parent = false;     // absolute-form
    std::string parent_fields;  // complete lines for a parent proxy (its credentials), or empty
    bool websocket = false;     // asks for one
};
/// A request head for the origin (origin-form), or for a parent proxy (absolute-form).
std::string write_request(const RequestHead& head, const ForwardTarget& target, const Framing& framing,
                          const RequestWriting& how);

struct ResponseWriting {
    std::string_view pseudonym; // for Via; empty: none
    bool chunked = false;       // the body will be sent in chunks
    bool close = false;         // the client's connection ends behind this response
};
/// A final response head for the client. A declared Content-Length is kept where it frames the body, or
/// describes one that is not sent (HEAD, 304).
std::string write_response(const ResponseHead& head, const ResponseWriting& how);

/// A 1xx head for the client.
std::string write_interim(const ResponseHead& head);
/// The 101 that opens a WebSocket, for the client.
std::string write_websocket_answer(const ResponseHead& head);

} // namespace egressd::proxy
