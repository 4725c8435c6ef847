#include "scan/coding.hpp"

#include "scan/coding_stream.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace egressd::scan {
namespace {

/// The output grows by so much at a time: what a small piece of input makes costs no more than that.
constexpr std::size_t growth = 16 * 1024;

constexpr std::size_t zstd_magic_size = 4;

std::uint32_t byte_at(std::string_view text, std::size_t index) {
    return static_cast<unsigned char>(text[index]);
}

bool equal_caseless(std::string_view token, std::string_view lower) {
    return std::equal(token.begin(), token.end(), lower.begin(), lower.end(), [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
}

/// RFC 1950 2.2. One with a preset dictionary (FDICT) cannot be decoded by anyone who lacks the dictionary,
/// and is the text "x " or "x}" more often.
bool is_zlib_header(std::string_view bytes) {
    constexpr std::uint32_t deflate_32k = 0x78;
    constexpr std::uint32_t fdict = 0x20;
    return byte_at(bytes, 0) == deflate_32k && (deflate_32k * 256 + byte_at(bytes, 1)) % 31 == 0 &&
           (byte_at(bytes, 1) & fdict) == 0;
}

/// RFC 1951 3.2.7: do the lengths of the code length code, three bits each from bit 17 on, make a whole code?
bool is_whole_code(std::string_view bytes, const auto& bits) {
    constexpr std::size_t begin = 17;
    constexpr std::uint32_t whole = 128; // codes of seven bits, the longest
    const std::size_t count = bits(13, 4) + 4;
    if (begin + 3 * count > 8 * bytes.size())
        return true;
    std::uint32_t used = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t length = bits(begin + 3 * i, 3);
        used += length == 0 ? 0 : whole >> length;
    }
    return used == whole;
}

/// RFC 1951 3.2: could a first block begin like this? A zlib header alone is two bytes, which stand anywhere.
bool may_be_deflate(std::string_view bytes) {
    const auto bits = [&](std::size_t at, std::size_t count) {
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < count; ++i)
            value |= (byte_at(bytes, (at + i) / 8) >> (at + i) % 8 & 1) << i;
        return value;
    };
    if (bytes.empty())
        return true;
    switch (bits(1, 2)) {
    case 0: // stored: a length, and its complement
        return bytes.size() < 5 || ((byte_at(bytes, 1) ^ byte_at(bytes, 3)) == 0xff &&
                                    (byte_at(bytes, 2) ^ byte_at(bytes, 4)) == 0xff);
    case 1: // the fixed codes
        return true;
    case 2: // codes of its own: 286 of lengths and letters at most, and 30 of distances
        return bytes.size() < 3 || (bits(3, 5) <= 29 && bits(8, 5) <= 29 && is_whole_code(bytes, bits));
    default:
        return false;
    }
}

/// RFC 8878 3.1: a frame, or one of the sixteen marks of a skippable frame, with which some files begin.
bool is_zstd_magic(std::string_view bytes) {
    using namespace std::string_view_literals;
    return bytes.substr(0, 4) == "\x28\xb5\x2f\xfd"sv ||
           (bytes.substr(1, 3) == "\x2a\x4d\x18"sv && (byte_at(bytes, 0) & 0xf0) == 0x50);
}

std::unique_ptr<CodingStream> make(Coding coding) {
    switch (coding) {
    case Coding::gzip:
        return make_gzip();
    case Coding::deflate:
        return make_deflate();
    case Coding::br:
        return make_br();
    case Coding::zstd:
        return make_zstd();
    case Coding::base64:
        return make_base64();
    case Coding::hex:
        break;
    }
    return make_hex();
}

} // namespace

std::string_view to_text(Coding coding) {
    switch (coding) {
    case Coding::gzip:
        return "gzip";
    case Coding::deflate:
        return "deflate";
    case Coding::br:
        return "br";
    case Coding::zstd:
        return "zstd";
    case Coding::base64:
        return "base64";
    case Coding::hex:
        break;
    }
    return "hex";
}

std::optional<Coding> coding_named(std::string_view token) {
    if (equal_caseless(token, "x-gzip"))
        return Coding::gzip;
    for (const Coding coding : std::array{Coding::gzip, Coding::deflate, Coding::br, Coding::zstd}) {
        if (equal_caseless(token, to_text(coding)))
            return coding;
    }
    return std::nullopt;
}

std::optional<Coding> coding_of(std::string_view first_bytes) {
    if (first_bytes.size() >= 3 && first_bytes.substr(0, 3) == "\x1f\x8b\x08")
        return Coding::gzip;
    if (first_bytes.size() >= zstd_magic_size && is_zstd_magic(first_bytes))
        return Coding::zstd;
    if (first_bytes.size() >= 2 && is_zlib_header(first_bytes) && may_be_deflate(first_bytes.substr(2)))
        return Coding::deflate;
    return std::nullopt;
}

struct Decoder::Codec {
    enum class Place { before, inside, behind, broken };

    explicit Codec(Coding coding) : zero_padded(coding == Coding::gzip), stream(make(coding)) {}

    Step decode(std::string_view in, std::string& out, std::size_t max_out) {
        Step step;
        std::size_t room = max_out;
        while (place != Place::broken) {
            const std::string_view rest = in.substr(step.consumed);
            if (room == 0) {
                step.state = State::full;
                return step;
            }
            if (place == Place::inside) {
                if (!advance(rest, out, room, step.consumed))
                    return step;
            } else if (rest.empty()) {
                return step;
            } else {
                step.consumed += enter(rest);
            }
        }
        step.state = State::broken;
        return step;
    }

    /// Begins the next member, if any follows, and returns how much padding stood before it. Only gzip has
    /// some: gzip(1) and its kin write files in whole blocks, and all readers pass over the zeros.
    std::size_t enter(std::string_view rest) {
        std::size_t padding = 0;
        if (place == Place::behind && zero_padded)
            padding = std::min(rest.find_first_not_of('\0'), rest.size());
        if (padding < rest.size())
            place = place == Place::before || stream->restart() ? Place::inside : Place::broken;
        return padding;
    }

    /// False when the input is used up and all that it makes is made.
    bool advance(std::string_view rest, std::string& out, std::size_t& room, std::size_t& consumed) {
        const std::size_t had = out.size();
        const std::size_t chunk = std::min(room, growth);
        out.resize(had + chunk);
        const CodingStream::Step done = stream->step(rest, out.data() + had, chunk);
        out.resize(had + done.made);
        room -= done.made;
        consumed += done.consumed;
        if (done.progress == CodingStream::Progress::ended)
            place = Place::behind;
        else if (done.progress == CodingStream::Progress::broken)
            place = Place::broken;
        else if (done.consumed == rest.size() && done.made < chunk)
            return false;
        else if (done.consumed == 0 && done.made == 0)
            place = Place::broken; // a library that takes nothing and makes nothing would be asked forever
        return true;
    }

    const bool zero_padded;
    Place place = Place::before;
    std::unique_ptr<CodingStream> stream;
};

Decoder::Decoder(Coding coding) : codec_(std::make_unique<Codec>(coding)) {}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

Decoder::Step Decoder::decode(std::string_view in, std::string& out, std::size_t max_out) {
    return codec_->decode(in, out, max_out);
}

bool Decoder::at_end() const {
    return codec_->place == Codec::Place::before || codec_->place == Codec::Place::behind;
}

} // namespace egressd::scan
