// The views of scan/view.hpp, and that scan/triage says yes wherever one of them would find something.
#include "scan/triage.hpp"
#include "scan/view.hpp"
#include "tests/unit/scan/tokens.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <functional>

using namespace egressd::scan;
using namespace egressd::scan::tokens;

namespace {

using Read = std::function<void(std::string_view, std::vector<View>&)>;

/// Each character by `encode`, with `between` between each two.
std::string each(const std::string& text, const std::function<std::string(unsigned)>& encode,
                 const std::string& between = "") {
    std::string out;
    for (const char c : text)
        out += (out.empty() ? "" : between) + encode(static_cast<unsigned char>(c));
    return out;
}

std::string utf8(unsigned code) {
    const auto byte = [](unsigned value) { return static_cast<char>(value); };
    if (code < 0x80)
        return {byte(code)};
    if (code < 0x800)
        return {byte(0xc0 | code >> 6), byte(0x80 | (code & 0x3f))};
    return {byte(0xe0 | code >> 12), byte(0x80 | (code >> 6 & 0x3f)), byte(0x80 | (code & 0x3f))};
}

std::string plain(unsigned c) {
    return {static_cast<char>(c)};
}
std::string hex2(unsigned c) {
    return number(c, hex, 2);
}

bool holds(const Read& read, std::string_view block, const std::string& encoding, const std::string& text) {
    std::vector<View> views;
    read(block, views);
    return std::any_of(views.begin(), views.end(), [&](const View& view) {
        const std::size_t at = view.text.find(text);
        return view.encoding == encoding && at != std::string::npos && view.begin < view.end &&
               view.end <= block.size() && view.source_of(at) < block.size();
    });
}

/// Ordinary text, of up to 200 bytes: a place in every alignment.
std::string around() {
    return random(lower + "   ", chance()() % 200) + ' ';
}

/// As the scanner reads escapes: what triage marks alone.
void unescape_marked(std::string_view block, std::vector<View>& views) {
    for (const Run& run : find_text_marks(block).escapes) {
        const std::size_t before = views.size();
        unescape(block.substr(run.begin, run.end - run.begin), views);
        for (std::size_t i = before; i < views.size(); ++i)
            views[i].move(run.begin);
    }
}

void check_always(const Read& read, const std::string& encoding,
                  const std::function<std::string(const std::string&)>& encode) {
    for (int round = 0; round < 200; ++round) {
        const std::string text = random(base62, 20 + chance()() % 40);
        const std::string block = around() + encode(text) + ' ' + around();
        INFO(block);
        CHECK(holds(read, block, encoding, text));
    }
}

} // namespace

TEST_CASE("escapes are undone, in whole and in part, wherever they stand") {
    const std::vector<std::pair<std::string, std::function<std::string(unsigned)>>> all{
        {"percent", [](unsigned c) { return '%' + hex2(c); }},
        {"escape", [](unsigned c) { return "\\u00" + hex2(c); }},
        {"escape", [](unsigned c) { return "\\u{" + hex2(c) + '}'; }},
        {"escape", [](unsigned c) { return "\\U000000" + hex2(c); }},
        {"escape", [](unsigned c) { return "\\x" + hex2(c); }},
        {"escape", [](unsigned c) { return '\\' + number(c, "01234567", 3); }},
        {"entity", [](unsigned c) { return "&#" + std::to_string(c) + ';'; }},
        {"entity", [](unsigned c) { return "&#x" + hex2(c) + ';'; }},
    };
    for (const auto& [encoding, escape] : all) {
        const auto& one = escape;
        check_always(unescape_marked, encoding, [&](const std::string& text) { return each(text, one); });
        check_always(unescape_marked, encoding, [&](const std::string& text) {
            const std::size_t at = chance()() % text.size();
            return text.substr(0, at) + one(static_cast<unsigned char>(text[at])) + text.substr(at + 1);
        });
    }
}

TEST_CASE("the letter of an escaped line break is no part of the token behind it") {
    for (const std::string escape : {"\\n", "\\r", "\\t", "\\r\\n", "\\\\n"}) {
        for (int round = 0; round < 200; ++round) {
            const std::string token = "tok_" + random(base62, 32);
            std::string text = R"({"a": "the token:)" + escape + token + "\"}";
            if (escape.starts_with("\\\\")) {
                std::vector<View> views;
                unescape_marked(text, views);
                REQUIRE(views.size() == 1);
                text = views.front().text;
            }
            const std::string behind = (escape.ends_with('n')   ? "\n"
                                        : escape.ends_with('r') ? "\r"
                                                                : "\t") +
                                       token;
            CHECK(holds(unescape_marked, text, "escape", behind));
        }
    }
}

TEST_CASE("named characters, and references that are escaped themselves") {
    for (int round = 0; round < 200; ++round) {
        const std::string body = random(base62, 32);
        CHECK(holds(unescape_marked, around() + "tok&lowbar;" + body, "entity", "tok_" + body));
        const std::string number = "&#" + std::to_string('a' + round % 26) + ";";
        const std::string twice = around() + "tok_" + body + "&amp;" + number.substr(1);
        CHECK(holds(unescape_marked, twice, "entity", "tok_" + body + number));
    }
    CHECK(find_text_marks("<a href=\"?a=1&amp;b=2&lt;3&nbsp;&quot;&copy;\">").escapes.empty());
}

TEST_CASE("one quoted-printable '=' or space before a token is enough") {
    for (const char* const code : {"=3D", "=20", "=22", "=3A"}) {
        const std::string token = "tok_" + random(base62, 32);
        CHECK(find_text_marks("value" + std::string(code) + token).quoted_printable);
    }
    CHECK_FALSE(find_text_marks("a=3D b=20 x c=22,").quoted_printable);
}

TEST_CASE("ordinary JSON and source text have no escapes worth a look") {
    const std::string text = R"({"a": "line\nline \"quoted\" \t 100% & more, a == b, 5 %s"})";
    CHECK(find_text_marks(text).escapes.empty());
    CHECK_FALSE(find_text_marks(text).quoted_printable);
}

TEST_CASE("quoted-printable is undone") {
    const auto read = [](std::string_view block, std::vector<View>& views) {
        if (find_text_marks(block).quoted_printable)
            unquote_printable(block, views);
    };
    check_always(read, "quoted-printable", [](const std::string& text) {
        return each(text, [](unsigned c) { return '=' + number(c, "0123456789ABCDEF", 2); });
    });
    for (const std::string& end : std::vector<std::string>{"=\n", "=\r\n"})
        check_always(read, "quoted-printable", [&](const std::string& text) {
            const std::size_t at = 1 + chance()() % (text.size() - 1);
            return text.substr(0, at) + end + text.substr(at);
        });
}

TEST_CASE("letters that pass for others, or have no width, are read as they look") {
    const auto read = [](std::string_view block, std::vector<View>& views) {
        if (find_byte_marks(block).unusual_letters)
            fold_letters(block, views);
    };
    check_always(read, "lookalikes", [](const std::string& text) {
        return each(text, [](unsigned c) { return utf8(0xff01 + c - '!'); });
    });
    for (const unsigned invisible : {0xadU, 0x300U, 0x36fU, 0x61cU, 0x200bU, 0x2060U, 0xfe0fU, 0xfeffU})
        check_always(read, "lookalikes",
                     [&](const std::string& text) { return each(text, plain, utf8(invisible)); });
    check_always(read, "lookalikes", [](const std::string& text) {
        return each(text, [](unsigned c) { return c == 'a' ? utf8(0x430) : plain(c); }) + utf8(0x200b);
    });
}

TEST_CASE("spaced letters are closed up") {
    for (const std::string& separator : std::vector<std::string>{" ", ".", ",", "|", "\t", "\n"})
        check_always(close_up, "spaced",
                     [&](const std::string& text) { return each(text, plain, separator); });
}

TEST_CASE("UTF-16 is narrowed") {
    const auto read = [](std::string_view block, std::vector<View>& views) {
        if (find_byte_marks(block).utf16)
            narrow_utf16(block, views);
    };
    using namespace std::string_literals;
    check_always(read, "utf-16", [](const std::string& text) { return each(text, plain, "\0"s) + '\0'; });
    check_always(read, "utf-16", [](const std::string& text) { return '\0' + each(text, plain, "\0"s); });
}

TEST_CASE("rows of numbers are bytes") {
    for (const std::string& separator : std::vector<std::string>{":", " ", ", ", ",\n", "-", " | "}) {
        check_always(read_numbers, "hex",
                     [&](const std::string& text) { return each(text, hex2, separator); });
        check_always(read_numbers, "hex", [&](const std::string& text) {
            return each(
                text, [](unsigned c) { return "0x" + hex2(c); }, separator);
        });
        check_always(read_numbers, "decimal", [&](const std::string& text) {
            return each(
                text, [](unsigned c) { return std::to_string(c); }, separator);
        });
    }
}

TEST_CASE("what is compressed is marked where it begins") {
    using namespace std::string_literals;
    for (const std::string& magic : {"\x1f\x8b\x08"s, "\x28\xb5\x2f\xfd"s, "\x5a\x2a\x4d\x18\xff"s,
                                     "\x78\x01\x4b\xff"s, "\x78\x9c\x4b\xff"s, "\x78\xda\x4b\xff"s})
        for (int round = 0; round < 100; ++round) {
            const std::string front = around();
            const std::vector<std::size_t> marks = find_byte_marks(front + magic + around()).compressed;
            CHECK(std::count(marks.begin(), marks.end(), front.size()) == 1);
        }
}

TEST_CASE("ordinary text gives no view") {
    std::vector<View> views;
    for (int round = 0; round < 300; ++round) {
        const std::string block = random(base62 + "      \n;:_(){}", 3000);
        const TextMarks in_text = find_text_marks(block);
        CHECK((in_text.escapes.empty() && !in_text.quoted_printable));
        const ByteMarks marks = find_byte_marks(block);
        CHECK((!marks.unusual_letters && !marks.utf16 && marks.compressed.empty()));
        unescape(block, views);
        unquote_printable(block, views);
        fold_letters(block, views);
        close_up(block, views);
        narrow_utf16(block, views);
        read_numbers(block, views);
    }
    CHECK(views.empty());
}
