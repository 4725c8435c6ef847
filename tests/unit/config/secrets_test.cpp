#include "config/effective.hpp"
#include "config/scan_rules.hpp"
#include "config/weaken.hpp"
#include "tests/unit/config/support.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

using namespace egressd;
using namespace egressd::config;
using namespace egressd::config::test;

namespace {

const std::string acme = "version: 1\n"
                         "rules:\n"
                         "  - id: acme-token\n"
                         "    description: Acme API token\n"
                         "    pattern: \"acme_[0-9a-f]{32}\"\n"
                         "    home: [acme.example]\n";
const std::string digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; // of "abc"

/// `lines` in a file beside which acme.yaml holds `rules`.
Settings load_with(const std::string& lines, const std::string& rules = acme) {
    const Loaded loaded = load_from(
        "etc/allow.yaml", with_files({{"etc/allow.yaml", "version: 1\n" + lines}, {"etc/acme.yaml", rules}}));
    CAPTURE(errors(loaded));
    REQUIRE(loaded.settings.has_value());
    return *loaded.settings;
}

const scan::Rule* find(const Settings& settings, const std::string& id) {
    for (const scan::Rule& rule : settings.secrets.rules)
        if (rule.id == id)
            return &rule;
    return nullptr;
}

} // namespace

TEST_CASE("without a word about secrets the strictest holds") {
    const Settings settings = load_with("allow: [api.example]\n");
    const Secrets& secrets = settings.secrets;
    CHECK(secrets.rules.size() == builtin_rules().size());
    CHECK(secrets.known_by_default);
    CHECK(secrets.known.size() == default_known().size());
    CHECK_FALSE(secrets.canary);
    CHECK(secrets.hold == 64 * 1024);
    CHECK(secrets.block_undecodable);
    CHECK(settings.policy->allow().front().secrets == policy::Secrets::block);
    CHECK(settings.policy->allow().front().credentials.empty());
}

TEST_CASE("the section secrets is read as it was meant") {
    const Settings settings = load_with("secrets:\n"
                                        "  rules: [builtin, acme.yaml]\n"
                                        "  known: [{env: [DB_PASSWORD, \"*_TOKEN\"]}, {file: ../.env}]\n"
                                        "  canary: true\n"
                                        "  hold: 128KiB\n"
                                        "  undecodable: alert\n"
                                        "  home: {acme-token: [\"*.Acme.test\"]}\n");
    const Secrets& secrets = settings.secrets;
    CHECK(secrets.rules.size() == builtin_rules().size() + 1);
    REQUIRE(find(settings, "acme-token") != nullptr);
    CHECK(find(settings, "acme-token")->home == std::vector<std::string>{"acme.example", "*.acme.test"});
    CHECK_FALSE(secrets.known_by_default);
    REQUIRE(secrets.known.size() == 2);
    CHECK(secrets.known[0].kind == KnownSource::env);
    CHECK(secrets.known[0].names == std::vector<std::string>{"DB_PASSWORD", "*_TOKEN"});
    CHECK(secrets.known[0].source.text() == "allow.yaml:4");
    CHECK(secrets.known[1].kind == KnownSource::file);
    CHECK(secrets.known[1].path == ".env");
    CHECK(secrets.canary);
    CHECK(secrets.hold == 128 * 1024);
    CHECK_FALSE(secrets.block_undecodable);
}

TEST_CASE("an empty list of known values is none, not the default") {
    const Settings settings = load_with("secrets: {known: []}\n");
    CHECK_FALSE(settings.secrets.known_by_default);
    CHECK(settings.secrets.known.empty());
}

TEST_CASE("an entry says what happens to secrets, and which credentials may pass") {
    const Settings settings =
        load_with("allow:\n"
                  "  - {domain: a.example, secrets: alert}\n"
                  "  - {domain: b.example, secrets: off, tls: raw}\n"
                  "  - {domain: c.example, credentials: [{header: x-api-key, sha256: \"" +
                  digest + "\"}]}\n");
    const std::vector<policy::Rule>& allow = settings.policy->allow();
    REQUIRE(allow.size() == 3);
    CHECK(allow[0].secrets == policy::Secrets::alert);
    CHECK(allow[1].secrets == policy::Secrets::off);
    REQUIRE(allow[2].credentials.size() == 1);
    CHECK(allow[2].credentials[0].header == "x-api-key");
    CHECK(allow[2].credentials[0].sha256[0] == 0xba);
    CHECK(allow[2].credentials[0].sha256[31] == 0xad);
}

TEST_CASE("only files of one's own is warned of") {
    const Loaded loaded = load_from(
        "allow.yaml",
        with_files({{"allow.yaml", "version: 1\nallow: [a.example]\nsecrets: {rules: [acme.yaml]}\n"},
                    {"acme.yaml", acme}}));
    REQUIRE(loaded.settings.has_value());
    CHECK(loaded.settings->secrets.rules.size() == 1);
    REQUIRE(warnings(loaded).size() == 1);
    CHECK_THAT(warnings(loaded).front(),
               Catch::StartsWith("allow.yaml:3:18: warning: secrets.rules: without"));
}

TEST_CASE("an error never repeats what may be the secret itself") {
    for (const char* text :
         {"allow: [{domain: a.example, credentials: [{header: authorization, sha256: hunter-2}]}]\n",
          "secrets: {known: [{env: [hunter-2]}]}\n"}) {
        const std::vector<std::string> found = errors(load_text("version: 1\n" + std::string(text)));
        REQUIRE(found.size() == 1);
        CHECK_THAT(found.front(), !Catch::Contains("hunter-2"));
    }
}

TEST_CASE("the hash of the configuration covers all of it") {
    const std::string base = "secrets: {rules: [builtin, acme.yaml]";
    const std::string one = load_with(base + "}\n").sha256;
    CHECK(load_with(base + ", hold: 64KiB, undecodable: block, canary: false, home: {}}\n").sha256 == one);
    for (const char* more : {", hold: 32KiB", ", undecodable: alert", ", canary: true", ", known: []",
                             ", known: [{env: [A]}]", ", home: {acme-token: [a.test]}"}) {
        CAPTURE(more);
        CHECK(load_with(base + more + "}\n").sha256 != one);
    }
    CHECK(load_with(base + "}\n", acme + "# changed\n").sha256 != one);
    CHECK(load_with("secrets: {rules: [acme.yaml]}\n").sha256 != one);
    const auto entry = [](const std::string& more) {
        return load_with("allow: [{domain: a.example" + more + "}]\n").sha256;
    };
    CHECK(entry("") == entry(", secrets: block"));
    CHECK(entry("") != entry(", secrets: alert"));
    CHECK(entry("") != entry(", credentials: [{header: a, sha256: \"" + digest + "\"}]"));
    CHECK(entry(", tls: raw") != entry(", tls: raw, secrets: off"));
}

TEST_CASE("the effective configuration names rule files and their hashes, not their rules") {
    const Settings settings = load_with("secrets: {rules: [acme.yaml, builtin]}\n");
    const boost::json::value effective = boost::json::parse(settings.effective_json);
    const boost::json::array& rules = effective.at("secrets").at("rules").as_array();
    REQUIRE(rules.size() == 2);
    CHECK(rules[0].at("file").as_string() == "etc/acme.yaml");
    CHECK(rules[0].at("sha256").as_string() == sha256_of(acme));
    CHECK(rules[1].at("file").as_string() == "builtin");
    CHECK(rules[1].at("sha256").as_string() == builtin_rules_sha256());
    CHECK(effective.at("secrets").as_object().find("known") == effective.at("secrets").as_object().end());
    CHECK(settings.effective_json.find("acme_[0-9a-f]") == std::string::npos);
}

TEST_CASE("a reload that finds less or lets more through is named") {
    const auto weakened = [](const std::string& before, const std::string& after,
                             const std::string& rules_after = acme) {
        return weakenings(load_with("secrets: {" + before + "}\n"),
                          load_with("secrets: {" + after + "}\n", rules_after));
    };
    using Lines = std::vector<std::string>;
    const std::string both = "rules: [builtin, acme.yaml]";
    const Lines lost{"secrets: rules that are gone, or find less than before: acme-token"};
    CHECK(weakened(both, both).empty());
    CHECK(weakened("rules: [builtin]", both).empty());
    CHECK(weakened(both, "rules: [builtin]") == lost);
    CHECK(weakened(both, both + ", home: {acme-token: [x.test]}") == lost);
    CHECK(weakened(both + ", home: {acme-token: [x.test]}", both).empty());
    CHECK(weakened(both, both, acme + "    tier: alert\n") == lost);
    CHECK(weakened(both, both, acme + "    entropy: 3\n") == lost);
    CHECK(weakened("canary: true", "canary: false") == Lines{"secrets.canary changed from true to false"});
    CHECK(weakened("undecodable: block", "undecodable: alert") ==
          Lines{"secrets.undecodable changed from block to alert"});
    CHECK(weakened("known: [{env: [A]}]", "known: [{env: [A]}, {file: .env}]").empty());
    CHECK(weakened("known: [{env: [A]}, {file: .env}]", "known: [{env: [A]}]").size() == 1);
    CHECK(weakened("canary: false", "known: []").size() == 1);
    CHECK(weakened("canary: true", "canary: true, hold: 4KiB").empty());
}
