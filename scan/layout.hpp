// Which parts of a block could hold a secret that stands there as text? What no rule can match is not
// searched: of compressed or encrypted bytes next to nothing is left.
#pragma once

#include "scan/letters.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace egressd::scan {

/// A run's least letters; no token that is looked for in runs begins with fewer.
inline constexpr std::size_t least_run = 22;

struct LetterRun : Run {
    /// Letters of both cases, or a digit among them. Other runs are words of people: a token or base64 of
    /// this length is one of them with a chance of less than one in a million.
    bool is_mixed = false;
};

struct Layout {
    /// Where twelve characters of ASCII text stand in a row, with as much on both sides as a match can be
    /// long. Ascending, apart from one another.
    std::vector<Run> text;
    /// Runs of at least least_run base64 letters of both alphabets (RFC 4648 4 and 5). Ascending.
    std::vector<LetterRun> letters;
};

Layout layout_of(std::string_view block);

} // namespace egressd::scan
