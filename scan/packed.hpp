// Base64, base32 and hex in the middle of other text, at any alignment. Most text has no long run of their
// letters, and most runs decode to no text; both are seen without decoding.
#pragma once

#include "scan/layout.hpp"
#include "scan/view.hpp"

#include <string_view>
#include <vector>

namespace egressd::scan {

/// Appends a view for each stretch that decodes to text or to something compressed. `runs`: the block's runs
/// of base64 letters (scan/layout.hpp). Lines of one wrapped run are joined, also where their breaks are
/// written as \n in JSON.
void read_packed(std::string_view block, const std::vector<LetterRun>& runs, std::vector<View>& views);

} // namespace egressd::scan
