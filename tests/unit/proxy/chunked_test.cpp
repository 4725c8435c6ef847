#include "proxy/http1.hpp"

#include <catch2/catch.hpp>

using namespace egressd;
using namespace egressd::proxy;

namespace {

using Extensions = ChunkedDecoder::Extensions;

struct Decoded {
    bool failed = false;
    bool done = false;
    std::string body;
    std::string left; // behind the end, or not consumed yet
    friend bool operator==(const Decoded&, const Decoded&) = default;
};

/// As upload and download do it: `pieces` arrive one after the other; what is not consumed is kept.
Decoded decode(const std::vector<std::string_view>& pieces, Extensions extensions = Extensions::refused) {
    ChunkedDecoder decoder(extensions);
    Decoded decoded;
    for (const std::string_view piece : pieces) {
        decoded.left.append(piece);
        if (decoded.done)
            continue;
        const Result<ChunkedDecoder::Step> step = decoder.decode(decoded.left, decoded.body);
        if (!step) {
            decoded.failed = true;
            return decoded;
        }
        decoded.left.erase(0, step->consumed);
        decoded.done = step->done;
    }
    return decoded;
}

std::vector<std::string_view> bytewise(std::string_view bytes) {
    std::vector<std::string_view> pieces;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        pieces.push_back(bytes.substr(i, 1));
    return pieces;
}

bool fails(std::string_view bytes, Extensions extensions = Extensions::refused) {
    const bool whole = decode({bytes}, extensions).failed;
    CHECK(decode(bytewise(bytes), extensions).failed == whole);
    return whole;
}

} // namespace

TEST_CASE("a chunked body is the same wherever it is cut") {
    const std::pair<std::string, std::string> bodies[] = {
        {"0\r\n\r\n", ""},
        {"000\r\n\r\n", ""},
        {"5\r\nhello\r\n0\r\n\r\n", "hello"},
        {"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world"},
        {"00a\r\n\r\n0\r\n\r\n0\r\n\r\n0\r\n\r\n", "\r\n0\r\n\r\n0\r\n"},
        {"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\nX-Sum: 1\r\nETag: x\r\n\r\n", "01234567890123456789"},
    };
    for (const auto& [bytes, body] : bodies) {
        const std::string next = "GET http://b.example/ HTTP/1.1\r\n\r\n";
        const std::string all = bytes + next;
        const Decoded expected{false, true, body, next};
        CAPTURE(bytes);
        CHECK(decode({all}) == expected);
        CHECK(decode(bytewise(all)) == expected);
        for (std::size_t one = 0; one <= bytes.size(); ++one) {
            const std::string_view view(all);
            CHECK(decode({view.substr(0, one), view.substr(one)}) == expected);
            for (std::size_t two = one; two <= bytes.size(); ++two)
                CHECK(decode({view.substr(0, one), view.substr(one, two - one), view.substr(two)}) ==
                      expected);
        }
        for (std::size_t size = 0; size < bytes.size(); ++size)
            CHECK_FALSE(decode({std::string_view(bytes).substr(0, size)}).done);
    }
}

TEST_CASE("data of a chunk is passed on before the chunk is whole") {
    CHECK(decode({"8\r\ndata"}).body == "data");
    CHECK(decode({"8\r\n", "data", ": "}).body == "data: ");
    CHECK(decode({"8\r\n", "0\r\n"}).body == "0\r\n");
}

TEST_CASE("a chunked body that is not exactly one is refused") {
    for (const char* bytes : {
             "g\r\nhello\r\n0\r\n\r\n",
             "\r\nhello\r\n0\r\n\r\n",
             "-5\r\nhello\r\n0\r\n\r\n",
             "+5\r\nhello\r\n0\r\n\r\n",
             "0x5\r\nhello\r\n0\r\n\r\n",
             "5 \r\nhello\r\n0\r\n\r\n",
             " 5\r\nhello\r\n0\r\n\r\n",
             "5\nhello\r\n0\r\n\r\n",
             "5\r\nhelloX0\r\n\r\n",
             "5\r\nhello\n0\r\n\r\n\r\n",
             "4\r\nhello\r\n0\r\n\r\n",
             "10000000000000000\r\nhello",
             "ffffffffffffffffff\r\nhello",
             "5;a=b\r\nhello\r\n0\r\n\r\n",
             "5;a\r\nhello\r\n0\r\n\r\n",
             "5;\r\nhello\r\n0\r\n\r\n",
             "5\r\nhello\r\n0;a=\"b\"\r\n\r\n",
             "0\r\nTransfer-Encoding: chunked\r\n\r\n",
             "0\r\nContent-Length: 5\r\n\r\n",
             "0\r\nHost: b.example\r\n\r\n",
             "0\r\nX: y\r\nAuthorization: z\r\n\r\n",
             "0\r\nProxy-Status: z\r\n\r\n",
             "0\r\nbad trailer\r\n\r\n",
             "0\r\n: empty\r\n\r\n",
         }) {
        CAPTURE(std::string(bytes));
        CHECK(fails(bytes));
    }
}

TEST_CASE("extensions can be dropped, within the bound") {
    const std::string bytes = "5;a=b;c=\"d;e\"\r\nhello\r\n0;x\r\n\r\n";
    CHECK(fails(bytes));
    const Decoded expected{false, true, "hello", ""};
    CHECK(decode({bytes}, Extensions::dropped) == expected);
    CHECK(decode(bytewise(bytes), Extensions::dropped) == expected);
    CHECK(fails("5;" + std::string(20'000, 'x') + "\r\nhello\r\n0\r\n\r\n", Extensions::dropped));
    CHECK(fails("5;a=\"\r\n\"\r\nhello\r\n0\r\n\r\n", Extensions::dropped));
}

TEST_CASE("size lines and trailers are bounded, however they arrive") {
    CHECK(fails(std::string(20'000, '0')));
    CHECK(fails("5;" + std::string(20'000, 'x')));
    const std::string value(ChunkedDecoder::max_trailer, 'x');
    CHECK(fails("0\r\nX: " + value));
    CHECK(fails("0\r\nX: " + value + "\r\n\r\n"));
    CHECK_FALSE(fails("0\r\nX: " + value.substr(0, value.size() - 100) + "\r\n\r\n"));
}

TEST_CASE("chunks that are written can be read") {
    CHECK(chunk_header(1) == "1\r\n");
    CHECK(chunk_header(0x1a2b) == "1a2b\r\n");
    CHECK(chunk_header(~std::size_t(0)) == "ffffffffffffffff\r\n");
    const std::string written =
        chunk_header(300) + std::string(300, 'x') + std::string(chunk_end) + std::string(last_chunk);
    CHECK(decode({written}) == Decoded{false, true, std::string(300, 'x'), ""});
}
