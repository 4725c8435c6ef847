// Do words say that this is no secret? What people write where one belongs: "your-api-key", "EXAMPLE",
// "changeme".
#pragma once

#include <string_view>

namespace egressd::scan {

/// A word that chance does not spell stands somewhere in the text, or a shorter one stands between
/// separators.
bool has_telling_word(std::string_view text);

/// All of the text but a prefix is words, joined or not, each run of them with at most a few digits behind
/// it.
bool is_made_of_words(std::string_view text);

} // namespace egressd::scan
