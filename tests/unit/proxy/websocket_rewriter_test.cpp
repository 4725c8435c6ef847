#include "proxy/websocket_rewriter.hpp"
#include "tests/unit/proxy/frames.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <set>
#include <vector>

using namespace egressd;
using namespace egressd::proxy;
using namespace egressd::test;

namespace {

/// Keeps what it is shown, and refuses what holds `forbidden`.
struct RecordingGate final : MessageGate {
    std::optional<Refusal> refuse(const MessagePiece& piece) override {
        pieces.push_back(piece);
        seen += std::to_string(static_cast<unsigned>(piece.kind)) + (piece.begins ? "<" : "|") +
                std::string(piece.bytes) + (piece.ends ? ">" : "|");
        if (!forbidden.empty() && piece.bytes.find(forbidden) != std::string_view::npos)
            return refusal_of(policy::Reason::secret_found, "the test forbids it");
        return std::nullopt;
    }
    std::size_t held_back() const override { return keep; }
    std::size_t keep = 0;
    std::vector<MessagePiece> pieces;
    std::string seen;
    std::string forbidden;
};

/// The frames of what went out, unmasked: "first byte:payload;", or "!" where they are none.
std::string frames_of(Side from, std::string bytes) {
    FrameReader reader(from);
    std::string said;
    std::span<char> rest(bytes);
    while (!rest.empty()) {
        const Result<FrameReader::Step> step = reader.read(rest);
        if (!step)
            return said + "!";
        rest = rest.subspan(step->consumed);
        if (step->begins)
            said += std::to_string(static_cast<unsigned>(reader.frame().opcode)) +
                    (reader.frame().final ? "." : "+");
        said.append(step->payload.data(), step->payload.size());
        if (step->ends)
            said += ";";
    }
    return said;
}

/// What frames_of said, without where continuations were cut.
std::string joined(std::string frames) {
    for (std::size_t at = frames.find("2."); at != std::string::npos; at = frames.find("2.", at))
        frames[at + 1] = '+';
    for (const std::string_view cut : {";0+", ";0."})
        for (std::size_t at = frames.find(cut); at != std::string::npos; at = frames.find(cut, at))
            frames.erase(at, cut.size());
    return frames;
}

/// The payloads of all frames of a client, whatever they are cut into.
std::string message_of(std::string bytes) {
    FrameReader reader(Side::client);
    std::string said;
    std::span<char> rest(bytes);
    while (!rest.empty()) {
        const Result<FrameReader::Step> step = reader.read(rest);
        REQUIRE(step.has_value());
        rest = rest.subspan(step->consumed);
        said.append(step->payload.data(), step->payload.size());
    }
    return said;
}

} // namespace

TEST_CASE("a client's frames pass the gate unmasked, and leave with keys of ours") {
    RecordingGate gate;
    FrameRewriter rewriter(gate);
    std::string in = client_frame(0x01, "frag") + client_frame(0x89, "ping") + client_frame(0x80, "ment") +
                     client_frame(0x82, "") + client_frame(0x88, close_payload(1000));
    std::string out;
    std::uint64_t payload = 0;
    REQUIRE(rewriter.rewrite(in, out, payload));
    CHECK(gate.seen == "1<frag|9<ping>1|ment>2<>8<\x03\xe8>");
    CHECK(frames_of(Side::client, out) == "1+frag;9.ping;0.ment;2.;8.\x03\xe8;");
    CHECK(payload == 4 + 4 + 4 + 0 + 2);
    CHECK(rewriter.closed());
    CHECK_FALSE(rewriter.inside_frame());
    CHECK(out.find(test_key) == std::string::npos);
}

TEST_CASE("an origin's frames leave unmasked") {
    FrameRewriter rewriter;
    std::string in = frame(0x02, std::string(300, 'd')) + frame(0x8a, "pong");
    const std::string same = in;
    std::string out;
    std::uint64_t payload = 0;
    REQUIRE(rewriter.rewrite(in, out, payload));
    CHECK(out == same);
    CHECK(payload == 304);
}

TEST_CASE("a message that is larger than a piece streams through") {
    RecordingGate gate;
    FrameRewriter rewriter(gate);
    const std::string data(100'000, 'x');
    std::string in = client_frame(0x82, data);
    std::string sent;
    for (std::size_t at = 0; at < in.size(); at += 1000) {
        std::string piece = in.substr(at, 1000);
        std::string out;
        std::uint64_t payload = 0;
        REQUIRE(rewriter.rewrite(piece, out, payload));
        CHECK(payload > 0);
        CHECK(rewriter.inside_frame() == (at + 1000 < in.size()));
        sent += out;
    }
    CHECK(message_of(sent) == data);
    CHECK(gate.pieces.size() == 101);
}

TEST_CASE("what the gate holds back leaves with what follows it, and at the message's end") {
    RecordingGate gate;
    FrameRewriter rewriter(gate);
    std::string sent;
    const auto rewrite = [&](std::string in) {
        std::uint64_t payload = 0;
        REQUIRE(rewriter.rewrite(in, sent, payload));
        return payload;
    };
    gate.keep = 3;
    CHECK(rewrite(client_frame(0x01, "abcde")) == 2);
    CHECK(rewrite(client_frame(0x00, "f")) == 1);
    CHECK(rewrite(client_frame(0x89, "ping")) == 4);
    gate.keep = 1000;
    CHECK(rewrite(client_frame(0x00, std::string(100, 'g'))) == 0);
    CHECK(rewrite(client_frame(0x80, "h")) == 104);
    CHECK(frames_of(Side::client, sent) == "1+ab;0+c;9.ping;0.def" + std::string(100, 'g') + "h;");
}

TEST_CASE("what the gate refuses does not go on") {
    RecordingGate gate;
    gate.forbidden = "secret";
    for (const unsigned first : {0x81U, 0x82U, 0x89U, 0x8aU}) {
        FrameRewriter rewriter(gate);
        std::string in =
            client_frame(0x81, "fine") + client_frame(first, "a secret") + client_frame(0x81, "z");
        std::string out;
        std::uint64_t payload = 0;
        CHECK_FALSE(rewriter.rewrite(in, out, payload));
        REQUIRE(rewriter.refusal().has_value());
        CHECK(rewriter.refusal()->reason == policy::Reason::secret_found);
        CHECK(frames_of(Side::client, out).find("secret") == std::string::npos);
        CHECK(gate.seen.find('z') == std::string::npos);
    }
}

TEST_CASE("what breaks the protocol does not go on") {
    RecordingGate gate;
    FrameRewriter rewriter(gate);
    std::string in = frame(0x81, "unmasked");
    std::string out;
    std::uint64_t payload = 0;
    CHECK_FALSE(rewriter.rewrite(in, out, payload));
    CHECK(out.empty());
    CHECK(gate.pieces.empty());
    CHECK(rewriter.problem() == "the client broke the WebSocket protocol: a client's frame is not masked");
    CHECK_FALSE(rewriter.refusal().has_value());
}

TEST_CASE("whole and in pieces, the same messages go on") {
    std::mt19937 random(11);
    for (int round = 0; round < 300; ++round) {
        std::string in;
        for (unsigned i = 0; i < 5; ++i) {
            in += client_frame(0x02, std::string(random() % 200, 'a'));
            if (random() % 2 == 0)
                in += client_frame(0x89, std::string(random() % 126, 'p'));
            in += client_frame(0x80, std::string(random() % 70, 'b'));
        }
        RecordingGate gate;
        FrameRewriter whole(gate);
        std::string copy = in;
        std::string expected;
        std::uint64_t expected_payload = 0;
        REQUIRE(whole.rewrite(copy, expected, expected_payload));
        FrameRewriter pieces(gate);
        std::string sent;
        std::uint64_t payload = 0;
        for (std::size_t at = 0; at < in.size();) {
            std::string piece = in.substr(at, 1 + random() % 30);
            at += piece.size();
            REQUIRE(pieces.rewrite(piece, sent, payload));
        }
        CHECK(payload == expected_payload);
        CHECK(joined(frames_of(Side::client, sent)) == joined(frames_of(Side::client, expected)));
    }
}

TEST_CASE("masking keys do not repeat") {
    MaskKeys keys;
    std::set<MaskKey> seen;
    for (int i = 0; i < 1000; ++i) {
        const std::optional<MaskKey> key = keys.next();
        REQUIRE(key.has_value());
        seen.insert(*key);
    }
    CHECK(seen.size() > 990); // 32 bits: one pair in 8600 runs
}
