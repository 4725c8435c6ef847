// How is a rule looked for among all others? The expression for the first, fast pass, and how far around its
// hit the rule's own pattern must then be tried.
#pragma once

#include "scan/database.hpp"
#include "scan/rule.hpp"

#include <cstdint>

namespace egressd::scan {

/// The pattern with a variable tail ("{20,60}", "+") cut to its least length, so that it hits once and not at
/// each length: a match of `pattern` is a hit that ends no later.
std::string shortest_tail(std::string_view pattern);

/// The keywords of the rule, or its pattern with the shortest tail.
Expression expression_of(const Rule& rule);

/// In bytes, from a hit's end.
struct Reach {
    std::uint32_t behind = 0; // before the hit's end, where a match may begin
    std::uint32_t ahead = 0;  // after the hit's end, where a match may end
};
Reach reach_of(const Rule& rule);

} // namespace egressd::scan
