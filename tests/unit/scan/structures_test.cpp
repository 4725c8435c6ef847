// Formats that prove themselves by a structure: whole, and cut where a rule's match ends.
#include "scan/checks.hpp"
#include "tests/unit/scan/tokens.hpp"

#include <catch2/catch.hpp>

using namespace egressd::scan;
using namespace egressd::scan::tokens;

namespace {

bool holds(std::string_view check, const std::string& token) {
    const Check found = find_check(check);
    REQUIRE(found != nullptr);
    return found(token);
}

const std::string random_key = random(base62, 40);

std::string replaced(std::string text, std::size_t at, char c) {
    text[at] = c;
    return text;
}

/// The token's beginnings of at least that length hold as the whole does.
void require_cut_anywhere(std::string_view check, const std::string& token, std::size_t least) {
    for (std::size_t length = least; length <= token.size(); ++length) {
        INFO(token.substr(0, length));
        CHECK(holds(check, token.substr(0, length)));
    }
}

} // namespace

TEST_CASE("jwt: a header with an algorithm") {
    const std::string header = to_base64(R"({"alg":"HS256","typ":"JWT"})");
    require_cut_anywhere("jwt", header + ".eyJ" + random(base64url, 60) + '.' + random(base64url, 43), 16);
    CHECK(holds("jwt", to_base64("{\n  \"typ\" : \"JWT\",\n  \"alg\" : \"RS256\"\n}") + ".eyJ"));
    CHECK(holds("jwt", to_base64(R"({"typ":"JWT","a)"))); // cut
    CHECK_FALSE(holds("jwt", to_base64(R"({"typ":"JWT"})") + ".eyJ"));
    CHECK_FALSE(holds("jwt", to_base64(R"({"algo":"HS256"})") + ".eyJ"));
    CHECK_FALSE(holds("jwt", to_base64(R"(["alg":"HS256"])") + ".eyJ"));
    CHECK_FALSE(holds("jwt", "eyJ" + random(base62, 30) + ".eyJ" + random(base62, 30)));
    CHECK_FALSE(holds("jwt", '.' + header));
    CHECK_FALSE(holds("jwt", header + '.' + to_base64(R"({"sub":"1234567890","name":"John Doe"})")));
    CHECK(holds("jwt", header + '.' + to_base64(R"({"sub":"1234567891","name":"Jane Doe"})")));
}

TEST_CASE("JSON behind a prefix, which may be cut") {
    const std::string sentry = to_base64(R"({"iat":1700000000.5,"url":"https://x.test","org":"o"})");
    require_cut_anywhere("sentry", "sntrys_" + sentry + '_' + random(base64, 43), 18);
    CHECK(holds("sentry", "sntrys_" + to_base64(R"({"iat":1.25})") + "==_" + random(base64, 43)));
    CHECK_FALSE(holds("sentry", "sntrys_" + to_base64(R"({"a":1})") + '_' + random(base64, 43)));
    CHECK_FALSE(holds("sentry", sentry));
    CHECK_FALSE(holds("sentry", "sntrys_" + sentry + '_' + std::string(43, 'x')));
    const std::string cloud = to_base64(R"({"o":"12","n":"x","k":")" + random_key + R"(","m":{"r":"us"}})");
    require_cut_anywhere("grafana-cloud", "glc_" + cloud, 11);
    CHECK_FALSE(holds("grafana-cloud", "glc_" + random(base64, 60)));
    require_cut_anywhere("grafana-legacy", to_base64(R"({"k":")" + random_key + R"(","n":"x","id":1})"), 11);
    CHECK_FALSE(holds("grafana-legacy", to_base64(R"({"x":"k"})")));
    require_cut_anywhere("onepassword",
                         "ops_" + to_base64(R"({"signInAddress":"my.1password.com","userAuth":{}})"), 30);
    CHECK_FALSE(holds("onepassword", "ops_" + to_base64(R"({"hello":"world"})")));
    require_cut_anywhere("base64-json", to_base64(R"( { "key" : 1 })"), 16);
    for (const char* text :
         {"{}", "{", R"({"":1})", R"({"a"})", R"(["a":1])", "{\"a\x01\":1}", "x{\"a\":1}"}) {
        CHECK_FALSE(holds("base64-json", to_base64(text)));
    }
}

TEST_CASE("macaroon: packets up to a signature of 32 bytes") {
    using namespace std::string_literals;
    const std::string id = "0a1b2c3d-0000-4000-8000-000000000000";
    const std::string head = "\x02\x01\x08pypi.org\x02\x24"s + id + '\0';
    const std::string caveat = "\x02\x10[1,[\"a\",\"b\",\"c\"]\0"s;
    const std::string token = "pypi-" + to_base64(head + caveat + "\0\x06\x20"s + random_bytes(32));
    require_cut_anywhere("macaroon", token, 25);
    CHECK(holds("macaroon", "pypi-" + to_base64(head + "\0\x06\x20"s + random_bytes(32))));
    CHECK_FALSE(holds("macaroon", "pypi-" + to_base64(head + "\0\x06\x1f"s + random_bytes(31))));
    CHECK_FALSE(holds("macaroon", "pypi-" + to_base64(head + "\0\x06\x20"s + random_bytes(33))));
    CHECK_FALSE(holds("macaroon", "pypi-" + to_base64(head + "\x09"s)));
    CHECK_FALSE(holds("macaroon", "pypi-" + to_base64("\x01"s + head.substr(1))));
    CHECK_FALSE(holds("macaroon", "pypi-" + to_base64("\x02\x01\x08pypi.org"s)));
    CHECK_FALSE(holds("macaroon", "pypi-" + to_base64("\x02\x01\xff\xff\xff\xff\xff"s)));
}

TEST_CASE("text of a known shape in base64") {
    CHECK(holds("discord", to_base64("123456789012345678") + ".GaBcDe." + random(base64url, 38)));
    CHECK_FALSE(holds("discord", to_base64("12345678901234567x") + ".GaBcDe." + random(base64url, 38)));
    CHECK_FALSE(holds("discord", to_base64("12345678") + ".GaBcDe." + random(base64url, 38)));
    CHECK_FALSE(holds("discord", to_base64("123456789012345678") + ".xxxxxx." + std::string(38, 'x')));
    const std::string text = "3-1-" + random(digits, 12) + '-' + random(digits, 13) + '-' + random(hex, 64);
    require_cut_anywhere("slack-xoxe", "xoxe-1-" + to_base64(text), 40);
    CHECK(holds("slack-xoxe", "xoxe.xoxp-1-" + to_base64("2-2-" + text.substr(4))));
    CHECK_FALSE(holds("slack-xoxe", "xoxe-1-" + random(base64, 146)));
    CHECK_FALSE(holds("slack-xoxe", "xoxb-1-" + to_base64(text)));
    require_cut_anywhere("jfrog", to_base64("reftkn:01:1700000000:" + random(base62, 27)), 30);
    CHECK_FALSE(holds("jfrog", to_base64("reftkn:01:now:" + random(base62, 27))));
    CHECK_FALSE(holds("jfrog", "cmVmd" + random(base62, 59)));
}

TEST_CASE("fly: an array of four in MessagePack") {
    const std::string body = to_base64("\x94\x93\xc4\x10" + random_bytes(60));
    CHECK(holds("fly", "FlyV1 fm2_" + body));
    CHECK(holds("fly", "FlyV1 fm2_" + body + ",fm2_" + body));
    CHECK(holds("fly", "fm1r_" + body));
    CHECK(holds("fly", "fo1_" + random(base64url, 43)));
    CHECK_FALSE(holds("fly", "FlyV1 fm2_" + to_base64("\x93" + random_bytes(60))));
    CHECK_FALSE(holds("fly", "FlyV1 fm2_" + body.substr(0, 10)));
    CHECK_FALSE(holds("fly", "FlyV1 " + body));
}

TEST_CASE("aws-key-id: base32 behind four letters") {
    CHECK(holds("aws-key-id", "AKIA" + random(base32, 16)));
    CHECK_FALSE(holds("aws-key-id", "AKIA" + random(base32, 15) + '1'));
    CHECK_FALSE(holds("aws-key-id", "AKIA" + random(base32, 15) + 'a'));
    CHECK_FALSE(holds("aws-key-id", "AKIA" + random(base32, 15)));
    CHECK_FALSE(holds("aws-key-id", "AKIA" + random(base32, 15) + '='));
}

TEST_CASE("Azure's keys: the signature stands at its place") {
    const std::string storage = random(base62, 76) + "+ASt" + random(base62, 5) + "Q==";
    CHECK(holds("azure-his", storage));
    CHECK(holds("azure-his", storage.substr(0, 86)));
    CHECK_FALSE(holds("azure-his", 'x' + storage.substr(0, 85)));
    CHECK_FALSE(holds("azure-his", replaced(storage, 78, 'x')));
    CHECK_FALSE(holds("azure-his", replaced(storage, 3, '.')));
    CHECK(holds("azure-his", random(base62, 33) + "+ASbC" + random(base62, 5) + "="));
    CHECK_FALSE(holds("azure-his", random(base62, 33) + "+ASbQ" + random(base62, 5) + "="));
    CHECK(holds("azure-his", random(base64url, 44) + "AzFu" + random(base62, 5) + "w=="));
    CHECK(holds("azure-his", random(base62, 42) + "AzSeD" + random(base62, 5)));
    CHECK_FALSE(holds("azure-his", random(base62, 42) + "AzSeE" + random(base62, 5)));
    const std::string cask =
        random(base62, 52) + "JQQJ99BAAC" + random(base62, 12) + "AAABACOG" + random(base62, 2);
    REQUIRE(cask.size() == 84);
    const std::string key = replaced(replaced(cask, 58, 'B'), 59, 'A');
    CHECK(holds("azure-cask", key));
    CHECK(holds("azure-cask", key + "Aw=="));
    CHECK_FALSE(holds("azure-cask", replaced(key, 59, 'M')));
    CHECK_FALSE(holds("azure-cask", replaced(key, 57, '8')));
    CHECK_FALSE(holds("azure-cask", replaced(key, 52, 'X')));
    CHECK_FALSE(holds("azure-cask", replaced(key, 10, '-')));
    CHECK_FALSE(holds("azure-cask", key.substr(1)));
    CHECK(holds("entra", "aB3" + std::string("8Q~") + random(base62, 34)));
    CHECK(holds("entra", "aB3" + std::string("7Q~") + random(base62, 31)));
    CHECK_FALSE(holds("entra", "aB3" + std::string("9Q~") + random(base62, 34)));
    CHECK_FALSE(holds("entra", "aB3" + std::string("8Q~") + random(base62, 30)));
    CHECK_FALSE(holds("entra", "aB3" + std::string("8Q~") + random(lower, 34)));
}

TEST_CASE("pem: the base64 begins like a key") {
    using namespace std::string_literals;
    const auto key = [](const std::string& label, const std::string& bytes, const std::string& line_break) {
        std::string text = "-----BEGIN " + label + "-----" + line_break;
        const std::string base64_text = to_base64(bytes + random_bytes(90));
        for (std::size_t at = 0; at < base64_text.size(); at += 64) {
            text += base64_text.substr(at, 64) + line_break;
        }
        return text;
    };
    for (const char* line_break : {"\n", "\r\n", "\\n", "\\r\\n", "\\\\n", " ", "\n    "}) {
        INFO(line_break);
        CHECK(holds("pem", key("RSA PRIVATE KEY", "\x30\x82\x04\xa4\x02\x01\x00"s, line_break)));
        CHECK(holds("pem", key("PRIVATE KEY", "\x30\x2e\x02\x01\x00"s, line_break)));
        CHECK(holds("pem", key("OPENSSH PRIVATE KEY", "openssh-key-v1\0"s, line_break)));
        CHECK_FALSE(holds("pem", key("RSA PRIVATE KEY", "\x31\x82\x04\xa4"s, line_break)));
    }
    CHECK(holds("pem", key("EC PRIVATE KEY", "\x30\x77\x02\x01\x01"s, "\n")));
    CHECK_FALSE(holds("pem", key("EC PRIVATE KEY", "\x30\x77\x04\x01\x01"s, "\n")));
    CHECK(holds("pem", key("ENCRYPTED PRIVATE KEY", "\x30\x81\x9e\x30"s, "\n")));
    CHECK(holds("pem", key("PGP PRIVATE KEY BLOCK", "\x95"s, "\n")));
    CHECK_FALSE(holds("pem", key("PGP PRIVATE KEY BLOCK", "\x25"s, "\n")));
    CHECK_FALSE(holds("pem", key("CERTIFICATE", "\x30\x82\x04\xa4"s, "\n")));
    const std::string headers =
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A\n\n";
    CHECK(holds("pem", headers + random(base64, 64)));
    CHECK(holds("pem", "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: x\n\n" +
                           to_base64("\x95" + random_bytes(60))));
    CHECK_FALSE(holds("pem", headers));
    const std::string whole = key("PRIVATE KEY", "\x30\x82\x04\xa4"s, "\n");
    require_cut_anywhere("pem", whole, 28 + 40);
    CHECK_FALSE(holds("pem", "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----"));
    CHECK_FALSE(holds("pem", "-----BEGIN PRIVATE KEY-----"));
}

TEST_CASE("passwords of URLs and of Basic") {
    for (const char* check : {"url-password", "mongodb-url"}) {
        CHECK(holds(check, "postgres://app:" + random_key + "@db.internal:5432/x"));
        CHECK(holds(check, "mongodb+srv://app:" + random_key.substr(0, 12) + "@a.test,b.test/?w=1"));
        CHECK(holds(check, "redis://:" + random_key + "@localhost"));
        CHECK(holds(check, "https://" + random_key + "@x.test/y@z"));
        CHECK(holds(check, "amqp://u:" + random_key.substr(0, 9) + "/" + random_key.substr(9) + "@x.test"));
        CHECK(holds(check, random_key));
        for (const char* url :
             {"postgres://user:password@localhost/db", "mysql://root:root@localhost", "x://u:@h",
              "postgres://u:${PASSWORD}@h", "mongodb://<user>:<password>@h", "redis://u:****@h",
              "https://user:xxxxxxxx@h", "postgres://kb7wq:kb7wq@h", "x://u:p@h"}) {
            INFO(url);
            CHECK_FALSE(holds(check, url));
        }
    }
    CHECK(holds("basic-auth", to_base64("user:" + random_key)));
    CHECK(holds("basic-auth", "Basic " + to_base64("user:" + random_key)));
    CHECK_FALSE(holds("basic-auth", to_base64("Aladdin:open sesame")));
    CHECK_FALSE(holds("basic-auth", to_base64("admin:admin")));
    CHECK_FALSE(holds("basic-auth", to_base64(random_key)));
    CHECK_FALSE(holds("basic-auth", to_base64("user:\x01" + random_key)));
    CHECK_FALSE(holds("basic-auth", "user:" + random_key));
}
