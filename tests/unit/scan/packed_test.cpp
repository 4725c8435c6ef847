#include "scan/packed.hpp"
#include "tests/unit/scan/tokens.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace egressd::scan;
using namespace egressd::scan::tokens;

namespace {

void read(std::string_view block, std::vector<View>& views) {
    read_packed(block, layout_of(block).letters, views);
}

bool is_found(const std::string& block, const std::string& encoding, const std::string& text) {
    std::vector<View> views;
    read(block, views);
    return std::any_of(views.begin(), views.end(), [&](const View& view) {
        return view.encoding == encoding && view.text.find(text) != std::string::npos &&
               view.end <= block.size() && view.begin < view.end;
    });
}

std::string gap(std::size_t most) {
    return random(" .(){}\"", chance()() % most);
}

std::string swap_url(std::string text) {
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    return text;
}

/// In lines of `width` with `end` behind each.
std::string wrapped(const std::string& text, std::size_t width, const std::string& end) {
    std::string lines;
    for (std::size_t at = 0; at < text.size(); at += width)
        lines += text.substr(at, width) + end;
    return lines;
}

} // namespace

TEST_CASE("packed text is found wherever it stands, whatever is glued to it") {
    for (int round = 0; round < 3000; ++round) {
        const std::string text = random(base62 + "_-", 20 + chance()() % 90);
        const std::string front = gap(150) + random(base62, chance()() % 6);
        const std::string behind = random(base62, chance()() % 6) + gap(150);
        INFO(front << '|' << text << '|' << behind);
        // What is glued on can end the last quad otherwise: the last two bytes are not promised.
        const std::string most = text.substr(0, text.size() - 2);
        CHECK(is_found(front + to_base64(text) + behind, "base64", most));
        CHECK(is_found(front + swap_url(to_base64(text)) + behind, "base64", most));
        CHECK(is_found(gap(150) + to_base64(text) + gap(150), "base64", text));
        CHECK(is_found(gap(150) + to_hex(text) + gap(150), "hex", text));
        CHECK(is_found(gap(150) + encode_bits(text, "0123456789ABCDEF", 4) + gap(150), "hex", text));
        CHECK(is_found(gap(150) + to_base32(text) + gap(150), "base32", text));
        CHECK(is_found(gap(150) + encode_bits(text, lower + "234567", 5) + gap(150), "base32", text));
    }
}

TEST_CASE("packed text is found in noise of its own letters") {
    for (int round = 0; round < 3000; ++round) {
        const std::string text = random(base62, 20 + chance()() % 60);
        std::string block = random(base64, chance()() % 300) + to_base64(text);
        block += random(base64, chance()() % 300);
        CHECK(is_found(block, "base64", text.substr(0, text.size() - 2)));
    }
}

TEST_CASE("the lines of a wrapped run are one") {
    for (const std::string& end :
         std::vector<std::string>{"\n", "\r\n", "\\n", "\\r\\n", "\\\\n", "\\\\r\\\\n", "\n    ", "\r\n\t"})
        for (int round = 0; round < 100; ++round) {
            const std::string text = random(base62, 100 + chance()() % 300);
            const std::size_t width = 24 + chance()() % 60;
            CHECK(is_found("x " + wrapped(to_base64(text), width, end) + ".", "base64", text));
            // hex letters are base64 letters, too: a joined run holds them.
            CHECK(is_found("x " + wrapped(to_hex(text), 64, end) + ".", "hex", text));
        }
}

TEST_CASE("gzip is found in a run, at any alignment, and a ZIP archive at its beginning") {
    // The view begins with the first bytes and reaches to the run's end; what is inside is the stream's
    // business.
    const auto begins = [](const std::string& run, const std::string& first) {
        std::vector<View> views;
        read('(' + run + ')', views);
        return std::any_of(views.begin(), views.end(), [&](const View& view) {
            return view.encoding == "base64" && view.text.find(first) != std::string::npos &&
                   view.end == run.size() + 1;
        });
    };
    for (int round = 0; round < 300; ++round) {
        const std::string gzip = "\x1f\x8b\x08" + random_bytes(60);
        const std::string front(chance()() % 100, '\xff');
        CHECK(begins(to_base64(front + gzip), gzip.substr(0, 10)));
        const std::string archive = "PK\x03\x04" + random_bytes(60);
        CHECK(begins(to_base64(archive), archive.substr(0, 12)));
    }
}

TEST_CASE("text that is not of ASCII alone is seen in base64, at its beginning and behind other text") {
    const std::string hidden =
        "g\u200bh\u200bp\u200b_\u200bs\u200bo\u200bm\u200be\u200bt\u200bh\u200bi\u200bn\u200bg";
    for (const std::string front : {"", "{\"k\":\"", "this is said in ASCII alone: "})
        for (const std::string letters : {"", "A", "AB", "ABC"})
            CHECK(is_found('(' + letters + to_base64(front + hidden + " and the rest") + ')', "base64",
                           hidden));
}

TEST_CASE("what is no text and nothing compressed gives no view") {
    std::vector<View> views;
    for (int round = 0; round < 300; ++round) {
        // Every byte has its top bit set, at the run's own alignment; at others chance makes text seldom.
        std::string noise = random_bytes(300);
        for (char& byte : noise)
            byte = static_cast<char>(byte | '\x80');
        read(to_base64(noise), views);
        read(to_hex(noise), views);
    }
    CHECK(views.size() < 30);
    views.clear();
    read("a_short_name, another/short.path, 0123456789abcdef", views);
    CHECK(views.empty());
}
