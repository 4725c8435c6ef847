#include "scan/text_codec.hpp"
#include "tests/unit/scan/tokens.hpp"

#include <catch2/catch.hpp>

using namespace egressd::scan;

TEST_CASE("base64: RFC 4648's vectors, padded or not") {
    CHECK(decode_base64("") == "");
    CHECK(decode_base64("Zg==") == "f");
    CHECK(decode_base64("Zm8=") == "fo");
    CHECK(decode_base64("Zm9v") == "foo");
    CHECK(decode_base64("Zm9vYg") == "foob");
    CHECK(decode_base64("Zm9vYmE") == "fooba");
    CHECK(decode_base64("Zm9vYmFy") == "foobar");
}

TEST_CASE("base64: either alphabet, and no other character") {
    CHECK(decode_base64("+/-_") == std::string("\xfb\xff\xbf", 3));
    for (const char* text : {"Zm9v YmFy", "Zm9v.", "Zm=v", "Zm9v\n", "Zm9\x80", "Zm9v~"}) {
        CHECK_FALSE(decode_base64(text));
    }
    CHECK_FALSE(decode_base64(std::string_view("Zm\0v", 4)));
}

TEST_CASE("base64: a cut text decodes as far as whole bytes go") {
    const std::string bytes = tokens::random_bytes(60);
    const std::string text = tokens::to_base64(bytes);
    for (std::size_t length = 0; length <= text.size(); ++length) {
        CHECK(decode_base64(text.substr(0, length)) == bytes.substr(0, length * 6 / 8));
    }
}

TEST_CASE("base32: RFC 4648's vectors in either case") {
    CHECK(decode_base32("") == "");
    CHECK(decode_base32("MY======") == "f");
    CHECK(decode_base32("MZXQ") == "fo");
    CHECK(decode_base32("mzxw6ytboi") == "foobar");
    CHECK(decode_base32("MZXW6YTBOI======") == "foobar");
    for (const char* text : {"MZ1", "MZ0", "MZ8", "MZ9", "M-ZX", "MZ=X"}) {
        CHECK_FALSE(decode_base32(text));
    }
}

TEST_CASE("base58: the vectors of draft-msporny-base58, and leading zeros") {
    CHECK(decode_base58("") == "");
    CHECK(decode_base58("2NEpo7TZRRrLZSi2U") == "Hello World!");
    CHECK(decode_base58("11233QC4") == std::string("\0\0\x28\x7f\xb4\xcd", 6));
    CHECK(decode_base58("111") == std::string(3, '\0'));
    for (const char* text : {"0", "O", "I", "l", "2NEpo 7T"}) {
        CHECK_FALSE(decode_base58(text));
    }
    CHECK(decode_base58(std::string(max_base58, 'z')));
    CHECK_FALSE(decode_base58(std::string(max_base58 + 1, 'z')));
}

TEST_CASE("base58 undoes long division") {
    for (std::size_t size = 0; size < 80; ++size) {
        const std::string bytes = tokens::random_bytes(size);
        CHECK(decode_base58(tokens::to_base58(bytes)) == bytes);
    }
}

TEST_CASE("digits are padded with the alphabet's first") {
    CHECK(to_digits(0, base36_lower, 7) == "0000000");
    CHECK(to_digits(35, base36_lower, 2) == "0z");
    CHECK(to_digits(36, base36_lower, 0) == "10");
    CHECK(to_digits(0xffffffff, base36_lower, 7) == "1z141z3");
    CHECK(to_digits(61, base62_upper_first, 1) == "z");
    CHECK(to_digits(61, base62_lower_first, 1) == "Z");
    CHECK(to_digits(0xffffffff, base62_upper_first, 6) == tokens::number(0xffffffff, tokens::base62, 6));
}

TEST_CASE("hexadecimal numbers have eight digits") {
    CHECK(parse_hex32("CbF43926") == 0xcbf43926U);
    CHECK(parse_hex32("00000000") == 0U);
    CHECK(parse_hex32("ffffffff") == 0xffffffffU);
    for (const char* text : {"", "1234567", "123456789", "1234567g", "-1234567", "0x123456", " 1234567"}) {
        CHECK_FALSE(parse_hex32(text));
    }
}
