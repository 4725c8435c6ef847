#include "scan/scanner.hpp"
#include "tests/unit/scan/scanning.hpp"
#include "tests/unit/scan/tokens.hpp"

#include <catch2/catch.hpp>

#include <zlib.h>

using namespace egressd::scan;

namespace {

using Found = std::vector<std::string>;

std::string gzip(std::string_view text) {
    z_stream stream{};
    REQUIRE(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 9, Z_DEFAULT_STRATEGY) ==
            Z_OK);
    std::string out(deflateBound(&stream, text.size()), '\0');
    std::string in(text);
    stream.next_in = reinterpret_cast<Bytef*>(in.data());
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

std::string filler(std::mt19937& random, std::size_t size) {
    std::string text;
    while (text.size() < size)
        text += letters(random, 1 + random() % 9) + ' ';
    text.resize(size);
    return text;
}

} // namespace

TEST_CASE("a secret is found wherever the pieces cut it") {
    std::mt19937 random(1);
    const auto engine = token_engine();
    const std::string text = "before " + token(random) + " after";
    const Found expected{"token@7[]"};
    for (std::size_t step = 1; step <= text.size(); ++step)
        CHECK(findings(engine, text, step) == expected);
}

TEST_CASE("pieces of any size give the findings of the whole") {
    std::mt19937 random(2);
    const auto engine =
        engine_of({rule("token", "tok_[0-9A-Za-z]{32}"), rule("open", "opn_[0-9A-Za-z]{20,90}\\b")});
    for (int round = 0; round < 10; ++round) {
        std::string text = filler(random, random() % 6000);
        for (int secrets = 0; secrets < 3; ++secrets) {
            const std::string secret =
                random() % 2 == 0 ? token(random) : "opn_" + letters(random, 20 + random() % 71);
            text += ' ' + secret + ' ' + filler(random, random() % 6000);
        }
        const Found whole = findings(engine, text);
        CHECK(whole.size() == 3);
        for (const std::size_t step : {7U, 100U, 2048U, 4097U})
            CHECK(findings(engine, text, step) == whole);
    }
}

TEST_CASE("the same secret is said once a stream, and each other one too") {
    std::mt19937 random(3);
    const std::string one = token(random);
    const std::string text = one + ' ' + token(random) + ' ' + one;
    CHECK(findings(token_engine(), text) == Found{"token@0[]", "token@37[]"});
}

TEST_CASE("however many alerts come first, what is to be blocked is found") {
    std::mt19937 random(12);
    Rule weak = rule("weak", "wk_[0-9A-Za-z]{20}");
    weak.tier = Tier::alert;
    const auto engine = engine_of({weak, rule("token", "tok_[0-9A-Za-z]{32}")});
    std::string text;
    for (int i = 0; i < 300; ++i)
        text += "wk_" + letters(random, 20) + ' ';
    const std::size_t at = text.size();
    const Found said = findings(engine, text + token(random));
    CHECK(said.size() == 257);
    CHECK(said.back() == "token@" + std::to_string(at) + "[]");
    // So many of those that they are not told apart any more: nobody says that the rest is clean.
    for (int i = 0; i < 600; ++i)
        text += token(random) + ' ';
    CHECK(findings(engine, text).back() == "problem: there are too many secrets in it");
}

TEST_CASE("nothing of a secret is settled before it is found") {
    std::mt19937 random(4);
    const auto engine = token_engine();
    for (const std::size_t in_front : {0U, 100U, 2000U, 30'000U}) {
        const std::string text = filler(random, in_front) + ' ' + token(random) + filler(random, 300);
        Scratch scratch(engine);
        Scanner scanner(engine);
        std::vector<Finding> found;
        for (std::size_t at = 0; at < text.size() && found.empty(); at += 11) {
            CHECK(scanner.settled() <= in_front + 1);
            scanner.feed(scratch, std::string_view(text).substr(at, 11), found);
        }
        CHECK(found.size() == 1);
    }
}

TEST_CASE("what is settled follows what is fed, a window behind") {
    std::mt19937 random(5);
    const auto engine = token_engine();
    const std::string text = filler(random, 100'000);
    Scratch scratch(engine);
    Scanner scanner(engine);
    std::vector<Finding> found;
    scanner.feed(scratch, text, found);
    CHECK(scanner.settled() == text.size() - window);
    scanner.pause(scratch, found);
    CHECK(scanner.settled() == text.size());
    scanner.feed(scratch, "x", found);
    CHECK(scanner.settled() == text.size());
    scanner.finish(scratch, found);
    CHECK(scanner.settled() == text.size() + 1);
    CHECK(found.empty());
}

TEST_CASE("a secret at the end is found when the stream pauses, and one over a pause when it is whole") {
    std::mt19937 random(6);
    const auto engine = token_engine();
    Scratch scratch(engine);
    Scanner scanner(engine);
    std::vector<Finding> found;
    scanner.feed(scratch, token(random), found);
    CHECK(found.empty()); // it could go on
    scanner.pause(scratch, found);
    CHECK(found.size() == 1);
    const std::string cut = token(random);
    scanner.feed(scratch, ' ' + cut.substr(0, 20), found);
    scanner.pause(scratch, found);
    CHECK(found.size() == 1);
    scanner.feed(scratch, cut.substr(20), found);
    scanner.pause(scratch, found);
    CHECK(found.size() == 2);
}

TEST_CASE("a declared coding is undone, stacked ones in their order") {
    std::mt19937 random(7);
    const auto engine = token_engine();
    const std::string text = filler(random, 5000) + ' ' + token(random) + filler(random, 3000);
    const std::string once = gzip(text);
    for (const std::size_t step : {std::size_t{1}, std::size_t{1000}, std::string::npos})
        CHECK(findings(engine, once, step, {Coding::gzip}) == Found{"token@0[gzip]"});
    CHECK(findings(engine, gzip(once), 1000, {Coding::gzip, Coding::gzip}) == Found{"token@0[gzip>gzip]"});
    CHECK(findings(engine, "", 1, {Coding::gzip}).empty());
}

TEST_CASE("what is declared and cannot be undone is a problem") {
    std::mt19937 random(8);
    const auto engine = token_engine();
    const std::string text = gzip(filler(random, 20'000));
    const auto problem = [&](std::string_view bytes) {
        const Found said = findings(engine, bytes, 1000, {Coding::gzip});
        return said.empty() ? "" : said.front();
    };
    CHECK(problem(text).empty());
    CHECK(problem(std::string_view(text).substr(0, text.size() - 1)) ==
          "problem: what is compressed in it is cut short");
    CHECK(problem("plain text") == "problem: its gzip is broken");
    CHECK(problem(text + "tail") == "problem: its gzip is broken");
}

TEST_CASE("what is compressed and says nothing of it is found by its first bytes") {
    std::mt19937 random(9);
    const auto engine = token_engine();
    const std::string inside = filler(random, 9000) + ' ' + token(random) + ' ' + filler(random, 90'000);
    const std::string text = filler(random, 5000) + gzip(inside) + filler(random, 5000);
    for (const std::size_t step : {std::size_t{500}, std::size_t{65'536}, std::string::npos})
        CHECK(findings(engine, text, step) == Found{"token@5000[gzip]"});
}

TEST_CASE("what is compressed and written in letters is followed over any size") {
    std::mt19937 random(10);
    const auto engine = token_engine();
    const std::string packed =
        gzip(filler(random, 600'000) + ' ' + token(random) + ' ' + filler(random, 50'000));
    REQUIRE(packed.size() > 300'000);
    const std::string base64 = tokens::to_base64(packed);
    std::string wrapped;
    std::string in_json;
    for (std::size_t at = 0; at < base64.size(); at += 76) {
        wrapped += base64.substr(at, 76) + "\r\n";
        in_json += base64.substr(at, 76) + "\\n";
    }
    for (const std::size_t step : {std::size_t{16'384}, std::size_t{65'536}, std::string::npos}) {
        CHECK(findings(engine, "{\"file\": \"" + base64 + "\"}", step) == Found{"token@10[base64>gzip]"});
        CHECK(findings(engine, "file:\n" + wrapped, step) == Found{"token@6[base64>gzip]"});
        CHECK(findings(engine, "{\"file\": \"" + in_json + "\"}", step) == Found{"token@10[base64>gzip]"});
        CHECK(findings(engine, "x=" + tokens::to_hex(packed), step) == Found{"token@2[hex>gzip]"});
    }
}

TEST_CASE("gzip in base64 is unpacked at any alignment, in front of other text and at the end") {
    std::mt19937 random(13);
    const auto engine = token_engine();
    for (std::size_t front = 0; front < 70; ++front)
        for (const char* behind : {"", ")", ", and so on"}) {
            const std::string inside = filler(random, 40) + ' ' + token(random) + ' ' + filler(random, 40);
            const std::string text =
                "(" + tokens::to_base64(std::string(front, '\xff') + gzip(inside)) + behind;
            CHECK(findings(engine, text).size() == 1);
            CHECK(findings(engine, text, 100).size() == 1);
        }
}

TEST_CASE("a run full of marks of gzip is a problem, and no work without end") {
    std::string run;
    while (run.size() < 100'000)
        run += "H4sIAAAA";
    const auto engine = token_engine();
    Scratch scratch(engine);
    Scanner scanner(engine);
    std::vector<Finding> found;
    scanner.feed(scratch, run, found);
    scanner.finish(scratch, found);
    CHECK_FALSE(scanner.problem().empty());
}

TEST_CASE("text behind letters that hold something compressed is read again") {
    std::mt19937 random(12);
    const std::string letters = tokens::to_base64(gzip(filler(random, 300'000)));
    CHECK(findings(token_engine(), "{\"a\":\"" + letters + "\",\"b\":\"" + token(random) + "\"}", 65'536)
              .size() == 1);
    const std::string again = filler(random, 400) + ' ' + token(random) + ' ' + filler(random, 400);
    CHECK(findings(token_engine(), letters + ' ' + tokens::to_base64(again), 65'536).size() == 1);
}

TEST_CASE("a member of a ZIP file is unpacked") {
    std::mt19937 random(11);
    const std::string text = filler(random, 300) + ' ' + token(random) + ' ' + filler(random, 300);
    const std::string packed = gzip(text);
    // Between gzip's header and trailer (RFC 1952) stands what a ZIP member holds.
    const std::string data = packed.substr(10, packed.size() - 18);
    const auto zip = [&](char flags, char method) {
        std::string bytes("PK\x03\x04\x14\0", 6);
        bytes += flags;
        bytes += '\0';
        bytes += method;
        bytes.append(17, '\0').append("\x05\0\0\0", 4).append("a.txt");
        return bytes + data + std::string("PK\x01\x02", 4) + std::string(40, '\0');
    };
    CHECK(findings(token_engine(), "\xff" + zip(0, 8)) == Found{"token@1[zip]"});
    CHECK(findings(token_engine(), zip(0, 8), 50) == Found{"token@0[zip]"});
    CHECK(findings(token_engine(), zip(1, 8)).empty()); // encrypted
    CHECK(findings(token_engine(), zip(0, 9)).empty()); // another method
    CHECK(findings(token_engine(), zip(0, 8).substr(0, 32)).empty());
}

TEST_CASE("what unpacks to too much is a problem") {
    const std::string bomb = gzip(std::string(50'000'000, '\0'));
    CHECK(bomb.size() < 50'000);
    CHECK(findings(token_engine(), bomb, 65'536) ==
          Found{"problem: what is compressed in it unpacks to too much"});
}

TEST_CASE("a known value is found as it is and in its encodings, inside other text") {
    std::mt19937 random(10);
    const std::string value = letters(random, 24) + "+/~";
    const auto engine = engine_of({rule("token", "tok_[0-9A-Za-z]{32}")}, {{"env:ACME", value, false}});
    CHECK(findings(engine, "x=" + value) == Found{"known-secret@2[]"});
    std::string reversed(value.rbegin(), value.rend());
    CHECK(findings(engine, "x=" + reversed) == Found{"known-secret@2[reversed]"});
    CHECK(findings(engine, gzip(value)) == Found{"known-secret@0[gzip]"});
}
