#include "scan/checksum.hpp"
#include "tests/unit/scan/tokens.hpp"

#include <catch2/catch.hpp>

using namespace egressd::scan;

TEST_CASE("the check values of the CRC catalogue") {
    CHECK(crc32("123456789") == 0xcbf43926U);
    CHECK(crc32("") == 0U);
    CHECK(crc16_xmodem("123456789") == 0x31c3);
    CHECK(crc16_xmodem("") == 0);
}

TEST_CASE("crc32 agrees with the polynomial") {
    for (std::size_t size = 0; size < 100; ++size) {
        const std::string bytes = tokens::random_bytes(size);
        CHECK(crc32(bytes) == tokens::crc(bytes));
    }
}

TEST_CASE("sha256: FIPS 180's example") {
    CHECK(tokens::to_hex(sha256("abc")) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("bech32: the valid strings of BIP-173") {
    for (const char* text :
         {"A12UEL5L", "a12uel5l",
          "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
          "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
          "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w", "?1ezyfcl"}) {
        INFO(text);
        CHECK(is_bech32(text));
    }
}

TEST_CASE("bech32: the invalid strings of BIP-173") {
    for (const char* text : {"\x20"
                             "1nwldj5",
                             "\x7f"
                             "1axkwrx",
                             "\x80"
                             "1eym55h",
                             "pzry9x0s0muk", "1pzry9x0s0muk", "x1b4n0q5v", "li1dgmt3", "de1lg7wt\xff",
                             "A1G7SGD8", "10a06t8", "1qzzfhee", "A12uEL5L", "a12uel5m", ""}) {
        INFO(text);
        CHECK_FALSE(is_bech32(text));
    }
}

TEST_CASE("base58check: an address that Bitcoin's documentation explains") {
    // The genesis block's: a version of 0, then a hash of 20 bytes.
    const std::string address = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";
    const auto payload = base58check_payload(address);
    REQUIRE(payload);
    CHECK(tokens::to_hex(*payload) == "0062e907b15cbf27d5425399ebf6f0fb50ebb88f18");
    CHECK_FALSE(base58check_payload("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"));
    CHECK_FALSE(base58check_payload("111"));
    CHECK_FALSE(base58check_payload(""));
}

TEST_CASE("luhn: each wrong digit is found") {
    const std::string number = "79927398713";
    CHECK(luhn_holds(number));
    for (std::size_t i = 0; i < number.size(); ++i) {
        std::string wrong = number;
        wrong[i] = wrong[i] == '9' ? '0' : static_cast<char>(wrong[i] + 1);
        CHECK_FALSE(luhn_holds(wrong));
    }
}

TEST_CASE("mod 97: the registry's examples") {
    CHECK(mod97_holds("GB82WEST12345698765432"));
    CHECK(mod97_holds("DE89370400440532013000"));
    CHECK_FALSE(mod97_holds("GB82WEST12345698765423"));
    CHECK_FALSE(mod97_holds("GB28WEST12345698765432"));
    CHECK_FALSE(mod97_holds("GB82"));
    CHECK_FALSE(mod97_holds(""));
}
