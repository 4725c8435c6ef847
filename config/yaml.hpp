// What does a text say, as a tree? A strict subset of YAML, as plain nodes with positions: one document,
// unique keys, no anchors, aliases, merge keys or tags. yaml-cpp does the scanning and is seen in yaml.cpp
// alone; what the tree means is the schema's business.
#pragma once

#include "config/report.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace egressd::config::yaml {

/// Deeper than any key of the schema; stops nesting bombs.
inline constexpr int max_depth = 32;
/// A file of 4 MiB with an entry a line has fewer; 100 bytes each stay below 100 MiB.
inline constexpr std::size_t max_nodes = 600'000;

struct Node {
    enum class Kind { null, scalar, sequence, mapping };
    Kind kind = Kind::null;
    Position at;
    std::string text;    // of a scalar
    bool quoted = false; // a quoted or block scalar: always a text, never a number or a boolean
    std::string key;     // of a mapping's child
    Position key_at;
    std::vector<Node> children; // of a sequence or a mapping

    /// The child of a mapping, or nullptr.
    const Node* find(std::string_view name) const;
    /// Where to point at: a value that is not there has no position, its key has.
    Position place() const { return kind == Kind::null && key_at.line > 0 ? key_at : at; }
};

/// nullopt after a syntax error. Findings that leave the tree usable (duplicate keys, anchors) are reported,
/// and the tree is returned.
std::optional<Node> parse(std::string_view text, const FileReport& report);

} // namespace egressd::config::yaml
