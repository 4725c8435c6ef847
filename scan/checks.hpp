// Is this really one? Checksums and structures of token formats, entropy, and the marks of a placeholder.
// Pure functions of a candidate's text; none of them allocates more than a few times its size.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace egressd::scan {

/// True when the candidate holds what its format demands.
using Check = bool (*)(std::string_view token);

/// The check of that name, or nullptr. The names are listed in CONTRIBUTING.md's section on scan rules.
Check find_check(std::string_view name);
/// All names, sorted, for messages ("did you mean").
const std::vector<std::string_view>& check_names();

/// Shannon entropy of the bytes, in bits a byte: 0 to 8.
double entropy(std::string_view text);

/// True for what documentation and tests put in a secret's place: EXAMPLE, xxxx, <your-key>, ${VARIABLE},
/// 123456..., abcdef..., one character again and again, dictionary words joined by '-' or '_'.
bool is_placeholder(std::string_view secret);

} // namespace egressd::scan
