#include "proxy/websocket_rewriter.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <cstring>

namespace egressd::proxy {

namespace {

constexpr std::size_t idle_capacity = 4 * 1024; // what a WebSocket may keep between its messages

} // namespace

std::optional<MaskKey> MaskKeys::next() {
    if (used_ == drawn_.size()) {
        if (RAND_bytes(reinterpret_cast<unsigned char*>(drawn_.data()), static_cast<int>(drawn_.size())) != 1)
            return std::nullopt;
        used_ = 0;
    }
    MaskKey key{};
    std::memcpy(key.data(), drawn_.data() + used_, key.size());
    used_ += key.size();
    return key;
}

bool FrameRewriter::rewrite(std::span<char> bytes, std::string& out, std::uint64_t& payload) {
    out.reserve(out.size() + bytes.size() + max_frame_header + max_control_payload);
    while (!bytes.empty()) {
        const Result<FrameReader::Step> step = reader_.read(bytes);
        if (!step) {
            problem_ = step.error().message;
            return false;
        }
        bytes = bytes.subspan(step->consumed);
        if (!step->begins && step->payload.empty())
            continue;
        if (gate_ != nullptr) {
            if (!pass_gate(*step, out, payload))
                return false;
            continue;
        }
        payload += step->payload.size();
        copy(*step, out);
    }
    return true;
}

void FrameRewriter::copy(const FrameReader::Step& step, std::string& out) {
    if (step.begins)
        out += write_frame_header(reader_.frame(), std::nullopt);
    out.append(step.payload.data(), step.payload.size());
}

bool FrameRewriter::pass_gate(const FrameReader::Step& step, std::string& out, std::uint64_t& payload) {
    const Frame& frame = reader_.frame();
    const bool control = is_control(frame.opcode);
    MessagePiece piece;
    piece.kind = frame.message;
    piece.bytes = std::string_view(step.payload.data(), step.payload.size());
    piece.begins = step.begins && frame.opcode != Opcode::continuation;
    piece.ends = step.ends && frame.final;
    refusal_ = gate_->refuse(piece);
    if (refusal_)
        return false;
    if (control) {
        payload += step.payload.size();
        return write_masked(frame.opcode, true, step.payload, out);
    }
    held_.append(piece.bytes);
    const std::size_t keep = piece.ends ? 0 : std::min(gate_->held_back(), held_.size());
    const std::size_t size = held_.size() - keep;
    if (size == 0 && !piece.ends)
        return true;
    payload += size;
    return release(size, piece.ends, out);
}

/// Writes the front of what is held as a frame of its message.
bool FrameRewriter::release(std::size_t size, bool final, std::string& out) {
    const Opcode opcode = begun_ ? Opcode::continuation : reader_.frame().message;
    if (!write_masked(opcode, final, std::span<char>(held_).first(size), out))
        return false;
    begun_ = !final;
    held_.erase(0, size);
    if (held_.empty() && held_.capacity() > idle_capacity)
        std::string().swap(held_);
    return true;
}

bool FrameRewriter::write_masked(Opcode opcode, bool final, std::span<char> payload, std::string& out) {
    const std::optional<MaskKey> key = keys_.next();
    if (!key) {
        refusal_ = refusal_of(policy::Reason::upstream_failed, "egressd has no randomness for a masking key");
        return false;
    }
    Frame frame;
    frame.opcode = frame.message = opcode;
    frame.final = final;
    frame.length = payload.size();
    out += write_frame_header(frame, key);
    apply_mask(payload, *key, 0);
    out.append(payload.data(), payload.size());
    return true;
}

} // namespace egressd::proxy
