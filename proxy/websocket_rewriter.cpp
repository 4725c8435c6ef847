#include "proxy/websocket_rewriter.hpp"

#include <openssl/rand.h>

#include <cstring>

namespace egressd::proxy {

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
        payload += step->payload.size();
        if (!passes_gate(*step) || !write(*step, out))
            return false;
    }
    return true;
}

bool FrameRewriter::passes_gate(const FrameReader::Step& step) {
    if (gate_ == nullptr)
        return true;
    const Frame& frame = reader_.frame();
    MessagePiece piece;
    piece.kind = frame.message;
    piece.bytes = std::string_view(step.payload.data(), step.payload.size());
    piece.begins = step.begins && frame.opcode != Opcode::continuation;
    piece.ends = step.ends && frame.final;
    refusal_ = gate_->refuse(piece);
    return !refusal_;
}

bool FrameRewriter::write(const FrameReader::Step& step, std::string& out) {
    const bool masked = gate_ != nullptr;
    if (step.begins) {
        const std::optional<MaskKey> key = masked ? keys_.next() : std::nullopt;
        if (masked && !key) {
            refusal_ =
                refusal_of(policy::Reason::upstream_failed, "egressd has no randomness for a masking key");
            return false;
        }
        key_ = key.value_or(MaskKey());
        sent_ = 0;
        out += write_frame_header(reader_.frame(), key);
    }
    if (masked)
        apply_mask(step.payload, key_, sent_);
    out.append(step.payload.data(), step.payload.size());
    sent_ += step.payload.size();
    return true;
}

} // namespace egressd::proxy
