#include "net/host.hpp"

#include <catch2/catch.hpp>

using namespace egressd;
using net::Host;

namespace {

/// A string that may hold NUL.
template <std::size_t N>
std::string bytes(const char (&literal)[N]) {
    return std::string(literal, N - 1);
}

std::string parsed(std::string_view text) {
    const Result<Host> host = Host::parse(text);
    return host ? host->text() : "refused: " + host.error().message;
}

bool refuses(std::string_view text) {
    return !Host::parse(text);
}

} // namespace

TEST_CASE("names become lower-case A-labels without the trailing dot") {
    struct Case {
        std::string text, canonical;
    };
    const std::vector<Case> cases = {
        {"example.com", "example.com"},
        {"EXAMPLE.Com", "example.com"},
        {"example.com.", "example.com"},
        {"localhost", "localhost"},
        {"a", "a"},
        {"_dmarc.example.com", "_dmarc.example.com"},
        {"my_bucket.example.com", "my_bucket.example.com"},
        {"r3---sn-4g5e.googlevideo.com", "r3---sn-4g5e.googlevideo.com"},
        {"bücher.example", "xn--bcher-kva.example"},
        {"BÜCHER.example.", "xn--bcher-kva.example"},
        {"u\xcc\x88"
         "ber.example",
         "xn--ber-goa.example"}, // a letter and a combining mark: NFC
        {"faß.example", "xn--fa-hia.example"},
        {"xn--bcher-kva.example", "xn--bcher-kva.example"},
        {"XN--BCHER-KVA.example", "xn--bcher-kva.example"},
        {"пример.испытание", "xn--e1afmkfd.xn--80akhbyknj4f"},
        {"1.2.3.4.example", "1.2.3.4.example"},
        {"4chan.org", "4chan.org"},
        {"1e100.net", "1e100.net"},
        {"0x7f.example", "0x7f.example"},
        {"a.0xg", "a.0xg"},
    };
    for (const Case& each : cases) {
        CAPTURE(each.text);
        CHECK(parsed(each.text) == each.canonical);
        CHECK_FALSE(Host::parse(each.text).value().is_address());
        CHECK(parsed(each.canonical) == each.canonical);
    }
}

TEST_CASE("what is not a host name is refused") {
    const std::vector<std::string> cases = {
        "",
        ".",
        "..",
        "a..b",
        ".a",
        "a..",
        " a.test",
        "a.test ",
        "a test",
        bytes("allowed.test\0.evil.test"),
        bytes("allowed.test\0"),
        bytes("\0"),
        bytes("b\xc3\xbc\0evil.test"),
        "a.test\r\n",
        "a\t.test",
        "a.test\x7f",
        "%61.test",
        "a%2etest",
        "user@a.test",
        "a.test/x",
        "a.test\\x",
        "a.test?x",
        "a.test#x",
        "a.test;x",
        "*.a.test",
        "a,b.test",
        "-a.test",
        "a-.test",
        "a.-",
        "a.test:80",
        "[a.test]",
        "[a.test",
        "a.test]",
        "[]",
        "[",
        "\xff.test",
        "\xc3.test",
        "\xc0\xae.test",         // an overlong dot
        "\xed\xa0\x80.test",     // a surrogate
        "\xf4\x90\x80\x80.test", // above U+10FFFF
    };
    for (const std::string& text : cases) {
        CAPTURE(text);
        CHECK(refuses(text));
    }
}

TEST_CASE("look-alikes of ASCII never become ASCII") {
    const std::vector<std::string> cases = {
        "ａllowed.test",            // full-width a
        "ＡLLOWED.test",            // full-width A
        "allowed．test",            // full-width dot
        "allowed。test",            // ideographic dot
        "allowed｡test",             // half-width ideographic dot
        "allowed․test",             // one dot leader
        "\xe2\x84\xaa.test",        // Kelvin sign
        "\xc5\xbf.test",            // long s
        "\xc4\xb0.test",            // I with a dot above
        "①.test",                   // circled digit
        "ﬁ.test",                   // ligature
        "℡.test",                   // telephone sign
        "a\xcd\xbe.test",           // Greek question mark, NFC of which is ';'
        "a\xe1\xbf\xaf.test",       // Greek varia, NFC of which is '`'
        "al\xc2\xadlowed.test",     // soft hyphen, which UTS #46 drops
        "al\xe2\x80\x8blowed.test", // zero width space
        "al\xe2\x80\x8dlowed.test", // zero width joiner
        "\xe2\x80\xae"
        "allowed.test",              // right-to-left override
        "allowed\xe2\x88\x95x.test", // division slash
        "☃.test",
    };
    for (const std::string& text : cases) {
        CAPTURE(text);
        CHECK(refuses(text));
    }
    // A Cyrillic a is another letter, and stays another name.
    CHECK(parsed("\xd0\xb0llowed.test").starts_with("xn--"));
}

TEST_CASE("A-labels must mean what they say") {
    for (const char* text : {"xn--.test", "xn--a.test", "xn--abc-.test", "xn--bcher-kv.test", "xn--ls8h.test",
                             "xn--0.test", "xn--99999999999.test", "xn--\xc3\xbc.test"}) {
        CAPTURE(text);
        CHECK(refuses(text));
    }
}

TEST_CASE("the bounds of RFC 1035 are exact") {
    const std::string label(63, 'a');
    CHECK(parsed(label + ".test") == label + ".test");
    CHECK(refuses(label + "a.test"));

    const std::string name = label + '.' + label + '.' + label + '.' + std::string(61, 'b');
    REQUIRE(name.size() == 253);
    CHECK(parsed(name) == name);
    CHECK(parsed(name + '.') == name);
    CHECK(refuses(name + 'b'));
    CHECK(refuses(std::string(100'000, 'a')));
    std::string dots;
    for (int i = 0; i < 127; ++i)
        dots += "a.";
    CHECK(parsed(dots) == dots.substr(0, dots.size() - 1));
    CHECK(refuses(dots + "a"));
}

TEST_CASE("an IPv4 address has one spelling") {
    for (const char* text : {"127.0.0.1", "0.0.0.0", "255.255.255.255", "192.0.2.7"}) {
        CAPTURE(text);
        CHECK(parsed(text) == text);
        CHECK(Host::parse(text).value().is_address());
    }
    for (const char* text : {"127.1",
                             "127.0.1",
                             "2130706433",
                             "0x7f000001",
                             "0x7F.0.0.1",
                             "0177.0.0.1",
                             "017700000001",
                             "127.0.0.01",
                             "127.0.0.0x1",
                             "127.0.0.1.",
                             "256.0.0.1",
                             "1.2.3.4.5",
                             "1.2.3",
                             "1.2.3.",
                             "1.2.3.+4",
                             "1.2.3.-4",
                             "0x",
                             "a.0x",
                             "a.1",
                             "a.09",
                             "evil.0x7f",
                             "1.2.3.4 ",
                             "1..2.3",
                             "00.0.0.0",
                             "1.2.3.4%25",
                             "127.0.0.1_.1",
                             "[127.0.0.1]",
                             "１２７.0.0.1",
                             "127。0。0。1",
                             "4294967297",
                             "0"}) {
        CAPTURE(text);
        CHECK(refuses(text));
    }
}

TEST_CASE("IPv6 addresses become the text of RFC 5952") {
    struct Case {
        const char *text, *canonical, *bracketed;
    };
    for (const Case& each : std::vector<Case>{
             {"::1", "::1", "[::1]"},
             {"[::1]", "::1", "[::1]"},
             {"::", "::", "[::]"},
             {"0:0:0:0:0:0:0:1", "::1", "[::1]"},
             {"2001:DB8::00A", "2001:db8::a", "[2001:db8::a]"},
             {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", "[2001:db8:0:1:1:1:1:1]"},
             {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1", "[2001:0:0:1::1]"},
             {"::ffff:127.0.0.1", "::ffff:127.0.0.1", "[::ffff:127.0.0.1]"},
             {"::ffff:7f00:1", "::ffff:127.0.0.1", "[::ffff:127.0.0.1]"},
         }) {
        CAPTURE(each.text);
        CHECK(parsed(each.text) == each.canonical);
        CHECK(Host::parse(each.text).value().is_address());
        CHECK(Host::parse(each.text).value().bracketed() == each.bracketed);
    }
    for (const char* text : {"fe80::1%eth0", "[fe80::1%25eth0]", "fe80::1%1", ":::", ":",
                             "::1::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "::127.0.0.01",
                             "::1.2.3", "[[::1]]", "[::1", "::1]", "[v1.x]", " ::1", "g::1", "[::1]x"}) {
        CAPTURE(text);
        CHECK(refuses(text));
    }
    CHECK(refuses(bytes("::1\0")));
}

TEST_CASE("a host made of an address has no zone and keeps its mapped form") {
    using boost::asio::ip::make_address;
    CHECK(Host::of(make_address("fe80::1%1")).text() == "fe80::1");
    CHECK(Host::of(make_address("::ffff:10.0.0.1")).text() == "::ffff:10.0.0.1");
    CHECK(Host::of(make_address("10.0.0.1")) == Host::parse("10.0.0.1").value());
}

TEST_CASE("an authority is a host and a port") {
    struct Case {
        const char *text, *canonical;
    };
    for (const Case& each : std::vector<Case>{
             {"a.test:443", "a.test:443"},
             {"A.test.:1", "a.test:1"},
             {"a.test:65535", "a.test:65535"},
             {"a.test", "a.test:80"},
             {"[::1]:443", "[::1]:443"},
             {"[::1]", "[::1]:80"},
             {"192.0.2.1:8080", "192.0.2.1:8080"},
         }) {
        CAPTURE(each.text);
        const auto authority = net::parse_authority(each.text, 80);
        REQUIRE(authority.has_value());
        CHECK(authority->text() == each.canonical);
    }
    for (const char* text : {"",
                             ":80",
                             "a.test:",
                             "a.test:0",
                             "a.test:00",
                             "a.test:080",
                             "a.test:65536",
                             "a.test:99999999999",
                             "a.test:+80",
                             "a.test:-1",
                             "a.test: 80",
                             "a.test:80 ",
                             "a.test:8o",
                             "a.test:0x50",
                             "a.test:80:80",
                             "::1",
                             "::1:80",
                             "[::1]80",
                             "[::1]:",
                             "[::1]:0",
                             "[::1",
                             "[a.test]:80",
                             "user@a.test:80",
                             "user:pw@a.test:80",
                             "@a.test",
                             "a.test@evil.test:80",
                             "a.test:80@evil.test:80",
                             "a.test:80/",
                             "a.test#@evil.test:80",
                             "a.test?:80",
                             "a.test\\:80",
                             "http://a.test:80",
                             "a.test:８０"}) {
        CAPTURE(text);
        CHECK_FALSE(net::parse_authority(text, 80).has_value());
    }
    CHECK_FALSE(net::parse_authority("a.test", std::nullopt).has_value());
    CHECK_FALSE(net::parse_authority("[::1]", std::nullopt).has_value());
    CHECK(net::parse_authority("a.test:443", std::nullopt).has_value());
}

TEST_CASE("messages never repeat what was sent") {
    const std::string marker = "zqxj";
    for (const std::string& text :
         {marker + "\x01", marker + "..", marker + ".1", "[" + marker, marker + ":" + marker}) {
        CAPTURE(text);
        const auto authority = net::parse_authority(text, std::nullopt);
        REQUIRE_FALSE(authority.has_value());
        CHECK(authority.error().message.find(marker) == std::string::npos);
    }
}

TEST_CASE("sanitised text is short printable ASCII") {
    CHECK(net::sanitised("a.test") == "a.test");
    CHECK(net::sanitised(bytes("a\0b\x1b[2J\xc3\xbc\x7f\n")) == "a?b?[2J????");
    CHECK(net::sanitised(std::string(200, 'x')) == std::string(80, 'x'));
    CHECK(net::sanitised("abcdef", 3) == "abc");
    CHECK(net::sanitised("") == "");
}
