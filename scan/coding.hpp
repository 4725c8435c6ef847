// What is inside compressed bytes? Streaming decoders for the content codings (RFC 9110 8.4.1: gzip, deflate,
// br; RFC 8878: zstd), and for the letters that such bytes are written in. Bounded memory, no I/O; the bytes
// are hostile.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace egressd::scan {

enum class Coding { gzip, deflate, br, zstd, base64, hex };
std::string_view to_text(Coding coding);

/// The coding that a Content-Encoding token names (any case; x-gzip is gzip), or nullopt. `identity` is none,
/// and neither are base64 and hex.
std::optional<Coding> coding_named(std::string_view token);

/// Enough bytes for coding_of; of fewer it says yes where it cannot tell.
inline constexpr std::size_t coding_magic_size = 12;
/// The coding whose mark these bytes begin with: gzip (1f 8b 08), zstd (28 b5 2f fd, or 5x 2a 4d 18 of a
/// skippable frame), zlib (RFC 1950: a header whose check bits are right, whose window is 32 KiB and that
/// asks for no dictionary, and behind it a block that deflate could begin with, RFC 1951 3.2). br has no
/// mark.
std::optional<Coding> coding_of(std::string_view first_bytes);

class Decoder {
public:
    /// deflate takes both zlib (RFC 1950) and the raw form (RFC 1951) that some clients send. Members of
    /// gzip, with zeros behind them, and frames of zstd that follow one another are one stream. Nothing may
    /// follow deflate and br. The window of br is 16 MiB, the largest of RFC 7932; zstd's is 8 MiB (RFC
    /// 9659).
    explicit Decoder(Coding coding);
    ~Decoder();
    Decoder(Decoder&&) noexcept;
    Decoder& operator=(Decoder&&) noexcept;

    enum class State {
        more,   // all input is consumed; a stream that ends here is cut short unless at_end()
        full,   // max_out bytes were made; call again with what was not consumed, even if that is nothing
        broken, // these bytes are not of this coding, or ask for a larger window; stays
    };
    struct Step {
        State state = State::more;
        std::size_t consumed = 0; // bytes of `in`
    };
    /// Appends at most `max_out` (> 0) bytes to `out`. Of a broken stream it may lack what stands shortly
    /// before the fault.
    Step decode(std::string_view in, std::string& out, std::size_t max_out);
    /// The input so far ends where a member or frame ends, or is empty: nothing is missing.
    bool at_end() const;

private:
    struct Codec;
    std::unique_ptr<Codec> codec_;
};

} // namespace egressd::scan
