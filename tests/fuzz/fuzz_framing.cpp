// What a client or an origin may send as HTTP/1.1. Invariants: a head ends at the same place however its
// bytes arrive; what is written for the next hop parses again to the same method, authority, path and
// framing, with exactly one Host and at most one length; nothing that belongs to the connection goes on; a
// chunked body is the same whole and in pieces.
#include "proxy/framing.hpp"
#include "proxy/message.hpp"
#include "proxy/target.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace egressd;
using namespace egressd::proxy;

constexpr std::size_t max_fields = 100;

void require(bool condition) {
    if (!condition)
        std::abort();
}

/// The head's bytes as find_head_end sees them whole, and the same in pieces of `step` bytes.
std::string find_head(std::string_view bytes, HeadKind kind, std::size_t step) {
    std::size_t scanned = 0;
    const Result<HeadEnd> whole = find_head_end(bytes, kind, scanned);
    Result<HeadEnd> last = HeadEnd{};
    std::size_t pieces_scanned = 0;
    for (std::size_t size = 0; last && !last->complete && size < bytes.size();) {
        size = std::min(size + step, bytes.size());
        last = find_head_end(bytes.substr(0, size), kind, pieces_scanned);
        require(pieces_scanned <= size);
    }
    require(last.has_value() == whole.has_value());
    if (!whole)
        return {};
    require(last->complete == whole->complete && last->size == whole->size);
    return std::string(bytes.substr(0, whole->size));
}

/// No line of `head` ends early, and none that belongs to one connection is in it.
void check_fields(const std::vector<Field>& fields, std::string_view may_frame) {
    for (const Field& field : fields)
        require(!is_hop_by_hop(field.name) || same_name(field.name, may_frame) ||
                same_name(field.name, "Connection"));
    require(count_fields(fields, "Content-Length") + count_fields(fields, "Transfer-Encoding") <= 1);
}

void check_request(std::string_view bytes, std::size_t step) {
    const std::string text = find_head(bytes, HeadKind::request, step);
    RequestHead head;
    if (text.empty() || !parse_request_head(text, max_fields, head))
        return;
    require(head.version == 10 || head.version == 11);
    require(head.fields.size() <= max_fields && is_token(head.method));
    connect_target(head);
    const Result<Framing> framing = request_framing(head);
    const TargetResult<ForwardTarget> target = forward_target(head);
    if (!framing || !target || !check_connection_options(head.fields, Side::client))
        return;

    for (const bool to_parent : {false, true}) {
        const std::string written = write_request(head, *target, *framing, {"egressd-fuzz", to_parent, ""});
        std::size_t scanned = 0;
        require(find_head_end(written, HeadKind::request, scanned)->size == written.size());
        RequestHead again;
        require(parse_request_head(written, max_fields + 4, again).has_value());
        require(again.method == head.method && again.version == 11);
        require(count_fields(again.fields, "Host") == 1);
        check_fields(again.fields, "Transfer-Encoding");
        require(count_fields(again.fields, "Connection") == 0);
        const Result<Framing> same_framing = request_framing(again);
        require(same_framing && same_framing->kind == framing->kind &&
                same_framing->length == framing->length);
        require(net::parse_authority(field_value(again.fields, "Host"), std::uint16_t(80)).value() ==
                target->authority);
        if (to_parent) {
            const TargetResult<ForwardTarget> same = forward_target(again);
            require(same && same->authority == target->authority &&
                    same->origin_form() == target->origin_form());
        } else {
            require(again.target == target->origin_form());
        }
    }
}

void check_response(std::string_view bytes, std::size_t step) {
    const std::string text = find_head(bytes, HeadKind::response, step);
    ResponseHead head;
    if (text.empty() || !parse_response_head(text, max_fields, head))
        return;
    for (const bool to_head : {false, true}) {
        const Result<Framing> framing = response_framing(head, to_head);
        if (!framing || !check_connection_options(head.fields, Side::origin))
            return;
        const bool chunked = framing->kind == BodyKind::chunked || framing->kind == BodyKind::until_close;
        const std::string written = write_response(head, {"egressd-fuzz", chunked, false});
        ResponseHead again;
        require(parse_response_head(written, max_fields + 4, again).has_value());
        require(again.status == head.status && again.version == 11);
        check_fields(again.fields, "Transfer-Encoding");
        require(count_fields(again.fields, "Alt-Svc") + count_fields(again.fields, "Egressd-Decision") == 0);
        const Result<Framing> same = response_framing(again, to_head);
        require(same.has_value());
        require(same->kind == (chunked ? BodyKind::chunked : framing->kind) &&
                same->length == framing->length);
    }
}

using Extensions = ChunkedDecoder::Extensions;

struct Decoded {
    bool failed = false;
    bool done = false;
    std::string body;
    std::size_t consumed = 0;
};

Decoded decode(std::string_view bytes, std::size_t step, Extensions extensions) {
    ChunkedDecoder decoder(extensions);
    Decoded decoded;
    std::string held;
    for (std::size_t at = 0; at < bytes.size() && !decoded.done;) {
        const std::size_t size = std::min(step, bytes.size() - at);
        held.append(bytes.substr(at, size));
        at += size;
        // A copy of its own size, so that a read behind it is seen by the sanitizer.
        const std::string exact(held);
        const Result<ChunkedDecoder::Step> taken = decoder.decode(exact, decoded.body);
        if (!taken) {
            decoded.failed = true;
            return decoded;
        }
        require(taken->consumed <= held.size());
        decoded.consumed += taken->consumed;
        decoded.done = taken->done;
        held.erase(0, taken->consumed);
    }
    return decoded;
}

void check_chunked(std::string_view bytes, std::size_t step, Extensions extensions) {
    const Decoded whole = decode(bytes, bytes.size(), extensions);
    const Decoded pieces = decode(bytes, step, extensions);
    require(whole.failed == pieces.failed && whole.done == pieces.done);
    if (whole.failed)
        return;
    require(whole.body == pieces.body && (!whole.done || whole.consumed == pieces.consumed));
    if (!whole.done || whole.body.empty())
        return;
    std::string written = chunk_header(whole.body.size());
    written.append(whole.body).append(chunk_end).append(last_chunk);
    const Decoded again = decode(written, step, Extensions::refused);
    require(again.done && again.body == whole.body && again.consumed == written.size());
}

} // namespace

/// The first byte says in what pieces the rest arrives.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2)
        return 0;
    const std::size_t step = 1 + data[0] % 16;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    check_request(bytes, step);
    check_response(bytes, step);
    check_chunked(bytes, step, Extensions::refused);
    check_chunked(bytes, step, Extensions::dropped);
    return 0;
}
