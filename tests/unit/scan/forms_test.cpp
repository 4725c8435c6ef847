#include "scan/known.hpp"
#include "scan/rule.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <string>

using namespace egressd::scan;
using namespace std::string_literals;

namespace {

// A plain encoder to hold the cores against: the bits of all, cut into digits, the last filled with zeros.
std::string encode(const std::string& bytes, unsigned bits, const std::string& digits) {
    std::string out;
    for (std::size_t bit = 0; bit < bytes.size() * 8; bit += bits) {
        unsigned digit = 0;
        for (std::size_t i = bit; i < bit + bits; ++i) {
            const unsigned byte = i / 8 < bytes.size() ? static_cast<unsigned char>(bytes[i / 8]) : 0U;
            digit = digit << 1 | ((byte >> (7 - i % 8)) & 1U);
        }
        out += digits[digit];
    }
    return out;
}

const std::string upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const std::string lower = "abcdefghijklmnopqrstuvwxyz";
const std::string decimal = "0123456789";

std::string encoded(const std::string& bytes, unsigned way) {
    switch (way) {
    case 0:
        return encode(bytes, 6, upper + lower + decimal + "+/");
    case 1:
        return encode(bytes, 6, upper + lower + decimal + "-_");
    case 2:
        return encode(bytes, 5, upper + "234567");
    case 3:
        return encode(bytes, 5, lower + "234567");
    case 4:
        return encode(bytes, 4, decimal + "abcdef");
    default:
        return encode(bytes, 4, decimal + "ABCDEF");
    }
}

bool has(const std::string& value, const std::string& encoding, const std::string& bytes) {
    const std::vector<Form> forms = forms_of(value);
    return std::any_of(forms.begin(), forms.end(),
                       [&](const Form& form) { return form.encoding == encoding && form.bytes == bytes; });
}

} // namespace

TEST_CASE("a value is found inside the encoding of any text around it") {
    std::mt19937 random(7);
    const auto bytes = [&](std::size_t least, std::size_t most) {
        std::string out(std::uniform_int_distribution<std::size_t>(least, most)(random), '\0');
        for (char& c : out)
            c = static_cast<char>(std::uniform_int_distribution<int>(1, 255)(random));
        return out;
    };
    const std::string encodings[] = {"base64", "base64url", "base32", "base32", "hex", "hex"};
    for (int i = 0; i < 2000; ++i) {
        const std::string value = bytes(min_known, 80);
        const std::string whole = bytes(0, 8) + value + bytes(0, 8);
        const std::vector<Form> forms = forms_of(value);
        for (unsigned way = 0; way < 6; ++way) {
            const std::string text = encoded(whole, way);
            const auto stands = [&](const Form& form) {
                // Where no digit tells them apart, one form stands for both alphabets.
                return form.encoding.substr(0, 6) == encodings[way].substr(0, 6) &&
                       text.find(form.bytes) != std::string::npos;
            };
            CAPTURE(i, way);
            REQUIRE(std::any_of(forms.begin(), forms.end(), stands));
        }
    }
}

TEST_CASE("the cores of base64 are those that everybody computes") {
    CHECK(has("github_pat_", "base64", "Z2l0aHViX3BhdF"));
    CHECK(has("github_pat_", "base64", "dpdGh1Yl9wYXRf"));
    CHECK(has("github_pat_", "base64", "naXRodWJfcGF0X"));
}

TEST_CASE("each spelling of a value") {
    const std::string value = "pa/ss \"w+rd\"&~*";
    CHECK(has(value, "", value));
    CHECK(has(value, "hex", "70612f73732022772b726422267e2a"));
    CHECK(has(value, "hex", "70:61:2F:73:73:20:22:77:2B:72:64:22:26:7E:2A"));
    CHECK(has(value, "hex", "70-61-2f-73-73-20-22-77-2b-72-64-22-26-7e-2a"));
    CHECK(has(value, "hex", "70 61 2f 73 73 20 22 77 2b 72 64 22 26 7e 2a"));
    CHECK(has(value, "hex", R"(\x70\x61\x2f\x73\x73\x20\x22\x77\x2b\x72\x64\x22\x26\x7e\x2a)"));
    CHECK(has(value, "hex", "0x70,0x61,0x2f,0x73,0x73,0x20,0x22,0x77,0x2b,0x72,0x64,0x22,0x26,0x7e,0x2a"));
    CHECK(has(value, "percent", "%70%61%2F%73%73%20%22%77%2B%72%64%22%26%7E%2A"));
    CHECK(has(value, "percent", "%70%61%2f%73%73%20%22%77%2b%72%64%22%26%7e%2a"));
    CHECK(has(value, "percent", "pa%2Fss%20%22w%2Brd%22%26~%2A"));
    CHECK(has(value, "percent", "pa%2Fss%20%22w%2Brd%22%26~*"));
    CHECK(has(value, "percent", "pa/ss%20%22w+rd%22&~*"));
    CHECK(has(value, "form", "pa%2Fss+%22w%2Brd%22%26%7E*"));
    CHECK(has(value, "form", "pa%2fss+%22w%2brd%22%26%7e*"));
    CHECK(has(value, "json", R"(pa/ss \"w+rd\"&~*)"));
    CHECK(has(value, "json", R"(pa\/ss \"w+rd\"&~*)"));
    CHECK(has(value, "json", R"(pa/ss \"w+rd\"\u0026~*)"));
    CHECK(has("abcdefghi/<>", "json",
              R"(\u0061\u0062\u0063\u0064\u0065\u0066\u0067\u0068\u0069\u002F\u003C\u003E)"));
    CHECK(has(value, "html", "pa/ss &quot;w+rd&quot;&amp;~*"));
    CHECK(has("abcdefghi/<>", "html", "&#97;&#98;&#99;&#100;&#101;&#102;&#103;&#104;&#105;&#47;&#60;&#62;"));
    CHECK(has("abcdefghi/<>", "html",
              "&#x61;&#x62;&#x63;&#x64;&#x65;&#x66;&#x67;&#x68;&#x69;&#x2f;&#x3c;&#x3e;"));
    CHECK(has("abcdefgh", "utf-16le", "a\0b\0c\0d\0e\0f\0g\0h\0"s));
    CHECK(has("abcdefgh", "utf-16be", "a\0b\0c\0d\0e\0f\0g\0h"s));
    CHECK(has(value, "reversed", "*~&\"dr+w\" ss/ap"));
}

TEST_CASE("a value beyond ASCII is escaped by its characters") {
    CHECK(has("pässwörter", "json", R"(p\u00e4ssw\u00f6rter)"));
    CHECK(has("secret-🚀-secret", "json", R"(secret-\ud83d\ude80-secret)"));
    CHECK(has("pässwört", "utf-16le", "p\0\xE4\0s\0s\0w\0\xF6\0r\0t\0"s));
    // What is no text at all is taken byte by byte, and never read past its end.
    CHECK(has("\xF0\x9F\xC3(abcdefg\xE2", "utf-16be", "\xF0\0\x9F\0\xC3\0(\0a\0b\0c\0d\0e\0f\0g\0\xE2"s));
}

TEST_CASE("forms are few, long enough, different, and never begin with NUL") {
    std::mt19937 random(3);
    for (int i = 0; i < 500; ++i) {
        std::string value(static_cast<std::size_t>(random() % 60), '\0');
        for (char& c : value)
            c = random() % 4 == 0 ? static_cast<char>(random() % 256) : "\"\\/&<> ~*'(+\n\xC3"[random() % 14];
        const std::vector<Form> forms = forms_of(value);
        CHECK(forms.size() <= 64);
        std::set<std::string> seen;
        for (const Form& form : forms) {
            CHECK(form.bytes.size() >= 8);
            CHECK(form.bytes.front() != '\0');
            CHECK(seen.insert(form.bytes).second);
        }
    }
    CHECK(forms_of("").empty());
    CHECK(forms_of(std::string(100, '\0')).size() < 64);
}

TEST_CASE("a long value is recognised by its beginning") {
    std::string value;
    for (unsigned i = 0; value.size() < max_known; ++i)
        value += std::to_string(i * 2654435761U);
    for (const Form& form : forms_of(value))
        CHECK(form.bytes.size() <= max_match);
    CHECK(has(value, "", value.substr(0, max_match)));
}
