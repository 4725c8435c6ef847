// Can a rule match where no long run of letters stands? Few can, and such runs are rare: what needs one is
// not looked for elsewhere.
#pragma once

#include "scan/rule.hpp"

#include <cstddef>

namespace egressd::scan {

// How far from its run a hit of such a rule may begin and end, in bytes.
inline constexpr std::size_t before_run = 128;
inline constexpr std::size_t behind_run = 64;

/// Every match of the rule holds a mixed run (scan/layout.hpp), and it and the rule's keywords stand within
/// before_run and behind_run of that. Mixed but for a chance of one in ten thousand, of values drawn at
/// random from what the pattern permits. False for whatever is not understood.
bool demands_run(const Rule& rule);

} // namespace egressd::scan
