// What does a kind of secret look like, how is a look-alike told from it, and where does it belong? Plain
// data; config/ reads it from scan/rules/*.yaml and from the operator's own files, the engine compiles it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace egressd::scan {

/// What a finding is worth. score: nothing by itself. alert: recorded, let through. block: refused.
enum class Tier { score, alert, block };
std::string_view to_text(Tier tier);

enum class Severity { low, medium, high, critical };
std::string_view to_text(Severity severity);

/// The longest text that a pattern may match, in bytes. Longer secrets are recognised by their beginning.
inline constexpr std::size_t max_match = 1024;
/// How far behind a keyword a secret may begin, in bytes.
inline constexpr std::size_t keyword_distance = 40;

struct Rule {
    std::string id;          // lower case, digits and '-'; unique
    std::string description; // for people: "GitHub personal access token"
    /// In the syntax that Vectorscan and PCRE2 share (no lookaround, no back-reference), bounded by
    /// max_match. The secret is group 1, or the whole match where there is no group.
    std::string pattern;
    /// Lower case. When given, the pattern is looked for only within keyword_distance behind one of them.
    std::vector<std::string> keywords;
    double entropy = 0;            // the least Shannon entropy of the secret, in bits a byte
    std::string check;             // scan/checks.hpp; empty: none. What passes it needs no entropy
    Tier tier = Tier::block;       // of a secret that passes check, or entropy where there is none
    std::optional<Tier> unproven;  // of one that fails the check; absent: it is no secret
    std::vector<std::string> home; // where it belongs: `x`, `*.x`, `**.x`, as in allow.yaml
    Severity severity = Severity::high;
    std::string example; // a template (tests/README.md) from which tests make samples
    std::string file;    // where it stands
    int line = 0;        // 1-based
};

} // namespace egressd::scan
