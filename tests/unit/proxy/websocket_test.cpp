#include "proxy/websocket.hpp"
#include "tests/unit/proxy/frames.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace egressd;
using namespace egressd::proxy;
using namespace egressd::test;
using namespace std::string_literals;

namespace {

/// What a direction says, as text: "text+final 5:hello" a frame, "!why" an error, "closed" at a close frame.
std::string read_all(Side from, std::string bytes, std::size_t step, std::mt19937* cuts = nullptr) {
    FrameReader reader(from);
    std::string said;
    std::string payload;
    std::size_t at = 0;
    while (at < bytes.size()) {
        const std::size_t wanted = cuts != nullptr ? 1 + (*cuts)() % step : step;
        const std::size_t size = std::min(wanted, bytes.size() - at);
        std::string piece = bytes.substr(at, size); // of its own size: a read behind it shows
        std::span<char> rest(piece);
        at += size;
        while (!rest.empty()) {
            const Result<FrameReader::Step> read = reader.read(rest);
            if (!read)
                return said + "!" + read.error().message;
            REQUIRE(read->consumed > 0);
            rest = rest.subspan(read->consumed);
            if (read->begins) {
                const Frame& frame = reader.frame();
                said += std::to_string(static_cast<unsigned>(frame.opcode)) + "/" +
                        std::to_string(static_cast<unsigned>(frame.message)) + (frame.final ? "." : "+") +
                        " ";
                payload.clear();
            }
            payload.append(read->payload.data(), read->payload.size());
            if (read->ends) {
                CHECK(payload.size() == reader.frame().length);
                said += payload + ";";
            }
        }
    }
    return said + (reader.closed() ? "closed" : "") + (reader.inside_data() ? "inside" : "");
}

std::string read_whole(Side from, const std::string& bytes) {
    return read_all(from, bytes, bytes.size());
}

std::string error_of(Side from, const std::string& bytes) {
    const std::string said = read_whole(from, bytes);
    const std::size_t at = said.find('!');
    return at == std::string::npos ? "no error: " + said : said.substr(said.rfind(": ") + 2);
}

} // namespace

TEST_CASE("the examples of RFC 6455 5.7 are read") {
    CHECK(read_whole(Side::origin, "\x81\x05Hello"s) == "1/1. Hello;");
    CHECK(read_whole(Side::client, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s) == "1/1. Hello;");
    CHECK(read_whole(Side::origin, "\x01\x03Hel\x80\x02lo"s) == "1/1+ Hel;0/1. lo;");
    CHECK(read_whole(Side::origin, "\x89\x05Hello"s) == "9/9. Hello;");
    CHECK(read_whole(Side::client, "\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s) == "10/10. Hello;");
    const std::string long_one(256, 'x');
    CHECK(read_whole(Side::origin, "\x82\x7e\x01\x00"s + long_one) == "2/2. " + long_one + ";");
    const std::string longer(65536, 'y');
    CHECK(read_whole(Side::origin, "\x82\x7f\0\0\0\0\0\1\0\0"s + longer) == "2/2. " + longer + ";");
}

TEST_CASE("control frames come between the frames of a message") {
    CHECK(read_whole(Side::origin, frame(0x02, "a") + frame(0x89, "ping") + frame(0x00, "") +
                                       frame(0x8a, "") + frame(0x80, "b") + frame(0x81, "c")) ==
          "2/2+ a;9/9. ping;0/2+ ;10/10. ;0/2. b;1/1. c;");
}

TEST_CASE("what breaks the framing rules is refused") {
    const std::string hello = "hello";
    CHECK(error_of(Side::client, frame(0x81, hello)) == "a client's frame is not masked");
    CHECK(error_of(Side::origin, client_frame(0x81, hello)) == "an origin's frame is masked");
    for (const unsigned bit : {0x40U, 0x20U, 0x10U})
        CHECK(error_of(Side::client, client_frame(0x81 | bit, hello)) ==
              "a reserved bit is set, and no extension was negotiated");
    for (const unsigned opcode : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U})
        CHECK(error_of(Side::client, client_frame(0x80 | opcode, "")) == "a frame has an unknown opcode");
    for (const unsigned opcode : {8U, 9U, 10U}) {
        CHECK(error_of(Side::client, client_frame(opcode, "")) == "a control frame is fragmented");
        CHECK(error_of(Side::client, client_frame(0x80 | opcode, std::string(126, 'x'))) ==
              "a control frame is longer than 125 bytes");
    }
    CHECK(error_of(Side::client, client_frame(0x80, hello)) == "a continuation without a message");
    CHECK(error_of(Side::client, client_frame(0x81, hello) + client_frame(0x80, hello)) ==
          "a continuation without a message");
    for (const unsigned next : {0x01U, 0x02U, 0x81U, 0x82U})
        CHECK(error_of(Side::client, client_frame(0x01, hello) + client_frame(next, hello)) ==
              "a new message inside a fragmented one");
    CHECK(read_whole(Side::client, client_frame(0x89, std::string(125, 'x'))) ==
          "9/9. " + std::string(125, 'x') + ";");
}

TEST_CASE("a length has one form") {
    const std::string wrong = "a length is not in its shortest form";
    CHECK(error_of(Side::origin, "\x82\x7e\x00\x7d"s) == wrong);
    CHECK(error_of(Side::origin, "\x82\x7e\x00\x00"s) == wrong);
    CHECK(error_of(Side::origin, "\x82\x7f\0\0\0\0\0\0\xff\xff"s) == wrong);
    CHECK(error_of(Side::origin, "\x82\x7f\x80\0\0\0\0\0\0\0"s) == "a length has its highest bit set");
    CHECK(read_whole(Side::origin, "\x82\x7e\x00\x7e"s) == "2/2. inside");
    CHECK(read_whole(Side::origin, "\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"s) == "2/2. inside");
}

TEST_CASE("a close frame is judged, and is the last") {
    for (const unsigned code : {1000U, 1001U, 1003U, 1007U, 1011U, 1014U, 3000U, 4999U}) {
        CAPTURE(code);
        CHECK(read_whole(Side::origin, frame(0x88, close_payload(code, "bye"))) ==
              "8/8. " + close_payload(code, "bye") + ";closed");
    }
    for (const unsigned code : {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 2999U, 5000U, 65535U}) {
        CAPTURE(code);
        CHECK(error_of(Side::origin, frame(0x88, close_payload(code))) ==
              "a close frame has a code that must not be sent");
    }
    CHECK(read_whole(Side::client, client_frame(0x88, "")) == "8/8. ;closed");
    CHECK(error_of(Side::client, client_frame(0x88, "x")) == "a close frame has half a code");
    for (const char* reason : {"\xff", "\xc0\x80", "\xed\xa0\x80", "ab\xe2\x82", "\xf4\x90\x80\x80"})
        CHECK(error_of(Side::client, client_frame(0x88, close_payload(1000, reason))) ==
              "a close frame's reason is not UTF-8");
    CHECK(read_whole(Side::client, client_frame(0x88, "") + client_frame(0x82, "more") + "\xff\xff") ==
          "8/8. ;closed");
}

TEST_CASE("whole and in pieces, a direction says the same") {
    std::mt19937 random(7);
    const unsigned firsts[] = {0x01, 0x02, 0x00, 0x80, 0x81, 0x82, 0x89, 0x8a, 0x88, 0xc1, 0x83};
    for (int round = 0; round < 2000; ++round) {
        const Side from = round % 2 == 0 ? Side::client : Side::origin;
        std::string bytes;
        const unsigned count = 1 + random() % 8;
        for (unsigned i = 0; i < count; ++i) {
            const std::string payload(random() % 4 == 0 ? random() % 400 : random() % 9,
                                      static_cast<char>('a' + i));
            // Mostly what may follow, so that long valid sequences occur.
            const unsigned first = firsts[random() % (random() % 8 == 0 ? 11 : 8)];
            bytes += from == Side::client ? client_frame(first, payload) : frame(first, payload);
        }
        if (random() % 4 == 0)
            bytes.resize(1 + random() % bytes.size());
        const std::string whole = read_whole(from, bytes);
        CAPTURE(round);
        CHECK(read_all(from, bytes, 1) == whole);
        CHECK(read_all(from, bytes, 1 + random() % 40, &random) == whole);
    }
}

TEST_CASE("masking works at every offset and length") {
    const MaskKey key{'\x01', '\x80', '\x37', '\xff'};
    const std::string_view key_text(key.data(), key.size());
    std::string all;
    for (int i = 0; i < 100; ++i)
        all += static_cast<char>(i * 7);
    const std::string expected = masked(all, key_text);
    for (std::size_t from = 0; from < 20; ++from)
        for (std::size_t size = 0; size < 40; ++size) {
            std::string piece = all.substr(from, size);
            apply_mask(piece, key, from);
            REQUIRE(piece == expected.substr(from, size));
        }
    std::string one = "a";
    apply_mask(one, key, ~std::uint64_t(0) / 2 - 1); // 63-bit offsets, 2 mod 4
    CHECK(one[0] == ('a' ^ '\x37'));
}

TEST_CASE("headers are written in their shortest form") {
    const MaskKey key{'k', 'e', 'y', '!'};
    for (const std::uint64_t length : {0ULL, 125ULL, 126ULL, 65535ULL, 65536ULL, 0x7fffffffffffffffULL}) {
        CAPTURE(length);
        const Frame written{Opcode::binary, Opcode::binary, false, length};
        for (const Side side : {Side::client, Side::origin}) {
            std::string bytes =
                write_frame_header(written, side == Side::client ? std::optional(key) : std::nullopt);
            CHECK(bytes.size() <= max_frame_header);
            FrameReader reader(side);
            const Result<FrameReader::Step> step = reader.read(bytes);
            REQUIRE(step.has_value());
            CHECK((step->begins && step->consumed == bytes.size()));
            CHECK(reader.frame().length == length);
            CHECK_FALSE(reader.frame().final);
        }
    }
    CHECK(write_close(CloseCode::protocol_error, "no") == "\x88\x04\x03\xeano"s);
    CHECK(read_whole(Side::origin, write_close(CloseCode::going_away, std::string(200, 'r'))) ==
          "8/8. \x03\xe9"s + std::string(123, 'r') + ";closed");
}
