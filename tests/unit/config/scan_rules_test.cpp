#include "config/builtin_rules.hpp"
#include "config/encoding.hpp"
#include "config/plain_rules.hpp"
#include "config/scan_rules.hpp"
#include "scan/engine.hpp"
#include "tests/unit/config/support.hpp"

#include <catch2/catch.hpp>

using namespace egressd;
using namespace egressd::config;
using namespace egressd::config::test;

namespace {

struct Read {
    std::vector<scan::Rule> rules;
    std::vector<std::string> errors;
};

Read read(const std::string& text, const std::vector<scan::Rule>& earlier = {}) {
    Report report;
    Read result{read_scan_rules(text, earlier, FileReport(report, "rules.yaml")), {}};
    for (const Diagnostic& finding : report.sorted())
        result.errors.push_back(finding.text());
    return result;
}

std::string with_rule(const std::string& lines) {
    return "version: 1\nrules:\n  - id: acme-token\n    description: Acme API token\n" + lines;
}

bool same(const yaml::Node& a, const yaml::Node& b) {
    const bool same_here = a.kind == b.kind && a.text == b.text && a.quoted == b.quoted && a.key == b.key &&
                           a.at == b.at && a.key_at == b.key_at;
    return same_here &&
           std::equal(a.children.begin(), a.children.end(), b.children.begin(), b.children.end(), same);
}

} // namespace

TEST_CASE("a rule is read as it was meant") {
    const Read all = read(with_rule("    pattern: \"acme_([0-9a-f]{32})\"\n"
                                    "    keywords: [acme, \"x-acme\"]\n"
                                    "    check: jwt\n"
                                    "    unproven: alert\n"
                                    "    entropy: 3.25\n"
                                    "    tier: score\n"
                                    "    severity: critical\n"
                                    "    home: [\"**.Acme.example\", acme.test]\n"
                                    "    example: \"acme_{hex:32}\"\n"));
    CHECK(all.errors == std::vector<std::string>{});
    REQUIRE(all.rules.size() == 1);
    const scan::Rule& rule = all.rules.front();
    CHECK(rule.id == "acme-token");
    CHECK(rule.description == "Acme API token");
    CHECK(rule.pattern == "acme_([0-9a-f]{32})");
    CHECK(rule.keywords == std::vector<std::string>{"acme", "x-acme"});
    CHECK(rule.check == "jwt");
    CHECK(rule.unproven == scan::Tier::alert);
    CHECK(rule.entropy == 3.25);
    CHECK(rule.tier == scan::Tier::score);
    CHECK(rule.severity == scan::Severity::critical);
    CHECK(rule.home == std::vector<std::string>{"**.acme.example", "acme.test"});
    CHECK(rule.example == "acme_{hex:32}");
    CHECK(rule.file == "rules.yaml");
    CHECK(rule.line == 3);
}

TEST_CASE("what is not said is the default") {
    const Read least = read(with_rule("    pattern: \"acme_[0-9a-f]{32}\"\n"));
    REQUIRE(least.rules.size() == 1);
    const scan::Rule& rule = least.rules.front();
    CHECK(rule.tier == scan::Tier::block);
    CHECK(rule.severity == scan::Severity::high);
    CHECK_FALSE(rule.unproven.has_value());
    CHECK(rule.entropy == 0);
    CHECK(rule.check.empty());
    CHECK(rule.home.empty());
    CHECK(rule.keywords.empty());
}

TEST_CASE("every mistake in a rule file is one error at its place") {
    const std::string pattern = "    pattern: \"acme_[0-9a-f]{32}\"\n";
    struct Case {
        std::string text;
        const char* error;
    };
    const Case cases[] = {
        {"", "rules.yaml:1:1: error: the file is empty"},
        {"[]\n", "rules.yaml:1:1: error: a file of rules: expected a mapping"},
        {"rules: []\n", "rules.yaml:1:1: error: version is missing; expected 1"},
        {"version: 1\nrules: []\n\x01", "rules.yaml:3:1: error: "},
        {"version: 2\nrules: []\n", "rules.yaml:1:10: error: version: expected 1"},
        {"version: 1\n", "rules.yaml:1:1: error: rules is missing"},
        {"version: 1\nrules: {}\n", "rules.yaml:1:1: error: rules is missing"},
        {"version: 1\nrule: []\nrules: []\n",
         "rules.yaml:2:1: error: unknown key \"rule\"; did you mean \"rules\"?"},
        {"version: 1\nrules: [one]\n", "rules.yaml:2:9: error: an item of rules: expected a mapping"},
        {with_rule(""), "rules.yaml:3:5: error: pattern is missing from this rule"},
        {"version: 1\nrules:\n  - id: Acme\n    description: x\n" + pattern,
         "rules.yaml:3:9: error: id: \"Acme\" is no name for a rule"},
        {"version: 1\nrules:\n  - description: x\n" + pattern,
         "rules.yaml:3:5: error: id is missing from this rule"},
        {"version: 1\nrules:\n  - id: a\n" + pattern,
         "rules.yaml:3:5: error: description is missing from this rule"},
        {with_rule(pattern + "    patern: x\n"),
         "rules.yaml:6:5: error: unknown key \"patern\"; did you mean \"pattern\"?"},
        {with_rule("    pattern: [x]\n"), "rules.yaml:5:14: error: pattern: expected a text"},
        {with_rule("    pattern: \"acme_((\"\n"), "rules.yaml:5:14: error: rule \"acme-token\": "},
        {with_rule("    pattern: \"acme_(?=x)\"\n"), "rules.yaml:5:14: error: rule \"acme-token\": "},
        {with_rule(pattern + "    check: githb\n"),
         "rules.yaml:6:12: error: check: there is none with the name \"githb\"; did you mean \"github\"?"},
        {with_rule(pattern + "    unproven: alert\n"),
         "rules.yaml:6:5: error: unproven: it is for what fails"},
        {with_rule(pattern + "    check: github\n    unproven: no\n"),
         "rules.yaml:7:15: error: unproven: expected block or alert or score, found \"no\""},
        {with_rule(pattern + "    tier: refuse\n"), "rules.yaml:6:11: error: tier: expected block or alert"},
        {with_rule(pattern + "    severity: 3\n"),
         "rules.yaml:6:15: error: severity: expected low or medium"},
        {with_rule(pattern + "    entropy: 9\n"),
         "rules.yaml:6:14: error: entropy: expected a number of bits"},
        {with_rule(pattern + "    entropy: high\n"), "rules.yaml:6:14: error: entropy: expected a number"},
        {with_rule(pattern + "    entropy: nan\n"), "rules.yaml:6:14: error: entropy: expected a number"},
        {with_rule(pattern + "    keywords: acme\n"),
         "rules.yaml:6:15: error: keywords: expected a list of texts"},
        {with_rule(pattern + "    keywords: [Acme]\n"),
         "rules.yaml:6:16: error: keywords: write \"Acme\" in lower case"},
        {with_rule(pattern + "    home: []\n"), "rules.yaml:6:11: error: home: expected a list of texts"},
        {with_rule(pattern + "    home: [\"*\"]\n"), "rules.yaml:6:12: error: home: \"*\" is everywhere"},
        {with_rule(pattern + "    home: [\"acme.*\"]\n"), "rules.yaml:6:12: error: home: "},
        {with_rule(pattern + "  - id: acme-token\n    description: again\n" + pattern),
         "rules.yaml:6:9: error: id: \"acme-token\" is the rule at rules.yaml:3 already"},
        {with_rule(pattern + pattern), "rules.yaml:6:5: error: duplicate key \"pattern\""},
    };
    for (const Case& c : cases) {
        CAPTURE(c.text);
        const Read result = read(c.text);
        CAPTURE(result.errors);
        REQUIRE(result.errors.size() == 1);
        CHECK_THAT(result.errors.front(), Catch::StartsWith(c.error));
    }
}

TEST_CASE("an id that another file has is taken") {
    scan::Rule taken;
    taken.id = "acme-token";
    taken.file = "etc/first.yaml";
    taken.line = 7;
    const Read result = read(with_rule("    pattern: \"acme_[0-9a-f]{32}\"\n"), {taken});
    CHECK(result.rules.empty());
    CHECK(result.errors ==
          std::vector<std::string>{
              "rules.yaml:3:9: error: id: \"acme-token\" is the rule at first.yaml:7 already"});
}

TEST_CASE("the built-in rules are the files in the repository, and each is sound") {
    std::size_t files = 0;
    for (const BuiltinFile& file : builtin_files()) {
        CAPTURE(file.name);
        ++files;
        CHECK(file.text == read_text(source_tree() / file.name));
        CHECK_FALSE(find_encoding_fault(file.text).has_value());
    }
    const std::filesystem::path folder = source_tree() / "scan/rules";
    std::size_t in_repository = 0;
    if (std::filesystem::exists(folder)) {
        for (const auto& entry : std::filesystem::directory_iterator(folder))
            in_repository += entry.path().extension() == ".yaml" ? 1 : 0;
    }
    CHECK(files == in_repository);
    const std::vector<scan::Rule>& rules = builtin_rules();
    for (const scan::RuleError& error : scan::check_rules(rules))
        FAIL_CHECK(rules[error.rule].id << ": " << error.message);
    for (const scan::Rule& rule : rules) {
        CAPTURE(rule.id);
        CHECK_FALSE(rule.example.empty());
    }
    CHECK(builtin_rules_sha256().size() == 64);
}

TEST_CASE("the built-in rules are written so that they are read fast, and mean what they mean to YAML") {
    for (const BuiltinFile& file : builtin_files()) {
        CAPTURE(file.name);
        Report report;
        const std::optional<yaml::Node> tree = yaml::parse(file.text, FileReport(report, "x"));
        const std::optional<yaml::Node> plain = parse_plain_rules(file.text);
        REQUIRE(tree.has_value());
        REQUIRE(plain.has_value());
        CHECK(same(*plain, *tree));
    }
}

TEST_CASE("the plain reader agrees with YAML or leaves it the text") {
    const std::string begin = "version: 1\nrules:\n  - id: a\n";
    const char* plain[] = {
        "    pattern: \"a\\\\b\\\"c # no comment\"\n",
        "    keywords: [a, \"b, c\", d e]\n",
        "    entropy: 3.5\n  - id: b\n",
        "\n  # comment\n    check: two words\n",
        "    check: a # comment\n",
        "    check: a \n",
        "    keywords: [a, b] # comment\n",
        "    pattern: \"a\" # b\n",
        "    example: a:b\n",
        "    x: \"\"\n",
        "    keywords: [a, b,\n      \"c\",\n      # comment\n        d]\n    check: a\n",
    };
    for (const char* lines : plain) {
        CAPTURE(lines);
        Report report;
        const std::optional<yaml::Node> tree = yaml::parse(begin + lines, FileReport(report, "x"));
        const std::optional<yaml::Node> fast = parse_plain_rules(begin + lines);
        REQUIRE(tree.has_value());
        REQUIRE(fast.has_value());
        CHECK(same(*fast, *tree));
    }
    const char* other[] = {
        "    pattern: 'single'\n",
        "    pattern: \"\\x41\"\n",
        "    pattern: |\n      block\n",
        "    check: a: b\n",
        "    check: *alias\n",
        "    check:\n",
        "    keywords: [a,\n  b]\n",
        "    keywords: [a,\n",
        "    keywords: [a\n      ,b]\n",
        "    keywords: []\n",
        "    keywords: {a: b}\n",
        "   id2: x\n",
        "    id: twice\n",
        "    check: a\tb\n",
        "    check: !tag b\n",
        "    pattern: \"open\n",
        "version: 1\n",
        "    check: a\r\n",
        "    keywords: [a] b\n",
        "    check: null\n",
        "    NULL: a\n",
        "    keywords: [a, # comment\n      b]\n",
        "    check: a#b\n",
        "    pattern: \"a\"#b\n",
        "    keywords: [a ,b]\n",
        "    check: two\n      lines\n",
        "---\n",
        "    keywords: [a: b]\n",
    };
    for (const char* lines : other) {
        CAPTURE(lines);
        CHECK_FALSE(parse_plain_rules(begin + lines).has_value());
    }
    CHECK_FALSE(parse_plain_rules("").has_value());
    CHECK_FALSE(parse_plain_rules("version: 1\n").has_value());
    CHECK_FALSE(parse_plain_rules("version: 1\nrules:\n").has_value());
    CHECK_FALSE(parse_plain_rules("rules:\n  - id: a\nversion: 1\n").has_value());
}
