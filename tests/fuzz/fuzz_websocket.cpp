// What either side may send through a WebSocket, and how it asks for one. Invariants: a direction says the
// same whole and in pieces; what is written for the other side holds the same frames and passes the same
// checks; the gate has seen every payload byte that leaves; a handshake that is let through is written as one
// that is let through again, without extensions.
#include "proxy/message.hpp"
#include "proxy/websocket_handshake.hpp"
#include "proxy/websocket_rewriter.hpp"

#include <algorithm>
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

struct KeepingGate final : MessageGate {
    std::optional<Refusal> refuse(const MessagePiece& piece) override {
        seen += piece.bytes;
        return std::nullopt;
    }
    std::string seen;
};

struct Direction {
    bool failed = false;
    bool closed = false;
    std::string frames;  // headers and payloads, as text that pieces do not change
    std::string payload; // all of it
};

Direction read(Side from, std::string_view bytes, std::size_t step) {
    FrameReader reader(from);
    Direction said;
    for (std::size_t at = 0; at < bytes.size();) {
        // A copy of its own size, so that an access behind it is seen by the sanitizer.
        std::string piece(bytes.substr(at, step));
        at += piece.size();
        for (std::span<char> rest(piece); !rest.empty();) {
            const Result<FrameReader::Step> taken = reader.read(rest);
            if (!taken) {
                said.failed = true;
                return said;
            }
            require(taken->consumed > 0 && taken->consumed <= rest.size());
            rest = rest.subspan(taken->consumed);
            if (taken->begins) {
                const Frame& frame = reader.frame();
                require(!is_control(frame.opcode) || (frame.final && taken->ends));
                said.frames += write_frame_header(frame, std::nullopt);
            }
            said.frames.append(taken->payload.data(), taken->payload.size());
            said.payload.append(taken->payload.data(), taken->payload.size());
        }
    }
    said.closed = reader.closed();
    return said;
}

/// What goes on of `bytes`, while they can be read.
std::string rewrite(FrameRewriter& rewriter, std::string_view bytes, std::size_t step) {
    std::string sent;
    std::uint64_t payload = 0;
    for (std::size_t at = 0; at < bytes.size();) {
        std::string piece(bytes.substr(at, step));
        at += piece.size();
        std::string out;
        if (!rewriter.rewrite(piece, out, payload))
            break;
        require(out.size() <= piece.size() + max_frame_header + max_control_payload);
        sent += out;
    }
    return sent;
}

void check_frames(Side from, std::string_view bytes, std::size_t step) {
    const Direction whole = read(from, bytes, bytes.size());
    const Direction pieces = read(from, bytes, step);
    require(whole.failed == pieces.failed && whole.closed == pieces.closed && whole.frames == pieces.frames);
    KeepingGate gate;
    FrameRewriter up(gate);
    FrameRewriter down;
    const std::string sent = rewrite(from == Side::client ? up : down, bytes, step);
    const Direction again = read(from, sent, sent.size());
    require(!again.failed);
    require(whole.frames.starts_with(again.frames));
    require(whole.failed || (whole.frames == again.frames && whole.closed == again.closed));
    if (from == Side::client)
        require(gate.seen.starts_with(again.payload));
}

void check_request(std::string_view bytes) {
    std::size_t scanned = 0;
    const Result<HeadEnd> end = find_head_end(bytes, HeadKind::request, scanned);
    if (!end || !end->complete)
        return;
    const std::string text(bytes.substr(0, end->size));
    RequestHead head;
    if (!parse_request_head(text, max_fields, head))
        return;
    const Result<Framing> framing = request_framing(head);
    const TargetResult<ForwardTarget> target = forward_target(head);
    if (!framing || !target)
        return;
    const TargetResult<std::optional<WebSocketOffer>> offer = websocket_offer(head, *framing);
    if (!offer || !*offer)
        return;
    RequestWriting how{"egressd-fuzz", true, ""};
    how.websocket = true;
    const std::string written = write_request(head, *target, *framing, how);
    RequestHead again;
    require(parse_request_head(written, max_fields + 4, again).has_value());
    const TargetResult<std::optional<WebSocketOffer>> same =
        websocket_offer(again, request_framing(again).value());
    require(same && *same && (*same)->accept == (*offer)->accept &&
            (*same)->protocols == (*offer)->protocols);
    require(count_fields(again.fields, "Sec-WebSocket-Extensions") == 0);
}

void check_answer(std::string_view bytes) {
    std::size_t scanned = 0;
    const Result<HeadEnd> end = find_head_end(bytes, HeadKind::response, scanned);
    if (!end || !end->complete)
        return;
    const std::string text(bytes.substr(0, end->size));
    ResponseHead head;
    if (!parse_response_head(text, max_fields, head))
        return;
    const WebSocketOffer offer{websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), {"chat"}};
    if (!check_websocket_answer(head, offer))
        return;
    const std::string written = write_websocket_answer(head);
    ResponseHead again;
    require(parse_response_head(written, max_fields + 4, again).has_value());
    require(check_websocket_answer(again, offer).has_value());
}

} // namespace

/// The first byte says in what pieces the rest arrives.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2)
        return 0;
    const std::size_t step = 1 + data[0] % 16;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    check_frames(Side::client, bytes, step);
    check_frames(Side::origin, bytes, step);
    check_request(bytes);
    check_answer(bytes);
    return 0;
}
