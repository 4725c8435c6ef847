#include "scan/coding.hpp"
#include "tests/unit/scan/tokens.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <brotli/encode.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <zlib.h>
#include <zstd.h>

using namespace egressd::scan;
using namespace std::string_literals;

namespace {

using State = Decoder::State;
constexpr int gzip_form = 31, zlib_form = 15, raw_form = -15; // windowBits of zlib

std::string deflate_as(int form, std::string_view text, int level = 9) {
    z_stream stream{};
    if (deflateInit2(&stream, level, Z_DEFLATED, form, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::runtime_error("deflateInit2");
    std::string out(deflateBound(&stream, static_cast<uLong>(text.size())) + 64, '\0');
    std::string in(text);
    stream.next_in = reinterpret_cast<Bytef*>(in.data());
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int result = deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    if (result != Z_STREAM_END)
        throw std::runtime_error("deflate");
    return out;
}

std::string gzip(std::string_view text) {
    return deflate_as(gzip_form, text);
}

/// From a window of 25 on, the "large window" form.
std::string br(std::string_view text, std::uint32_t window = 22) {
    BrotliEncoderState* state = BrotliEncoderCreateInstance(nullptr, nullptr, nullptr);
    BrotliEncoderSetParameter(state, BROTLI_PARAM_LARGE_WINDOW, window > 24);
    BrotliEncoderSetParameter(state, BROTLI_PARAM_LGWIN, window);
    BrotliEncoderSetParameter(state, BROTLI_PARAM_QUALITY, 5);
    std::string out(BrotliEncoderMaxCompressedSize(text.size()) + 64, '\0');
    std::size_t in_left = text.size(), out_left = out.size();
    const std::uint8_t* next_in = reinterpret_cast<const std::uint8_t*>(text.data());
    std::uint8_t* next_out = reinterpret_cast<std::uint8_t*>(out.data());
    BrotliEncoderCompressStream(state, BROTLI_OPERATION_FINISH, &in_left, &next_in, &out_left, &next_out,
                                nullptr);
    const bool is_finished = BrotliEncoderIsFinished(state);
    BrotliEncoderDestroyInstance(state);
    if (!is_finished)
        throw std::runtime_error("BrotliEncoderCompressStream");
    out.resize(out.size() - out_left);
    return out;
}

/// With `is_sized`, the frame states how much is in it, and a small one is a single segment without a window.
std::string zstd(std::string_view text, int window_log = 0, bool is_sized = true) {
    ZSTD_CCtx* context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
    std::string out(ZSTD_compressBound(text.size()) + 64, '\0');
    ZSTD_inBuffer from{text.data(), text.size(), 0};
    ZSTD_outBuffer into{out.data(), out.size(), 0};
    if (!is_sized) { // whoever begins without an end in sight cannot know the size
        ZSTD_inBuffer none{text.data(), 0, 0};
        ZSTD_compressStream2(context, &into, &none, ZSTD_e_flush);
        ZSTD_compressStream2(context, &into, &from, ZSTD_e_continue);
    }
    const std::size_t left = ZSTD_compressStream2(context, &into, &from, ZSTD_e_end);
    ZSTD_freeCCtx(context);
    if (left != 0)
        throw std::runtime_error("ZSTD_compressStream2");
    out.resize(into.pos);
    return out;
}

const std::string skippable_frame = "\x5a\x2a\x4d\x18\x05\0\0\0 note"s;

struct Form {
    const char* name;
    Coding coding;
    std::string (*encode)(std::string_view);
    bool has_check; // a checksum over the content
};
const std::array<Form, 5>& forms() {
    static const std::array<Form, 5> all{
        Form{"gzip", Coding::gzip, gzip, true},
        Form{"zlib", Coding::deflate, [](std::string_view text) { return deflate_as(zlib_form, text); },
             true},
        Form{"raw deflate", Coding::deflate, [](std::string_view text) { return deflate_as(raw_form, text); },
             false},
        Form{"br", Coding::br, [](std::string_view text) { return br(text); }, false},
        Form{"zstd", Coding::zstd, [](std::string_view text) { return zstd(text); }, true}};
    return all;
}

struct Decoded {
    State state = State::more;
    bool at_end = false;
    std::string text;
    std::size_t consumed = 0;
    bool operator==(const Decoded&) const = default;
};
std::ostream& operator<<(std::ostream& to, const Decoded& decoded) {
    return to << "state " << static_cast<int>(decoded.state)
              << (decoded.at_end ? " at end, " : " not at end, ") << decoded.text.size() << " made of "
              << decoded.consumed;
}

/// Feeds `piece` and calls again for as long as the step is full, as the header asks.
void feed(Decoder& decoder, std::string_view piece, std::size_t max_out, Decoded& result) {
    do {
        const std::size_t had = result.text.size();
        const Decoder::Step step = decoder.decode(piece, result.text, max_out);
        result.state = step.state;
        const std::size_t made = result.text.size() - had;
        REQUIRE(step.consumed <= piece.size());
        REQUIRE(made <= max_out);
        REQUIRE((step.state != State::full || made == max_out));
        REQUIRE((step.state != State::more || (made < max_out && step.consumed == piece.size())));
        piece.remove_prefix(step.consumed);
        result.consumed += step.consumed;
    } while (result.state == State::full);
    result.at_end = decoder.at_end();
}

Decoded decode(Coding coding, std::string_view wire, std::size_t piece = std::string::npos,
               std::size_t max_out = 1 << 20) {
    Decoder decoder(coding);
    Decoded result;
    do {
        feed(decoder, wire.substr(0, piece), max_out, result);
        wire.remove_prefix(std::min(piece, wire.size()));
    } while (!wire.empty() && result.state != State::broken);
    return result;
}

Decoded whole(const std::string& text, const std::string& wire) {
    return {State::more, true, text, wire.size()};
}

/// Text that compresses, but not to nothing: a few kilobytes of it have literals, copies and several codes.
std::string some_text(std::size_t size) {
    std::string text;
    for (unsigned seed = 1; text.size() < size; seed = seed * 1103515245 + 12345)
        text += "word" + std::to_string((seed >> 16) % 997) + (seed % 5 == 0 ? "\n" : " ");
    text.resize(size);
    return text;
}

} // namespace

TEST_CASE("codings have names") {
    for (const Coding coding : {Coding::gzip, Coding::deflate, Coding::br, Coding::zstd})
        CHECK(coding_named(to_text(coding)) == coding);
    CHECK(coding_named("GZip") == Coding::gzip);
    CHECK(coding_named("X-GZIP") == Coding::gzip);
    CHECK(coding_named("Zstd") == Coding::zstd);
    for (const char* other : {"", "identity", "gzi", "gzipp", "gzip ", "compress", "brotli", "x-br", "*"})
        CHECK_FALSE(coding_named(other).has_value());
}

TEST_CASE("a coding is known by its mark") {
    const std::string text = some_text(100);
    CHECK(coding_of(gzip(text)) == Coding::gzip);
    CHECK(coding_of(zstd(text)) == Coding::zstd);
    CHECK(coding_of(skippable_frame) == Coding::zstd);
    for (const int level : {0, 1, 5, 6, 9})
        CHECK(coding_of(deflate_as(zlib_form, text, level)) == Coding::deflate);
    CHECK(coding_of("\x1f\x8b\x08") == Coding::gzip);
    for (const std::string& none :
         {""s, "\x1f"s, "\x1f\x8b"s, "\x1f\x8b\x07"s, "\x28\xb5\x2f"s, "\x28\xb5\x2f\xfe"s,
          "\x60\x2a\x4d\x18"s, "x"s, "x "s, "x}"s, "xyz"s, "\x78\x9d"s, "\x58\x85"s, "text"s})
        CHECK_FALSE(coding_of(none).has_value());
}

TEST_CASE("behind a mark of zlib there must be what deflate can begin with") {
    int taken = 0;
    for (int round = 0; round < 4000; ++round)
        taken += coding_of("\x78\x9c" + tokens::random_bytes(10)) ? 1 : 0;
    CHECK(taken < 1400); // a quarter of them say that they use the fixed codes, which may follow
    CHECK_FALSE(coding_of("\x78\x9c\x07"s).has_value());                 // there is no fourth kind of block
    CHECK_FALSE(coding_of("\x78\x9c\x01\x05\x00\xfb\xff"s).has_value()); // not the length's complement
    CHECK(coding_of("\x78\x9c\x01\x05\x00\xfa\xff"s) == Coding::deflate);
    CHECK(coding_of("\x78\x9c"s) == Coding::deflate); // it may go on so
}

TEST_CASE("what was encoded is decoded, whatever the pieces and the steps") {
    for (const Form& form : forms()) {
        for (const std::size_t size : {0U, 1U, 300U, 20'000U}) {
            const std::string text = some_text(size);
            const std::string wire = form.encode(text);
            CAPTURE(form.name, size);
            for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::string::npos})
                for (const std::size_t max_out : {1U, 1000U, 1U << 20})
                    CHECK(decode(form.coding, wire, piece, max_out) == whole(text, wire));
        }
    }
}

TEST_CASE("a stream may be cut anywhere") {
    const std::string text = some_text(200);
    for (const Form& form : forms()) {
        const std::string wire = form.encode(text);
        for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
            CAPTURE(form.name, cut);
            Decoder decoder(form.coding);
            Decoded result;
            feed(decoder, std::string_view(wire).substr(0, cut), 10, result);
            CHECK(result.state == State::more);
            CHECK(result.at_end == (cut == 0 || cut == wire.size()));
            feed(decoder, std::string_view(wire).substr(cut), 10, result);
            CHECK(result == whole(text, wire));
        }
    }
}

TEST_CASE("nothing is made of nothing, and nothing is missing") {
    for (const Form& form : forms())
        CHECK(decode(form.coding, "") == whole("", ""));
}

TEST_CASE("a full step leaves the rest of the input") {
    for (const Form& form : forms()) {
        CAPTURE(form.name);
        const std::string text = some_text(100'000);
        const std::string wire = form.encode(text);
        Decoder decoder(form.coding);
        std::string out = "before";
        const Decoder::Step step = decoder.decode(wire, out, 10);
        CHECK(step.state == State::full);
        if (form.coding != Coding::br) // whose library may keep a whole window of output to itself
            CHECK(step.consumed < wire.size());
        CHECK(out == "before" + text.substr(0, 10));
        CHECK_FALSE(decoder.at_end());
        Decoder moved = std::move(decoder);
        CHECK(moved.decode(std::string_view(wire).substr(step.consumed), out, text.size()).state ==
              State::more);
        CHECK(out == "before" + text);
        CHECK(moved.at_end());
    }
}

TEST_CASE("members and frames that follow one another are one stream") {
    const std::string one = some_text(300), two = "two";
    const std::string members = gzip(one) + gzip("") + gzip(two);
    const std::string frames =
        skippable_frame + zstd(one) + skippable_frame + zstd("") + zstd(two, 0, false) + skippable_frame;
    for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, std::string::npos}) {
        for (const std::size_t max_out : {1U, 303U, 1000U}) {
            CHECK(decode(Coding::gzip, members, piece, max_out) == whole(one + two, members));
            CHECK(decode(Coding::zstd, frames, piece, max_out) == whole(one + two, frames));
        }
    }
    CHECK(decode(Coding::zstd, skippable_frame) == whole("", skippable_frame));
    CHECK_FALSE(decode(Coding::gzip, members.substr(0, members.size() - 1)).at_end);
}

TEST_CASE("zeros may stand behind a member of gzip, and only there") {
    const std::string zeros(1000, '\0'), member = gzip("text");
    for (const std::size_t piece : {std::size_t{1}, std::string::npos}) {
        CHECK(decode(Coding::gzip, member + zeros, piece) == whole("text", member + zeros));
        CHECK(decode(Coding::gzip, member + zeros + member, piece) ==
              whole("texttext", member + zeros + member));
        CHECK(decode(Coding::gzip, zeros + member, piece).state == State::broken);
    }
    for (const Form& form : forms()) {
        if (form.coding != Coding::gzip)
            CHECK(decode(form.coding, form.encode("text") + zeros).state == State::broken);
    }
}

TEST_CASE("whatever else stands behind the end is broken") {
    for (const Form& form : forms()) {
        const std::string wire = form.encode("text");
        for (const std::string& behind : {"garbage"s, "\x1f\x8b\x07garbage"s, "\x0b"s + wire}) {
            for (const std::size_t piece : {std::size_t{1}, std::string::npos}) {
                CAPTURE(form.name, piece);
                const Decoded result = decode(form.coding, wire + behind, piece);
                CHECK(result.state == State::broken);
                CHECK_FALSE(result.at_end);
                CHECK(result.text == "text");
            }
        }
        if (form.coding == Coding::deflate || form.coding == Coding::br)
            CHECK(decode(form.coding, wire + wire).state == State::broken);
    }
}

TEST_CASE("broken stays broken") {
    for (const Form& form : forms()) {
        Decoder decoder(form.coding);
        std::string out;
        const std::string garbage(64, '\xff');
        CHECK(decoder.decode(garbage, out, 1000).state == State::broken);
        const Decoder::Step step = decoder.decode(form.encode("text"), out, 1000);
        CHECK(step.state == State::broken);
        CHECK(step.consumed == 0);
        CHECK(out.empty());
    }
}

TEST_CASE("a stream with a check that was changed anywhere never passes for another") {
    const std::string text = some_text(300);
    for (const Form& form : forms()) {
        const std::string wire = form.encode(text);
        for (std::size_t i = 0; i < wire.size(); ++i) {
            for (const unsigned flip : {0x01U, 0x10U, 0x80U, 0xffU}) {
                std::string changed = wire;
                changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ flip);
                const Decoded result = decode(form.coding, changed, 50, 100);
                CAPTURE(form.name, i, flip, result);
                // zlib's form without its header may be a stream without a check.
                const bool is_checked = form.has_check && (form.coding != Coding::deflate || i >= 2);
                CHECK((!is_checked || !result.at_end || result.text == text));
                CHECK((result.state != State::broken || !result.at_end));
            }
        }
    }
}

TEST_CASE("a window is bounded") {
    const std::string text = some_text(1000);
    CHECK(decode(Coding::br, br(text, 24)) == whole(text, br(text, 24)));
    CHECK(decode(Coding::zstd, zstd(text, 23, false)) == whole(text, zstd(text, 23, false)));
    for (const std::size_t piece : {std::size_t{1}, std::string::npos})
        CHECK(decode(Coding::zstd, zstd(text, 24, false), piece).state == State::broken);
    // A small frame that states its size: a library that is given all of it would not look at the window.
    const auto small = [](char window) { return "\x28\xb5\x2f\xfd\x80"s + window + "\4\0\0\0\x21\0\0text"s; };
    for (const std::size_t piece : {std::size_t{1}, std::string::npos}) {
        CHECK(decode(Coding::zstd, small('\x68'), piece) == whole("text", small('\x68')));
        CHECK(decode(Coding::zstd, small('\x69'), piece).state == State::broken);
    }
    CHECK(decode(Coding::br, br(text, 25)).state == State::broken);
}

TEST_CASE("a frame of zstd is read from its beginning, whatever its header holds") {
    // From the window on, the header and what follows are a frame of their own; the outer one has a block
    // that is too large.
    const std::string inside = "\x28\xb5\x2f\xfd\x20\4\x21\0\0text"s;
    CHECK(decode(Coding::zstd, inside) == whole("text", inside));
    const std::string outside = "\x28\xb5\x2f\xfd\x40"s + inside;
    // Formats before 1.0, as they are and behind one byte of the mark of today's.
    const std::string before = "\xb5\x2f\xfd\x04\x0e\0\4\0\xf6\x9d\0\0\0\0\0"s;
    for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, std::string::npos}) {
        CHECK(decode(Coding::zstd, outside, piece).state == State::broken);
        CHECK(decode(Coding::zstd, outside, piece).text.empty());
        for (const char* version : {"\x25", "\x26", "\x27", "\x28\x25", "\x28\x26", "\x28\x27"})
            CHECK(decode(Coding::zstd, version + before, piece).state == State::broken);
    }
}

TEST_CASE("a bomb goes off in bounded steps") {
    const std::string zeros(10'000'000, '\0');
    for (const Form& form : forms()) {
        const std::string wire = form.encode(zeros);
        CAPTURE(form.name, wire.size());
        Decoder decoder(form.coding);
        std::string_view rest = wire;
        std::size_t total = 0;
        Decoder::Step step{State::full, 0};
        while (step.state == State::full) {
            std::string out;
            step = decoder.decode(rest, out, 4096);
            REQUIRE(out.size() <= 4096);
            REQUIRE(out.capacity() <= 16384);
            total += out.size();
            rest.remove_prefix(step.consumed);
        }
        CHECK(step.state == State::more);
        CHECK(decoder.at_end());
        CHECK(total == zeros.size());
    }
}

TEST_CASE("deflate is told by its first two bytes") {
    const std::string text = some_text(300);
    for (const int level : {0, 1, 6, 9}) {
        for (const int form : {zlib_form, raw_form, 9, -9}) {
            const std::string wire = deflate_as(form, text, level);
            CAPTURE(level, form);
            CHECK(decode(Coding::deflate, wire) == whole(text, wire));
        }
    }
    CHECK(decode(Coding::deflate, "\x03\0"s) == whole("", "\x03\0"s)); // the shortest raw one
    CHECK(decode(Coding::deflate, "\x78\xbb\0\0\0\1\3\0\0\0\0\1"s).state ==
          State::broken);                                               // asks for a dictionary
    CHECK(decode(Coding::deflate, "\x07\x00"s).state == State::broken); // no such kind of block
    CHECK_FALSE(decode(Coding::deflate, "\x78").at_end);
}
