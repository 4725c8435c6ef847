#include "config/scan_rules.hpp"

#include "config/builtin_rules.hpp"
#include "config/effective.hpp"
#include "config/encoding.hpp"
#include "config/lookup.hpp"
#include "config/plain_rules.hpp"
#include "config/suggest.hpp"
#include "config/yaml.hpp"
#include "policy/rule.hpp"
#include "scan/checks.hpp"
#include "scan/engine.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <stdexcept>
#include <utility>

namespace egressd::config {
namespace {

using Kind = yaml::Node::Kind;

constexpr std::size_t max_id = 64;
/// It stands on one line of a log and of a terminal.
constexpr std::size_t max_description = 200;
constexpr double max_entropy = 8; // bits a byte

constexpr auto file_keys = std::to_array<std::string_view>({"version", "rules"});
constexpr auto rule_keys =
    std::to_array<std::string_view>({"id", "description", "pattern", "keywords", "check", "unproven",
                                     "entropy", "tier", "severity", "home", "example"});

constexpr auto tiers = std::to_array<std::pair<std::string_view, scan::Tier>>(
    {{"block", scan::Tier::block}, {"alert", scan::Tier::alert}, {"score", scan::Tier::score}});
constexpr auto severities =
    std::to_array<std::pair<std::string_view, scan::Severity>>({{"low", scan::Severity::low},
                                                                {"medium", scan::Severity::medium},
                                                                {"high", scan::Severity::high},
                                                                {"critical", scan::Severity::critical}});

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
    const std::string_view near = nearest(word, candidates);
    return near.empty() ? "" : "; did you mean \"" + std::string(near) + "\"?";
}

void refuse_unknown_keys(const yaml::Node& mapping, std::span<const std::string_view> known,
                         const FileReport& report) {
    for (const yaml::Node& child : mapping.children) {
        if (std::find(known.begin(), known.end(), child.key) == known.end())
            report.error(child.key_at,
                         "unknown key " + in_quotes(child.key) + did_you_mean(child.key, known));
    }
}

bool is_lower_word(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

/// A rule, and where what the engine may find fault with stands.
struct Placed {
    scan::Rule rule;
    Position id;
    Position pattern;
};

class RuleReader {
public:
    RuleReader(const yaml::Node& node, const FileReport& report) : node_(node), report_(report) {}

    std::optional<Placed> read() {
        if (node_.kind != Kind::mapping) {
            report_.error(node_.place(), "an item of rules: expected a mapping (id: ..., pattern: ...)");
            return std::nullopt;
        }
        refuse_unknown_keys(node_, rule_keys, report_);
        placed_.rule.file = report_.file();
        placed_.rule.line = node_.at.line;
        read_id();
        read_texts();
        read_keywords();
        read_entropy();
        read_check();
        read_choice("tier", tiers, placed_.rule.tier);
        read_choice("severity", severities, placed_.rule.severity);
        read_home();
        if (failed_)
            return std::nullopt;
        return std::move(placed_);
    }

private:
    void fail(Position at, std::string message) {
        failed_ = true;
        report_.error(at, std::move(message));
    }

    /// The scalar at `key`; nullptr when there is none, which is an error where the key has no value.
    const yaml::Node* text_at(std::string_view key) {
        const yaml::Node* node = node_.find(key);
        if (node == nullptr)
            return nullptr;
        if (node->kind == Kind::scalar && !node->text.empty())
            return node;
        fail(node->place(), std::string(key) + ": expected a text");
        return nullptr;
    }

    const yaml::Node* required_text(std::string_view key) {
        const yaml::Node* node = text_at(key);
        if (node == nullptr && node_.find(key) == nullptr)
            fail(node_.at, std::string(key) + " is missing from this rule");
        return node;
    }

    std::vector<const yaml::Node*> texts_at(std::string_view key) {
        const yaml::Node* list = node_.find(key);
        if (list == nullptr)
            return {};
        std::vector<const yaml::Node*> items = items_at(node_, key);
        if (items.empty() || items.size() != list->children.size()) {
            fail(list->place(), std::string(key) + ": expected a list of texts");
            return {};
        }
        return items;
    }

    void read_id() {
        const yaml::Node* id = required_text("id");
        if (id == nullptr)
            return;
        if (id->text.size() > max_id || !is_lower_word(id->text))
            return fail(id->at, "id: " + in_quotes(id->text) +
                                    " is no name for a rule; expected lower-case letters, digits and '-', at "
                                    "most 64");
        placed_.rule.id = id->text;
        placed_.id = id->at;
    }

    void read_texts() {
        if (const yaml::Node* pattern = required_text("pattern")) {
            placed_.rule.pattern = pattern->text;
            placed_.pattern = pattern->at;
        }
        if (const yaml::Node* description = required_text("description")) {
            placed_.rule.description = description->text;
            if (description->text.size() > max_description)
                fail(description->at,
                     "description: longer than " + std::to_string(max_description) + " bytes");
        }
        if (const yaml::Node* example = text_at("example"))
            placed_.rule.example = example->text;
    }

    void read_keywords() {
        for (const yaml::Node* item : texts_at("keywords")) {
            const bool has_capital = std::any_of(item->text.begin(), item->text.end(),
                                                 [](char c) { return c >= 'A' && c <= 'Z'; });
            if (has_capital)
                fail(item->at,
                     "keywords: write " + in_quotes(item->text) + " in lower case; it is found in any case");
            placed_.rule.keywords.push_back(item->text);
        }
    }

    void read_entropy() {
        const yaml::Node* entropy = text_at("entropy");
        if (entropy == nullptr)
            return;
        const char* end = entropy->text.data() + entropy->text.size();
        const auto [stop, error] =
            std::from_chars(entropy->text.data(), end, placed_.rule.entropy, std::chars_format::fixed);
        const bool in_range = placed_.rule.entropy >= 0 && placed_.rule.entropy <= max_entropy;
        if (entropy->quoted || error != std::errc() || stop != end || !in_range)
            fail(entropy->at,
                 "entropy: expected a number of bits a byte, 0 to 8, found " + in_quotes(entropy->text));
    }

    void read_check() {
        const yaml::Node* check = text_at("check");
        if (check != nullptr) {
            placed_.rule.check = check->text;
            if (scan::find_check(check->text) == nullptr)
                fail(check->at, "check: there is none with the name " + in_quotes(check->text) +
                                    did_you_mean(check->text, scan::check_names()));
        }
        const yaml::Node* unproven = node_.find("unproven");
        if (unproven != nullptr && check == nullptr)
            fail(unproven->key_at, "unproven: it is for what fails the check, and this rule has none");
        scan::Tier tier = scan::Tier::score;
        if (read_choice("unproven", tiers, tier))
            placed_.rule.unproven = tier;
    }

    template <class T, std::size_t size>
    bool read_choice(std::string_view key, const std::array<std::pair<std::string_view, T>, size>& words,
                     T& value) {
        const yaml::Node* node = text_at(key);
        if (node == nullptr)
            return false;
        std::string expected;
        for (const auto& [word, meaning] : words) {
            if (word == node->text) {
                value = meaning;
                return true;
            }
            expected += (expected.empty() ? "" : " or ") + std::string(word);
        }
        fail(node->at, std::string(key) + ": expected " + expected + ", found " + in_quotes(node->text));
        return false;
    }

    void read_home() {
        for (const yaml::Node* item : texts_at("home")) {
            const Result<std::string> pattern = parse_home(item->text);
            if (pattern)
                placed_.rule.home.push_back(*pattern);
            else
                fail(item->at, "home: " + pattern.error().message);
        }
    }

    const yaml::Node& node_;
    const FileReport& report_;
    Placed placed_;
    bool failed_ = false;
};

/// Takes out rules whose id is there already, in the same file or in another.
void refuse_twins(std::vector<Placed>& placed, const std::vector<scan::Rule>& earlier,
                  const FileReport& report) {
    std::map<std::string, std::string> places;
    for (const scan::Rule& rule : earlier)
        places.emplace(rule.id, policy::Source{rule.file, rule.line, 0}.text());
    std::erase_if(placed, [&](const Placed& one) {
        const auto [first, is_new] =
            places.emplace(one.rule.id, policy::Source{one.rule.file, one.rule.line, 0}.text());
        if (!is_new)
            report.error(one.id,
                         "id: " + in_quotes(one.rule.id) + " is the rule at " + first->second + " already");
        return !is_new;
    });
}

bool check_version(const yaml::Node& root, const FileReport& report) {
    const yaml::Node* version = root.find("version");
    if (version != nullptr && version->kind == Kind::scalar && version->text == "1" && !version->quoted)
        return true;
    report.error(version == nullptr ? root.at : version->place(),
                 version == nullptr ? "version is missing; expected 1" : "version: expected 1");
    return false;
}

std::vector<Placed> read_placed(std::string_view text, const FileReport& report) {
    std::optional<yaml::Node> root = parse_plain_rules(text);
    if (!root)
        root = yaml::parse(text, report);
    if (!root)
        return {};
    if (root->kind != Kind::mapping) {
        report.error(root->place(), "a file of rules: expected a mapping (version: 1, rules: [...])");
        return {};
    }
    refuse_unknown_keys(*root, file_keys, report);
    if (!check_version(*root, report))
        return {};
    const yaml::Node* rules = node_at(*root, "rules", Kind::sequence);
    if (rules == nullptr) {
        report.error(root->at, "rules is missing; expected a list of mappings");
        return {};
    }
    if (rules->children.size() > max_scan_rules) {
        report.error(rules->at, "rules: more than " + std::to_string(max_scan_rules));
        return {};
    }
    std::vector<Placed> result;
    for (const yaml::Node& node : rules->children) {
        if (std::optional<Placed> rule = RuleReader(node, report).read())
            result.push_back(std::move(*rule));
    }
    return result;
}

std::vector<scan::Rule> rules_of(std::vector<Placed>& placed) {
    std::vector<scan::Rule> result;
    result.reserve(placed.size());
    for (Placed& one : placed)
        result.push_back(std::move(one.rule));
    return result;
}

/// Their patterns and characters are not judged: that takes longer than all else at the start, and a test has
/// done it.
std::vector<scan::Rule> read_builtin() {
    std::vector<Placed> placed;
    Report report;
    for (const BuiltinFile& file : builtin_files()) {
        for (Placed& rule : read_placed(file.text, FileReport(report, std::string(file.name))))
            placed.push_back(std::move(rule));
    }
    refuse_twins(placed, {}, FileReport(report, "scan/rules"));
    if (report.failed())
        throw std::logic_error("the built-in rules cannot be read: " + report.sorted().front().text());
    return rules_of(placed);
}

} // namespace

Result<std::string> parse_home(std::string_view text) {
    const Result<policy::Pattern> pattern = policy::parse_pattern(text, true);
    if (!pattern)
        return pattern.error();
    if (pattern->kind != policy::Pattern::Kind::exact && pattern->base.text().empty())
        return Error{Side::self, "\"*\" is everywhere, and no secret belongs there; name the hosts"};
    return pattern->text();
}

std::vector<scan::Rule> read_scan_rules(std::string_view text, const std::vector<scan::Rule>& earlier,
                                        const FileReport& report) {
    if (const std::optional<EncodingFault> fault = find_encoding_fault(text)) {
        report.error(fault->at, fault->message);
        return {};
    }
    std::vector<Placed> placed = read_placed(text, report);
    refuse_twins(placed, earlier, report);
    std::vector<Position> patterns;
    for (const Placed& one : placed)
        patterns.push_back(one.pattern);
    const std::vector<scan::Rule> rules = rules_of(placed);
    for (const scan::RuleError& error : scan::check_rules(rules))
        report.error(patterns.at(error.rule),
                     "rule " + in_quotes(rules[error.rule].id) + ": " + error.message);
    return rules;
}

const std::vector<scan::Rule>& builtin_rules() {
    static const std::vector<scan::Rule> rules = read_builtin();
    return rules;
}

const std::string& builtin_rules_sha256() {
    static const std::string sha256 = [] {
        std::string texts;
        for (const BuiltinFile& file : builtin_files())
            texts.append(file.text);
        return sha256_of(texts);
    }();
    return sha256;
}

} // namespace egressd::config
