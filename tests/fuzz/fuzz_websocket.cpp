// What either side may send through a WebSocket, and how it asks for one. Invariants: a direction says the
// same whole and in pieces; what is written for a client holds the same frames, for an origin the same
// messages, and passes the same checks; the gate has seen every payload byte that leaves; a handshake that is
// let through is written as one that is let through again, without extensions.
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
    // What was said, whatever frames it came in: kind, payload and end of each message; and the control
    // frames.
    std::string messages;
    std::string controls;
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
                if (is_control(frame.opcode))
                    said.controls += write_frame_header(frame, std::nullopt);
                else if (frame.opcode != Opcode::continuation)
                    said.messages += static_cast<char>(frame.opcode);
            }
            const std::string_view payload(taken->payload.data(), taken->payload.size());
            said.frames.append(payload);
            said.payload.append(payload);
            (is_control(reader.frame().opcode) ? said.controls : said.messages).append(payload);
            if (taken->ends && reader.frame().final && !is_control(reader.frame().opcode))
                said.messages += '\n';
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
        // A frame of ours for each that ends in the piece, at most, and one for what does not end there.
        require(out.size() <= at + (1 + piece.size()) * max_frame_header + max_control_payload);
        sent += out;
    }
    return sent;
}

/// To a client, frame by frame.
void check_copied(const Direction& whole, const Direction& again) {
    require(whole.frames.starts_with(again.frames));
    require(whole.failed || (whole.frames == again.frames && whole.closed == again.closed));
}

/// To an origin, message by message: they are cut into frames anew. Of one that has begun without a byte
/// nothing is sent yet.
void check_cut_anew(const Direction& whole, const Direction& again, const KeepingGate& gate) {
    require(whole.messages.starts_with(again.messages) && whole.controls.starts_with(again.controls));
    require(whole.failed || (whole.messages.size() - again.messages.size() <= 1 &&
                             whole.controls == again.controls && whole.closed == again.closed));
    require(gate.seen.starts_with(again.payload));
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
    if (from == Side::client)
        check_cut_anew(whole, again, gate);
    else
        check_copied(whole, again);
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
