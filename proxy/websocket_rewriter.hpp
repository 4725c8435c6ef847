// How does a WebSocket's direction go on? Frame by frame, written anew from what was parsed and never copied
// through; and whatever a client says passes a gate before a byte of it leaves. Pure: bytes in, bytes out.
#pragma once

#include "proxy/refusal.hpp"
#include "proxy/websocket.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace egressd::proxy {

/// A piece of what a client sends, unmasked. The pieces of a message come in order, of any size from 0; those
/// of a control frame (always a single one) may come between them.
struct MessagePiece {
    Opcode kind = Opcode::text; // text or binary, also in a continuation; or the control frame's own
    std::string_view bytes;
    bool begins = false; // the first of its message
    bool ends = false;   // the last of its message
};

/// May this piece leave? Whoever looks into messages implements it: it sees every payload byte that a client
/// sends, those of ping, pong and close frames too, before any of them is forwarded.
class MessageGate {
public:
    virtual ~MessageGate() = default;
    /// Empty: the piece may leave. Otherwise neither it nor anything behind it does: the client gets a close
    /// frame 1008, the origin a reset, and the end record the refusal's reason and message.
    virtual std::optional<Refusal> refuse(const MessagePiece& piece) = 0;
    /// How many of the last bytes of a message that goes on must wait for what follows them. At its end all
    /// leave.
    virtual std::size_t held_back() const { return 0; }
};

/// Unpredictable keys for frames to an origin (RFC 6455 5.3), drawn in batches.
class MaskKeys {
public:
    /// nullopt where the system has no randomness: then nothing can be sent.
    std::optional<MaskKey> next();

private:
    std::array<char, 64 * sizeof(MaskKey)> drawn_{};
    std::size_t used_ = sizeof(drawn_);
};

/// One direction. Towards the origin every frame is masked with a key of ours: with the client's own, an
/// agent would choose the very bytes on the wire, which is what masking is there to prevent. There a message
/// is cut into frames anew, as the gate lets go of it; which frames it came in means nothing (RFC 6455 5.4).
class FrameRewriter {
public:
    /// Of a client's frames to the origin.
    explicit FrameRewriter(MessageGate& gate) : reader_(Side::client), gate_(&gate) {}
    /// Of an origin's frames to the client.
    FrameRewriter() : reader_(Side::origin) {}

    /// Appends what goes on of `bytes`, and of what was held back before, to `out`, and the number of payload
    /// bytes in it to `payload`. False: problem() or refusal() says why, and nothing of `out` may be sent.
    bool rewrite(std::span<char> bytes, std::string& out, std::uint64_t& payload);

    const std::string& problem() const { return problem_; }
    const std::optional<Refusal>& refusal() const { return refusal_; }
    bool closed() const { return reader_.closed(); }
    /// What was read ends inside a frame, so that what was written may do so too: no other frame can follow.
    bool inside_frame() const { return reader_.inside_data(); }

private:
    void copy(const FrameReader::Step& step, std::string& out);
    bool pass_gate(const FrameReader::Step& step, std::string& out, std::uint64_t& payload);
    bool release(std::size_t size, bool final, std::string& out);
    bool write_masked(Opcode opcode, bool final, std::span<char> payload, std::string& out);

    FrameReader reader_;
    MessageGate* gate_ = nullptr;
    MaskKeys keys_;
    std::string held_;   // of the message under way, unmasked
    bool begun_ = false; // a frame of it has been written
    std::string problem_;
    std::optional<Refusal> refusal_;
};

} // namespace egressd::proxy
