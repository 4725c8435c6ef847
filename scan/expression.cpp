#include "scan/expression.hpp"

#include "scan/checks.hpp"
#include "scan/confirm.hpp"
#include "scan/engine.hpp"

#include <algorithm>
#include <set>

namespace egressd::scan {

namespace {

constexpr std::size_t max_id = 64;

bool is_escaped(std::string_view text, std::size_t at) {
    std::size_t backslashes = 0;
    while (at > backslashes && text[at - backslashes - 1] == '\\')
        ++backslashes;
    return backslashes % 2 == 1;
}

/// A quantifier at a pattern's end that leaves the length open.
struct Tail {
    std::size_t quantifier = 0; // characters; 0: there is none
    std::string least;
};

Tail tail_of(std::string_view pattern) {
    if (pattern.size() < 2 || is_escaped(pattern, pattern.size() - 1))
        return {};
    switch (pattern.back()) {
    case '+':
        return {1, "1"};
    case '*':
    case '?':
        return {1, "0"};
    case '}':
        break;
    default:
        return {};
    }
    const std::size_t open = pattern.rfind('{');
    const std::size_t comma = pattern.rfind(',');
    if (open == std::string_view::npos || is_escaped(pattern, open) || comma == std::string_view::npos ||
        comma <= open + 1)
        return {};
    return {pattern.size() - open, std::string(pattern.substr(open + 1, comma - open - 1))};
}

/// The characters of the last atom: one, an escaped one, or a class. 0 for a group, which is left alone.
std::size_t atom_size(std::string_view pattern) {
    if (pattern.empty() || (pattern.back() == ')' && !is_escaped(pattern, pattern.size() - 1)))
        return 0;
    if (pattern.back() != ']' || is_escaped(pattern, pattern.size() - 1))
        return is_escaped(pattern, pattern.size() - 1) ? 2 : 1;
    std::size_t open = pattern.size() - 1;
    while (open > 0 && (pattern[open] != '[' || is_escaped(pattern, open)))
        --open;
    return pattern[open] == '[' ? pattern.size() - open : 0;
}

std::string literal(std::string_view text) {
    std::string quoted;
    for (const char c : text) {
        if (std::string_view(R"(\^$.|?*+()[]{}-/)").find(c) != std::string_view::npos)
            quoted += '\\';
        quoted += c;
    }
    return quoted;
}

std::uint32_t width_of(const Expression& expression) {
    std::uint32_t width = 0;
    if (!examine(expression, width).empty() || width > max_match)
        return static_cast<std::uint32_t>(max_match);
    return width;
}

std::string problem_of(const Rule& rule) {
    const auto is_id = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    if (rule.id.empty() || rule.id.size() > max_id || !std::all_of(rule.id.begin(), rule.id.end(), is_id))
        return "an id is 1 to 64 of a-z, 0-9 and '-'";
    if (!rule.check.empty() && find_check(rule.check) == nullptr)
        return "there is no check '" + rule.check + "'";
    std::uint32_t width = 0;
    const std::string first = examine(Expression{0, rule.pattern}, width);
    if (!first.empty())
        return "the pattern cannot be used: " + first;
    if (width > max_match)
        return "the pattern may match more than " + std::to_string(max_match) +
               " bytes; bound it, and let it match the beginning of what is longer";
    const std::string second = Confirmer(rule.pattern).problem();
    return second.empty() ? "" : "the pattern cannot be used: " + second;
}

} // namespace

std::string shortest_tail(std::string_view pattern) {
    std::string_view rest = pattern;
    std::string closing;
    const auto close_groups = [&] {
        while (rest.ends_with(')') && !is_escaped(rest, rest.size() - 1)) {
            closing += ')';
            rest.remove_suffix(1);
        }
    };
    close_groups();
    if (rest.ends_with("\\b") && !is_escaped(rest, rest.size() - 2)) {
        rest.remove_suffix(2);
        close_groups();
    }
    const Tail tail = tail_of(rest);
    if (tail.quantifier == 0)
        return std::string(pattern);
    rest.remove_suffix(tail.quantifier);
    if (tail.least != "0")
        return std::string(rest) + (tail.least == "1" ? "" : '{' + tail.least + '}') + closing;
    const std::size_t atom = atom_size(rest);
    return atom == 0 ? std::string(pattern)
                     : shortest_tail(std::string(rest.substr(0, rest.size() - atom)) + closing);
}

Expression expression_of(const Rule& rule) {
    if (rule.keywords.empty())
        return Expression{0, shortest_tail(rule.pattern)};
    std::string any;
    for (const std::string& keyword : rule.keywords)
        any += (any.empty() ? "" : "|") + literal(keyword);
    return Expression{0, "(?:" + any + ")", true};
}

Reach reach_of(const Rule& rule) {
    const std::uint32_t whole = width_of(Expression{0, rule.pattern});
    if (!rule.keywords.empty())
        return Reach{0, static_cast<std::uint32_t>(keyword_distance) + whole};
    return Reach{width_of(expression_of(rule)), whole};
}

std::vector<RuleError> check_rules(const std::vector<Rule>& rules) {
    std::vector<RuleError> errors;
    std::set<std::string_view> ids;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        const std::string problem = problem_of(rules[i]);
        if (!problem.empty())
            errors.push_back({i, problem});
        else if (!ids.insert(rules[i].id).second)
            errors.push_back({i, "the id '" + rules[i].id + "' is taken by another rule"});
    }
    return errors;
}

} // namespace egressd::scan
