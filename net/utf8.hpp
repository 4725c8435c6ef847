// Is this UTF-8, and which character comes next? Strict as RFC 3629 3: no overlong form, no surrogate,
// nothing above U+10FFFF. It knows nothing of names or paths, which both need it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace egressd::net {

/// Takes one character off the front of `text`; nullopt, with `text` left as it was, when that is not valid
/// UTF-8.
std::optional<char32_t> take_utf8(std::string_view& text);

void append_utf8(std::string& text, char32_t character);

} // namespace egressd::net
