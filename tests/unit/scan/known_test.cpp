#include "scan/known.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace egressd::scan;
using Pairs = std::vector<std::pair<std::string, std::string>>;
using Texts = std::vector<std::string>;

namespace {

std::string random_text(std::mt19937& random, std::size_t length, const std::string& digits) {
    std::string out;
    while (out.size() < length)
        out += digits[random() % digits.size()];
    return out;
}

const std::string lower_hex = "0123456789abcdef";
const std::string base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

} // namespace

TEST_CASE("names of secrets") {
    for (const char* name : {"GITHUB_TOKEN",
                             "AWS_SECRET_ACCESS_KEY",
                             "AWS_SESSION_TOKEN",
                             "PGPASSWORD",
                             "MYSQL_PWD",
                             "OPENAI_API_KEY",
                             "apiKey",
                             "dbPassword",
                             "_authToken",
                             "password",
                             "SECRET_KEY_BASE",
                             "NPM_CONFIG__AUTH",
                             "SLACK_BOT_TOKEN",
                             "DJANGO_SECRET",
                             "SMTP_PASS",
                             "GITLAB_PAT",
                             "SSH_PRIVATE_KEY",
                             "oauth_token",
                             "CLIENT_SECRET",
                             "REGISTRY_CREDS"}) {
        CAPTURE(name);
        CHECK(names_a_secret(name));
    }
    for (const char* name : {"",
                             "_",
                             "PATH",
                             "HOME",
                             "PWD",
                             "OLDPWD",
                             "SSH_AUTH_SOCK",
                             "GIT_ASKPASS",
                             "TOKENIZERS_PARALLELISM",
                             "MAX_TOKENS",
                             "PASSWORD_FILE",
                             "AWS_ACCESS_KEY_ID",
                             "TOKEN_URL",
                             "COMPASS",
                             "KEYBOARD",
                             "MONKEY",
                             "GPG_KEY",
                             "CACHE_KEY",
                             "PUBLIC_KEY",
                             "STRIPE_PUBLISHABLE_KEY",
                             "LS_COLORS",
                             "XAUTHORITY",
                             "BYPASS",
                             "AUTHOR",
                             "SECRET_NAME"}) {
        CAPTURE(name);
        CHECK_FALSE(names_a_secret(name));
    }
}

TEST_CASE("values that are worth watching") {
    for (const char* value : {"correct-horse-battery-staple", "Tr0ub4dor&3-and-more",
                              "postgres://app:s3cr3t-of-app@db/app", "550e8400-e29b-41d4-a716-446655440000",
                              "xkqj wvbn ptrz mhdf", "{\"user\":\"x\",\"key\":\"Zm9v\"}"}) {
        CAPTURE(value);
        CHECK(is_worth_knowing(value));
    }
    for (const char* value : {"",
                              "short",
                              "elevenchars",
                              "123456789012",
                              "2026-11-26T07:04:45Z",
                              "192.168.100.200:8080",
                              "aaaaaaaaaaaaaaaa",
                              "abababababababab",
                              "development",
                              "administrator",
                              "staging-database",
                              "DevelopmentMode",
                              "application/json",
                              "/home/agent/.config/key.json",
                              "/usr/local/bin:/usr/bin",
                              "/secrets/db-1/key.pem",
                              "./some/relative/file-3f2a",
                              "~/.ssh/id_ed25519",
                              "C:\\Users\\agent\\key.pem",
                              "https://example.com/path?x=1",
                              "postgres://app@db/app",
                              "http://localhost:3000/a@b",
                              "${GITHUB_TOKEN}",
                              "$GITHUB_TOKEN_HERE",
                              "<your-token-goes-here-7>",
                              "{{ secrets.TOKEN1 }}",
                              "%USERPROFILE2%%X%"}) {
        CAPTURE(value);
        CHECK_FALSE(is_worth_knowing(value));
    }
    CHECK_FALSE(is_worth_knowing(std::string(max_known, 'a') + "bcdefghijklm"));
}

TEST_CASE("random values are worth watching, whatever they begin with") {
    std::mt19937 random(11);
    for (int i = 0; i < 2000; ++i) {
        const std::string key = random_text(random, 40, base64);
        const std::string slashed = "/" + key.substr(1);
        const std::string digits = random_text(random, 32, lower_hex);
        CAPTURE(key, digits);
        REQUIRE(is_worth_knowing(key));
        REQUIRE(is_worth_knowing(slashed));
        REQUIRE(is_worth_knowing(digits));
    }
}

TEST_CASE("assignments of a .env file") {
    const std::string text = "\xEF\xBB\xBF# DB_PASSWORD=not-this-one\n"
                             "DB_PASSWORD=plain#inside # a comment\r\n"
                             "export TOKEN='single $quoted' # more\n"
                             "  ESCAPED = \"a\\nb\\\"c\\d\"  \n"
                             "EMPTY=\n"
                             "QUOTE='open\n"
                             "PADDED=dGVzdA==\n"
                             "no assignment here\n"
                             "KEY=\"-----BEGIN X-----\nAAAA=\n-----END X-----\"\n"
                             "LAST=last";
    const Pairs expected{{"DB_PASSWORD", "plain#inside"},
                         {"TOKEN", "single $quoted"},
                         {"ESCAPED", "a\nb\"c\\d"},
                         {"QUOTE", "'open"},
                         {"PADDED", "dGVzdA=="},
                         {"KEY", "-----BEGIN X-----\nAAAA=\n-----END X-----"},
                         {"LAST", "last"}};
    CHECK(read_assignments(text) == expected);
}

TEST_CASE("assignments of other files") {
    CHECK(read_assignments("[default]\naws_access_key_id = AKIA\naws_secret_access_key=a/b+c=\n; x=y\n") ==
          Pairs{{"aws_access_key_id", "AKIA"}, {"aws_secret_access_key", "a/b+c="}});
    CHECK(read_assignments("registry=https://r/\n//r.example/npm/:_authToken=npm_x\n") ==
          Pairs{{"registry", "https://r/"}, {"_authToken", "npm_x"}});
    CHECK(read_assignments("machine a login b password c=d\ndefault\n  login x\n  password y\n") ==
          Pairs{{"password", "c=d"}, {"password", "y"}});
    CHECK(read_assignments("default login x password y") == Pairs{{"password", "y"}});
    CHECK(read_assignments("github.com:\n    oauth_token: gho_x\n    user: 'me'\n") ==
          Pairs{{"oauth_token", "gho_x"}, {"user", "me"}});
    CHECK(read_assignments("{\n  \"auth\": \"dTpw==\",\n  \"n\": \"a\\/b\"\n}\n") ==
          Pairs{{"auth", "dTpw=="}, {"n", "a/b"}});
}

TEST_CASE("what holds no assignment") {
    for (const char* text : {"", "\n\n", "a-token-alone\n", "c2VjcmV0c2VjcmV0Cg==", "c2VjcmV0c2VjcmV0C2g=\n",
                             "postgres://u:p@h/db?sslmode=off\n", "=x", "1A=b",
                             "\n-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nAAA=\n"}) {
        CAPTURE(text);
        CHECK(read_assignments(text).empty());
    }
}

TEST_CASE("passwords in connection strings") {
    CHECK(passwords_in("postgres://app:plain@db:5432/app") == Texts{"plain"});
    CHECK(passwords_in("amqp://u:a%2Fb%@h") == Texts{"a/b%", "a%2Fb%"});
    CHECK(passwords_in("redis://:only@h:1, redis://x:other@h") == Texts{"only", "other"});
    CHECK(passwords_in("mongodb://u:with@sign@h1,h2/db?x=a@b") == Texts{"with@sign"});
    CHECK(passwords_in("mysql://u:sl/ash#and?more@h/db") == Texts{"sl/ash#and?more"});
    CHECK(passwords_in("url=\"https://u:p%zz@h/\"") == Texts{"p%zz"});
    CHECK(passwords_in("https://u:12345@h/") == Texts{"12345"});
    for (const char* text :
         {"", "://", "https://", "https://u@h/", "https://u:@h/", "http://h:8080/a@b", "https://h/a:b@c",
          "user:password@host", "http://h:80?a@b", "https://[::1]:80/"}) {
        CAPTURE(text);
        CHECK(passwords_in(text).empty());
    }
}
