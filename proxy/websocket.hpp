// What is in a WebSocket's bytes? The frames of one direction (RFC 6455 5), taken apart as they arrive and
// strictly checked, and the header of a frame that is written anew. Pure: it holds no payload but that of a
// control frame, knows no socket, and decides nothing. No extension is ever negotiated, so none is read.
#pragma once

#include "net/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace egressd::proxy {

/// RFC 6455 5.2; no other value is known.
enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// Control frames may stand between the frames of a message, which they are no part of.
inline bool is_control(Opcode opcode) {
    return static_cast<std::uint8_t>(opcode) >= 8;
}

/// RFC 6455 7.4.1 and the registry of close codes.
enum class CloseCode : std::uint16_t {
    going_away = 1001,
    protocol_error = 1002,
    policy_violation = 1008,
    internal_error = 1011,
};

using MaskKey = std::array<char, 4>;

/// Masks or unmasks (RFC 6455 5.3) `bytes`, which begin `offset` bytes into a payload.
void apply_mask(std::span<char> bytes, const MaskKey& key, std::uint64_t offset);

struct Frame {
    Opcode opcode = Opcode::text;
    Opcode message = Opcode::text; // of the message that a continuation goes on with; else `opcode`
    bool final = true;
    std::uint64_t length = 0; // of the payload
};

constexpr std::size_t max_control_payload = 125; // RFC 6455 5.5
constexpr std::size_t max_frame_header = 14;     // two bytes, a length of eight, a key

/// A header with the shortest length encoding; with a key, that of a client's frame.
std::string write_frame_header(const Frame& frame, const std::optional<MaskKey>& key);

/// A whole close frame as an origin sends it; `reason` is ASCII, and cut where it does not fit.
std::string write_close(CloseCode code, std::string_view reason);

/// Reads one direction. Errors name the rule that was broken; after one, nothing more may be read.
class FrameReader {
public:
    /// `from`: a client's frames must be masked, an origin's must not be (RFC 6455 5.1).
    explicit FrameReader(Side from) : from_(from) {}

    /// What the front of the input is. A frame of data begins in one step and ends in the same or a later
    /// one; a control frame comes whole, with its payload in the reader's own memory until the next step.
    struct Step {
        std::size_t consumed = 0;
        bool begins = false;     // frame() is a new one
        bool ends = false;       // `payload` is the last of its frame
        std::span<char> payload; // unmasked
    };
    /// One step; unmasks in place. Consumes at least a byte of what is not empty: call it until all is
    /// consumed. What stands behind a close frame is consumed and dropped (RFC 6455 1.4).
    Result<Step> read(std::span<char> bytes);

    /// The frame of the last step that had one.
    const Frame& frame() const { return frame_; }
    /// A close frame was read.
    bool closed() const { return closed_; }
    /// Some, but not all of a frame of data was given out.
    bool inside_data() const { return in_payload_ && !is_control(frame_.opcode); }

private:
    Result<bool> take_header(std::span<char> bytes, std::size_t& consumed);
    Result<void> check_first_bytes() const;
    Result<void> begin_frame();
    Result<Step> take_control(std::span<char> payload, Step step);
    std::size_t header_size() const;
    Error broken(std::string_view rule) const;

    Side from_;
    std::array<unsigned char, max_frame_header> header_{};
    std::size_t held_ = 0; // bytes of the header so far
    Frame frame_;
    MaskKey key_{};
    std::uint64_t left_ = 0; // of the payload
    bool in_payload_ = false;
    bool in_message_ = false; // between the first and the final frame of a message
    Opcode message_ = Opcode::text;
    bool closed_ = false;
    std::array<char, max_control_payload> control_{};
};

} // namespace egressd::proxy
