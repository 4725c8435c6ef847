// What the tests of the scanner share: engines of a few rules, tokens made at run time, findings as text.
#pragma once

#include "scan/scanner.hpp"

#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace egressd::scan {

inline Rule rule(std::string id, std::string pattern, std::vector<std::string> keywords = {}) {
    Rule made;
    made.description = id;
    made.id = std::move(id);
    made.pattern = std::move(pattern);
    made.keywords = std::move(keywords);
    return made;
}

inline std::shared_ptr<const Engine> engine_of(std::vector<Rule> rules, std::vector<KnownSecret> known = {}) {
    EngineInput input;
    input.rules = std::move(rules);
    input.known = std::move(known);
    input.fingerprint_key = std::string(32, 'k');
    return std::make_shared<const Engine>(std::move(input));
}

/// One rule, "tok_" and 32 letters and digits.
inline std::shared_ptr<const Engine> token_engine() {
    return engine_of({rule("token", "tok_[0-9A-Za-z]{32}")});
}

inline std::string letters(std::mt19937& random, std::size_t count) {
    constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    std::string text;
    for (std::size_t i = 0; i < count; ++i)
        text += alphabet[random() % alphabet.size()];
    return text;
}

inline std::string token(std::mt19937& random) {
    return "tok_" + letters(random, 32);
}

/// Findings of a stream that comes in pieces of `step` bytes: "rule@offset[encoding]", sorted by appearance.
inline std::vector<std::string> findings(const std::shared_ptr<const Engine>& engine, std::string_view bytes,
                                         std::size_t step = std::string_view::npos,
                                         std::vector<Coding> codings = {}) {
    Scratch scratch(engine);
    Scanner scanner(engine, std::move(codings));
    std::vector<Finding> found;
    for (std::size_t at = 0; at < bytes.size(); at += std::min(step, bytes.size() - at))
        scanner.feed(scratch, bytes.substr(at, step), found);
    scanner.finish(scratch, found);
    std::vector<std::string> said;
    for (const Finding& finding : found)
        said.push_back(finding.rule->id + '@' + std::to_string(finding.offset) + '[' + finding.encoding +
                       ']');
    if (!scanner.problem().empty())
        said.push_back("problem: " + scanner.problem());
    return said;
}

} // namespace egressd::scan
