// Was this text made without choosing its characters? aaaaaa, 12345678, abcabcabc: what a hand puts where a
// secret belongs, told from what chance makes now and then.
#pragma once

#include <string_view>

namespace egressd::scan {

bool is_monotonous(std::string_view text);

} // namespace egressd::scan
