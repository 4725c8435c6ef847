// Hex and base32 inside a run of base64 letters, which theirs are among; at any alignment, in any case.
#pragma once

#include "scan/view.hpp"

#include <string_view>
#include <vector>

namespace egressd::scan {

// Each appends a view for each stretch that decodes to text or to something compressed; places are the run's.
void read_hex(std::string_view run, std::vector<View>& views);
void read_base32(std::string_view run, std::vector<View>& views);

} // namespace egressd::scan
