// What kinds of secrets does a rule file describe? From its text to scan::Rule, with every error at its line
// and column. What a pattern may be is the engine's business (scan::check_rules).
#pragma once

#include "config/report.hpp"
#include "net/result.hpp"
#include "scan/rule.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace egressd::config {

/// A file of more is no list of secrets any more, and each costs memory while it is compiled.
inline constexpr std::size_t max_scan_rules = 2000;

/// The rules of a file, each judged by the engine; `earlier` are those of other files, whose ids are taken.
/// After an error, which is in the report, those that are whole.
std::vector<scan::Rule> read_scan_rules(std::string_view text, const std::vector<scan::Rule>& earlier,
                                        const FileReport& report);

/// `x`, `*.x` or `**.x` in canonical form: where a secret belongs.
Result<std::string> parse_home(std::string_view text);

/// The rules that are part of the program, read once. Throws std::logic_error where they have an error, which
/// a test rules out.
const std::vector<scan::Rule>& builtin_rules();
/// SHA-256 over their texts, as lower-case hex.
const std::string& builtin_rules_sha256();

} // namespace egressd::config
