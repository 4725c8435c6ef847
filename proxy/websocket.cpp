#include "proxy/websocket.hpp"

#include "net/utf8.hpp"

#include <algorithm>
#include <cstring>

namespace egressd::proxy {

namespace {

constexpr unsigned final_bit = 0x80;
constexpr unsigned reserved_bits = 0x70;
constexpr unsigned opcode_bits = 0x0f;
constexpr unsigned mask_bit = 0x80;
constexpr unsigned length_bits = 0x7f;
constexpr unsigned length_of_two = 126; // the length follows in two bytes
constexpr unsigned length_of_eight = 127;

bool is_known(unsigned opcode) {
    return opcode <= 2 || (opcode >= 8 && opcode <= 10);
}

/// RFC 6455 7.4.2: what an endpoint may send. 1004 to 1006 and 1015 are for a library's own use, the rest
/// below 3000 is for standards that do not exist yet.
bool is_close_code(unsigned code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

bool is_utf8(std::string_view text) {
    while (!text.empty())
        if (!net::take_utf8(text))
            return false;
    return true;
}

std::uint64_t big_endian(std::span<const unsigned char> bytes) {
    std::uint64_t value = 0;
    for (const unsigned char byte : bytes)
        value = value << 8 | byte;
    return value;
}

void append_big_endian(std::string& out, std::uint64_t value, unsigned size) {
    for (unsigned shift = 8 * size; shift > 0; shift -= 8)
        out += static_cast<char>(value >> (shift - 8) & 0xff);
}

} // namespace

void apply_mask(std::span<char> bytes, const MaskKey& key, std::uint64_t offset) {
    std::array<char, 8> turned{};
    for (std::size_t i = 0; i < turned.size(); ++i)
        turned[i] = key[(offset + i) % key.size()];
    std::uint64_t mask = 0;
    std::memcpy(&mask, turned.data(), sizeof mask);
    std::size_t at = 0;
    for (; at + sizeof mask <= bytes.size(); at += sizeof mask) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data() + at, sizeof word);
        word ^= mask;
        std::memcpy(bytes.data() + at, &word, sizeof word);
    }
    for (; at < bytes.size(); ++at)
        bytes[at] = static_cast<char>(bytes[at] ^ turned[at % turned.size()]);
}

std::string write_frame_header(const Frame& frame, const std::optional<MaskKey>& key) {
    std::string out; // 14 bytes at most, which need no allocation
    out += static_cast<char>((frame.final ? final_bit : 0U) | static_cast<unsigned>(frame.opcode));
    const unsigned masked = key ? mask_bit : 0U;
    if (frame.length < length_of_two) {
        out += static_cast<char>(masked | static_cast<unsigned>(frame.length));
    } else if (frame.length <= 0xffff) {
        out += static_cast<char>(masked | length_of_two);
        append_big_endian(out, frame.length, 2);
    } else {
        out += static_cast<char>(masked | length_of_eight);
        append_big_endian(out, frame.length, 8);
    }
    if (key)
        out.append(key->data(), key->size());
    return out;
}

std::string write_close(CloseCode code, std::string_view reason) {
    reason = reason.substr(0, max_control_payload - 2);
    const Frame frame{Opcode::close, Opcode::close, true, 2 + reason.size()};
    std::string out = write_frame_header(frame, std::nullopt);
    append_big_endian(out, static_cast<std::uint16_t>(code), 2);
    return out.append(reason);
}

Error FrameReader::broken(std::string_view rule) const {
    return Error{from_, std::string(from_ == Side::client ? "the client" : "the origin") +
                            " broke the WebSocket protocol: " + std::string(rule)};
}

std::size_t FrameReader::header_size() const {
    const unsigned length = header_[1] & length_bits;
    const std::size_t extended = length == length_of_eight ? 8 : length == length_of_two ? 2 : 0;
    return 2 + extended + (from_ == Side::client ? std::tuple_size_v<MaskKey> : 0);
}

Result<void> FrameReader::check_first_bytes() const {
    const unsigned opcode = header_[0] & opcode_bits;
    if ((header_[0] & reserved_bits) != 0)
        return broken("a reserved bit is set, and no extension was negotiated");
    if (!is_known(opcode))
        return broken("a frame has an unknown opcode");
    const bool masked = (header_[1] & mask_bit) != 0;
    if (masked != (from_ == Side::client))
        return broken(masked ? "an origin's frame is masked" : "a client's frame is not masked");
    const bool final = (header_[0] & final_bit) != 0;
    if (is_control(static_cast<Opcode>(opcode))) {
        if (!final)
            return broken("a control frame is fragmented");
        if ((header_[1] & length_bits) > max_control_payload)
            return broken("a control frame is longer than 125 bytes");
        return {};
    }
    if (opcode == 0 && !in_message_)
        return broken("a continuation without a message");
    if (opcode != 0 && in_message_)
        return broken("a new message inside a fragmented one");
    return {};
}

/// True when the header is complete.
Result<bool> FrameReader::take_header(std::span<char> bytes, std::size_t& consumed) {
    for (const char byte : bytes) {
        header_[held_++] = static_cast<unsigned char>(byte);
        ++consumed;
        if (held_ < 2)
            continue;
        if (held_ == 2) {
            const Result<void> checked = check_first_bytes();
            if (!checked)
                return checked.error();
        }
        if (held_ == header_size())
            return true;
    }
    return false;
}

/// Takes the frame out of a complete header.
Result<void> FrameReader::begin_frame() {
    const std::span<const unsigned char> header(header_);
    const unsigned length = header[1] & length_bits;
    std::size_t at = 2;
    frame_.length = length;
    if (length == length_of_two) {
        frame_.length = big_endian(header.subspan(at, 2));
        at += 2;
        if (frame_.length < length_of_two)
            return broken("a length is not in its shortest form");
    } else if (length == length_of_eight) {
        frame_.length = big_endian(header.subspan(at, 8));
        at += 8;
        if (frame_.length <= 0xffff)
            return broken("a length is not in its shortest form");
        if (frame_.length >> 63 != 0)
            return broken("a length has its highest bit set");
    }
    if (from_ == Side::client)
        std::memcpy(key_.data(), header_.data() + at, key_.size());
    frame_.final = (header[0] & final_bit) != 0;
    frame_.opcode = static_cast<Opcode>(header[0] & opcode_bits);
    if (is_control(frame_.opcode)) {
        frame_.message = frame_.opcode;
    } else {
        if (frame_.opcode != Opcode::continuation)
            message_ = frame_.opcode;
        frame_.message = message_;
        in_message_ = !frame_.final;
    }
    held_ = 0;
    left_ = frame_.length;
    in_payload_ = true;
    return {};
}

Result<FrameReader::Step> FrameReader::read(std::span<char> bytes) {
    Step step;
    if (closed_) {
        step.consumed = bytes.size();
        return step;
    }
    if (!in_payload_) {
        const Result<bool> complete = take_header(bytes, step.consumed);
        if (!complete)
            return complete.error();
        if (!*complete)
            return step;
        const Result<void> begun = begin_frame();
        if (!begun)
            return begun.error();
        step.begins = true;
    }
    const std::span<char> rest = bytes.subspan(step.consumed);
    const std::span<char> payload =
        rest.first(static_cast<std::size_t>(std::min<std::uint64_t>(left_, rest.size())));
    if (from_ == Side::client)
        apply_mask(payload, key_, frame_.length - left_);
    step.consumed += payload.size();
    if (is_control(frame_.opcode))
        return take_control(payload, step);
    left_ -= payload.size();
    step.payload = payload;
    step.ends = left_ == 0;
    in_payload_ = left_ > 0;
    return step;
}

/// Gathers a control frame's payload: a close frame must be judged before any of it goes on.
Result<FrameReader::Step> FrameReader::take_control(std::span<char> payload, Step step) {
    std::copy(payload.begin(), payload.end(),
              control_.begin() + static_cast<std::ptrdiff_t>(frame_.length - left_));
    left_ -= payload.size();
    in_payload_ = left_ > 0;
    step.begins = step.ends = left_ == 0;
    if (left_ > 0)
        return step;
    step.payload = std::span<char>(control_).first(static_cast<std::size_t>(frame_.length));
    if (frame_.opcode != Opcode::close)
        return step;
    const std::string_view text(step.payload.data(), step.payload.size());
    if (text.size() == 1)
        return broken("a close frame has half a code");
    if (text.size() >= 2) {
        const auto high = static_cast<unsigned char>(text[0]);
        const auto low = static_cast<unsigned char>(text[1]);
        if (!is_close_code(high * 256U + low))
            return broken("a close frame has a code that must not be sent");
        if (!is_utf8(text.substr(2)))
            return broken("a close frame's reason is not UTF-8");
    }
    closed_ = true;
    return step;
}

} // namespace egressd::proxy
