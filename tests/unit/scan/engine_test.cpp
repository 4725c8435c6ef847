#include "scan/engine.hpp"
#include "scan/expression.hpp"
#include "tests/unit/scan/scanning.hpp"

#include <catch2/catch.hpp>

using namespace egressd::scan;

namespace {

std::vector<std::string> problems(const Rule& bad) {
    std::vector<std::string> said;
    for (const RuleError& error : check_rules({rule("good", "abc[0-9]{20}"), bad})) {
        CHECK(error.rule == 1);
        said.push_back(error.message);
    }
    return said;
}

} // namespace

TEST_CASE("an open tail is cut to its least length for the first pass") {
    const std::pair<const char*, const char*> cases[] = {
        {"abc[0-9]{20}", "abc[0-9]{20}"},
        {"abc[0-9]{20,40}", "abc[0-9]{20}"},
        {"abc[0-9]{20,}", "abc[0-9]{20}"},
        {"abc[0-9]{20,40}\\b", "abc[0-9]{20}"},
        {"abc[0-9]{20}\\b", "abc[0-9]{20}\\b"},
        {"abc([0-9]{20,40})", "abc([0-9]{20})"},
        {"abc([0-9]{20,40}\\b)", "abc([0-9]{20})"},
        {"abc[0-9]+", "abc[0-9]"},
        {"abc[0-9]{20,40}={0,2}", "abc[0-9]{20}"},
        {"abc([0-9]{20,40}=?)", "abc([0-9]{20})"},
        {"abc[0-9]{20,40}\\.?", "abc[0-9]{20}"},
        {"abc\\{20,40\\}", "abc\\{20,40\\}"},
        {"abc(de)?", "abc(de)?"},
    };
    for (const auto& [pattern, expected] : cases)
        CHECK(shortest_tail(pattern) == expected);
}

TEST_CASE("what cannot be a rule is said to be none") {
    CHECK(problems(rule("two", "def[0-9]{20}")).empty());
    CHECK(problems(rule("good", "def[0-9]{20}")) ==
          std::vector<std::string>{"the id 'good' is taken by another rule"});
    CHECK(problems(rule("Not An Id", "def[0-9]{20}")).size() == 1);
    CHECK(problems(rule("two", "def([0-9]{20}")).size() == 1);
    CHECK(problems(rule("two", "(?=def)[0-9]{20}")).size() == 1); // lookaround: PCRE2 alone knows it
    CHECK(problems(rule("two", "[0-9]*")).size() == 1);           // matches nothing
    CHECK(problems(rule("two", "def[0-9]{20,}")).size() == 1);    // without a bound
    CHECK(problems(rule("two", "def[0-9]{1100}")).size() == 1);
    Rule unknown = rule("two", "def[0-9]{20}");
    unknown.check = "no-such-check";
    CHECK(problems(unknown).size() == 1);
}

TEST_CASE("compiled patterns are used again for the same rules alone") {
    std::mt19937 random(1);
    const std::vector<Rule> rules{rule("token", "tok_[0-9A-Za-z]{32}")};
    const auto first = engine_of(rules);
    CHECK_FALSE(first->was_compiled());
    EngineInput again;
    again.rules = rules;
    again.fingerprint_key = std::string(32, 'k');
    again.compiled = first->compiled();
    const auto second = std::make_shared<const Engine>(again);
    CHECK(second->was_compiled());
    CHECK(findings(second, "x " + token(random)) == std::vector<std::string>{"token@2[]"});

    EngineInput other = again;
    other.rules.front().pattern = "tok_[0-9A-Za-z]{31}";
    CHECK_FALSE(Engine(other).was_compiled());
    CHECK(compiled_key(other.rules) != compiled_key(rules));
    for (const std::size_t at : {std::size_t{0}, again.compiled.size() / 2}) {
        EngineInput damaged = again;
        damaged.compiled[at] = static_cast<char>(damaged.compiled[at] ^ 1);
        CHECK_FALSE(Engine(damaged).was_compiled());
    }
    EngineInput cut = again;
    cut.compiled.resize(cut.compiled.size() - 1);
    CHECK_FALSE(Engine(cut).was_compiled());
}

TEST_CASE("a rule with keywords looks behind them, and no further than it says") {
    std::mt19937 random(2);
    const auto engine = engine_of({rule("context", "\\b[0-9A-Za-z]{32}\\b", {"acme_key", "acme-key"})});
    const std::string value = letters(random, 32);
    CHECK(findings(engine, "ACME_KEY=" + value + "\n") == std::vector<std::string>{"context@9[]"});
    CHECK(findings(engine, "\"acme-key\": \"" + value + "\"").size() == 1);
    CHECK(findings(engine, value + " acme_key").empty());
    CHECK(findings(engine, "key=" + value).empty());
    const auto at_distance = [&](std::size_t distance) {
        return findings(engine, "acme_key" + std::string(distance, ' ') + value);
    };
    CHECK(at_distance(keyword_distance).size() == 1);
    CHECK(at_distance(keyword_distance + 1).empty());
}

TEST_CASE("what is no secret behind a keyword does not hide one that follows") {
    const auto engine = engine_of({rule("context", "\\b([0-9a-f]{16})\\b", {"acme"})});
    CHECK(findings(engine, "acme: 0000000000000000 or 3f9a1c77e0b2d845").size() == 1);
    CHECK(findings(engine, "acme: 0000000000000000").empty());
}

TEST_CASE("the group is the secret, and its entropy and check count") {
    Rule grouped = rule("grouped", "key: ([a-z]{16})");
    grouped.entropy = 3;
    const auto engine = engine_of({grouped});
    CHECK(findings(engine, "key: qwmznxbcvalskdjf") == std::vector<std::string>{"grouped@5[]"});
    CHECK(findings(engine, "key: abababababababab").empty());
}

TEST_CASE("of two matches over the same bytes the one that says more stays") {
    std::mt19937 random(3);
    Rule weak = rule("weak", "[a-z]{3}_[0-9A-Za-z]{36}");
    weak.tier = Tier::alert;
    const std::string text = "x " + token(random) + letters(random, 4);
    for (const bool first : {false, true}) {
        std::vector<Rule> rules{rule("strong", "tok_[0-9A-Za-z]{32}")};
        rules.insert(first ? rules.begin() : rules.end(), weak);
        CHECK(findings(engine_of(rules), text) == std::vector<std::string>{"strong@2[]"});
    }
}

TEST_CASE("a fingerprint is the same for the same secret, and another under another key") {
    std::mt19937 random(4);
    const std::string text = "x " + token(random);
    const auto fingerprint = [&](char key) {
        EngineInput input;
        input.rules = {rule("token", "tok_[0-9A-Za-z]{32}")};
        input.fingerprint_key = std::string(32, key);
        Scratch scratch(std::make_shared<const Engine>(input));
        const std::vector<Finding> found = scan_all(scratch, text);
        REQUIRE(found.size() == 1);
        CHECK(found[0].fingerprint.size() == 16);
        return found[0].fingerprint;
    };
    CHECK(fingerprint('a') == fingerprint('a'));
    CHECK(fingerprint('a') != fingerprint('b'));
}
