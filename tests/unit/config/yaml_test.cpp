#include "config/yaml.hpp"

#include <catch2/catch.hpp>

using namespace egressd::config;
using Kind = yaml::Node::Kind;

namespace {

struct Parsed {
    std::optional<yaml::Node> root;
    std::vector<Diagnostic> findings;
};

Parsed parse(const std::string& text) {
    Report report;
    Parsed result;
    result.root = yaml::parse(text, FileReport(report, "allow.yaml"));
    result.findings = report.sorted();
    return result;
}

} // namespace

TEST_CASE("the tree has the text's shape and positions") {
    const Parsed parsed = parse("version: 1\nallow:\n  - a.example\n  - {domain: \"b\", ports: [80]}\n");
    REQUIRE(parsed.root.has_value());
    CHECK(parsed.findings.empty());
    const yaml::Node& root = *parsed.root;
    REQUIRE(root.kind == Kind::mapping);
    REQUIRE(root.find("version") != nullptr);
    CHECK(root.find("version")->text == "1");
    CHECK(root.find("version")->at == Position{1, 10});
    CHECK(root.find("nothing") == nullptr);
    const yaml::Node& allow = *root.find("allow");
    CHECK(allow.key_at == Position{2, 1});
    REQUIRE(allow.children.size() == 2);
    CHECK(allow.children[0].at == Position{3, 5});
    CHECK_FALSE(allow.children[0].quoted);
    const yaml::Node& entry = allow.children[1];
    CHECK(entry.find("domain")->quoted);
    CHECK(entry.find("ports")->children[0].at == Position{4, 27});
}

TEST_CASE("a value that is not there is placed at its key") {
    const Parsed parsed = parse("mode:\n\n\nallow: []\n");
    REQUIRE(parsed.root.has_value());
    const yaml::Node& mode = *parsed.root->find("mode");
    CHECK(mode.kind == Kind::null);
    CHECK(mode.place() == Position{1, 1});
}

TEST_CASE("an alias bomb ends at the first alias") {
    std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
    for (char c = 'b'; c < 'z'; ++c) {
        const std::string before(1, static_cast<char>(c - 1));
        bomb += std::string(1, c) + ": &" + std::string(1, c) + " [*" + before + ", *" + before + ", *" +
                before + "]\n";
    }
    const Parsed parsed = parse(bomb);
    CHECK_FALSE(parsed.root.has_value());
    CHECK(parsed.findings.back().source.line == 2);
}

TEST_CASE("nesting ends at its bound, however deep the text goes") {
    CHECK(parse("a: " + std::string(31, '[') + std::string(31, ']')).root.has_value());
    CHECK_FALSE(parse("a: " + std::string(32, '[') + std::string(32, ']')).root.has_value());
    CHECK_FALSE(parse(std::string(100'000, '[')).root.has_value());
    CHECK_FALSE(parse(std::string(100'000, '{')).root.has_value());
}

TEST_CASE("a file of brackets is refused before it is scanned") {
    const Parsed parsed = parse(std::string(yaml::max_nodes + 1, '['));
    CHECK_FALSE(parsed.root.has_value());
    REQUIRE(parsed.findings.size() == 1);
    CHECK_THAT(parsed.findings.front().message, Catch::Contains("opening brackets"));
}

TEST_CASE("values are counted") {
    std::string text = "allow: [";
    for (std::size_t i = 0; i <= yaml::max_nodes; ++i)
        text += "a,\n";
    const Parsed parsed = parse(text + "]");
    CHECK_FALSE(parsed.root.has_value());
    REQUIRE(parsed.findings.size() == 1);
    CHECK_THAT(parsed.findings.front().message, Catch::Contains("more than 600000 values"));
}

TEST_CASE("every duplicate of a key is named, with the line of the first") {
    const Parsed parsed = parse("a: 1\nb: 2\na: 3\na: 4\n");
    REQUIRE(parsed.findings.size() == 2);
    CHECK(parsed.findings[0].text() ==
          "allow.yaml:3:1: error: duplicate key \"a\"; it stands in line 1 already");
    CHECK(parsed.findings[1].source.line == 4);
}
