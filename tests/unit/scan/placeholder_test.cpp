// Both directions: what documents and tests write is known, and what chance makes is not taken for it.
#include "scan/checks.hpp"
#include "tests/unit/scan/tokens.hpp"

#include <catch2/catch.hpp>

using egressd::scan::is_placeholder;
using namespace egressd::scan::tokens;

namespace {

void require_placeholders(const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
        INFO(text);
        CHECK(is_placeholder(text));
    }
}

std::string uuid() {
    return random(hex, 8) + '-' + random(hex, 4) + "-4" + random(hex, 3) + '-' + random(hex, 4) + '-' +
           random(hex, 12);
}

/// Chance gives one such text in a hundred thousand or fewer: a handful is a mistake.
template <class Make>
void require_secrets(const char* kind, Make make) {
    constexpr int tries = 5'000;
    int mistaken = 0;
    for (int i = 0; i < tries; ++i) {
        const std::string text = make();
        if (is_placeholder(text)) {
            ++mistaken;
            UNSCOPED_INFO(kind << ": " << text);
        }
    }
    CHECK(mistaken <= 1);
}

} // namespace

TEST_CASE("words that say example") {
    require_placeholders({"AKIAIOSFODNN7" + std::string("EXAMPLE"),
                          "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                          "ghp_exampleexampleexampleexample12345678", "sk-" + random(base62, 20) + "-example",
                          "hf_placeholderplaceholderplaceholder", "glpat-dummy-" + random(base62, 9),
                          "fake-" + random(base62, 30), random(hex, 12) + "deadbeef" + random(hex, 12),
                          random(base62, 10) + "SAMPLE" + random(base62, 10)});
}

TEST_CASE("words in place of the value") {
    require_placeholders({"your-api-key",
                          "YOUR_API_KEY",
                          "sk-your-api-key-here",
                          "ghp_your_token_here",
                          "YourSecretKeyGoesHere",
                          "changeme",
                          "change_me",
                          "insert-token",
                          "password",
                          "Password1!",
                          "my-secret-token",
                          "test",
                          "test_token_1234",
                          "dummy",
                          "super_secret_password",
                          "passw0rd",
                          "admin123",
                          "sk-proj-your-openai-key-here",
                          "REPLACE_ME",
                          "not-a-real-key",
                          "postgres"});
}

TEST_CASE("redaction, masks and elisions") {
    require_placeholders({"REDACTED", "[REDACTED]", "<redacted>", "sk-****", "ghp_****************",
                          "********", "ghp_" + random(base62, 8) + "...", "sk-\u2026",
                          "\u2022\u2022\u2022\u2022\u2022"});
}

TEST_CASE("variables of shells and templates") {
    require_placeholders({"<token>", "<your token>", "<YourToken>", "${VAR}", "${API_KEY}", "${KEY}",
                          "{{ var }}", "{{secrets.token}}", "$API_KEY", "$password", "%API_KEY%", "{token}",
                          "[API KEY]", "prefix-${SOME_TOKEN}", "#{password}", "process.env.API_KEY"});
}

TEST_CASE("one character again and again") {
    require_placeholders(
        {"xxxxxxxx", "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", std::string(32, '0'),
         "00000000-0000-0000-0000-000000000000", "XXXX-XXXX-XXXX-XXXX", "AKIAAAAAAAAAAAAAAAAA",
         "sk_live_" + random(base62, 10) + "aaaaaa" + random(base62, 8), "--------", "!!!!!!"});
}

TEST_CASE("a mark must be more than what chance makes now and then") {
    CHECK_FALSE(is_placeholder("$(~{PwIN&(k;")); // two words among punctuation
    CHECK_FALSE(is_placeholder("Zt9${4QJX}wB")); // no variable's name
    CHECK_FALSE(is_placeholder("R5mfakez" + random(base62, 12)));
    CHECK_FALSE(is_placeholder("Xo=tOdO"));                           // no word in one case
    CHECK_FALSE(is_placeholder("secret-token-" + random(base62, 8))); // words, but the lesser part
    CHECK_FALSE(is_placeholder(random(base62, 6) + "k55555k" + random(base62, 6)));
}

TEST_CASE("counting") {
    require_placeholders(
        {"1234567890", "12345678", "abcdefghijklmnop", "ghp_ABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890",
         "sk-1234567890abcdef1234567890abcdef", "dapi0123456789abcdef0123456789abcdef", "87654321",
         "0987654321", "a1b2c3d4e5f6a7b8c9d0", "1a2b3c4d5e6f7g8h9i0j", "1234-5678-9012-3456",
         "sk-abc123def456ghi789jkl012mno345", "123456789:AAabcdefghijklmnopqrstuvwxyz123456789"});
}

TEST_CASE("a piece again and again") {
    require_placeholders({"abc123abc123abc123abc123", "ghp_abcdabcdabcdabcdabcdabcd", "abababababababababab",
                          "q7Wtq7Wtq7Wtq7Wt", "sk-R5m2zR5m2zR5m2zR5m2z", "0010110100111010"});
}

TEST_CASE("of a URL the password or what follows the host is judged") {
    const std::string password = random(base62, 16);
    CHECK_FALSE(is_placeholder("postgres://user:" + password + "@db.example.com/test"));
    CHECK(is_placeholder("postgres://" + password + ":password@db.internal/x"));
    CHECK_FALSE(is_placeholder("https://example.com/hook/" + random(base62, 24)));
    CHECK(is_placeholder("https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"));
}

TEST_CASE("too short to keep anything, and nothing at all") {
    require_placeholders({"", "a", "q7X"});
}

TEST_CASE("fixed words and zeros of real formats are no mark") {
    const std::string zeros = std::string("openssh-key-v1") + std::string(12, '\0') + random_bytes(30);
    CHECK_FALSE(is_placeholder("-----BEGIN OPENSSH PRIVATE KEY-----\n" + to_base64(zeros)));
    CHECK_FALSE(is_placeholder(std::string(22, 'A') + random(base62, 80)));
    for (const char* prefix :
         {"sk_test_", "rk_live_", "secret_", "sb_secret_", "bedrock-api-key-", "AGE-SECRET-KEY-1",
          "access-production-", "pdl_live_apikey_", "-----BEGIN RSA PRIVATE KEY-----\n", "github_pat_",
          "salad_cloud_user_", "amzn.mws.", "PuTTY-User-Key-File-3: "}) {
        INFO(prefix);
        CHECK_FALSE(is_placeholder(prefix + random(base62, 24)));
    }
}

TEST_CASE("what chance makes is a secret, whatever its alphabet") {
    require_secrets("base62", [] { return "ghp_" + random(base62, 36); });
    require_secrets("base64", [] { return random(base64, 86) + "=="; });
    require_secrets("base64url", [] { return "sk-ant-api03-" + random(base64url, 93) + "AA"; });
    require_secrets("base58", [] { return random(base58, 52); });
    require_secrets("base32", [] { return "AKIA" + random(base32, 16); });
    require_secrets("hexadecimal", [] { return "dapi" + random(hex, 32); });
    require_secrets("long hexadecimal", [] { return random(hex, 128); });
    require_secrets("digits", [] { return random(digits, 30); });
    require_secrets("digits in parts", [] { return random(digits, 10) + ":AA" + random(base64url, 33); });
    require_secrets("lower case", [] { return "da2-" + random(lower, 26); });
    require_secrets("letters", [] { return "hf_" + random(lower + upper, 34); });
    require_secrets("UUIDs", uuid);
    require_secrets("short", [] { return random(base62, 8); });
    std::string printable;
    for (char c = '!'; c <= '~'; ++c) {
        printable += c;
    }
    require_secrets("passwords", [&] { return random(printable, 16); });
}

TEST_CASE("any bytes of any length are judged") {
    for (std::size_t size = 0; size < 300; ++size) {
        is_placeholder(random_bytes(size));
    }
    CHECK(is_placeholder(std::string(1'000'000, 'x')));
    CHECK_FALSE(is_placeholder(random(base62, 1'000'000)));
}
