// How is one label of an international name written on the wire? IDNA 2008 (RFC 5891) for net/host, which
// alone includes this. Strict on purpose: no mapping but case, so that full-width and other look-alike forms
// of ASCII never become an ASCII name that somebody allowed.
#pragma once

#include "net/result.hpp"

#include <string>
#include <string_view>

namespace egressd::net {

/// The A-label ("xn--…") of a label that holds characters beyond ASCII. Letters are lowered first, and NFC is
/// applied; a character that would turn into ASCII by either is refused, as is all that IDNA 2008 disallows.
Result<std::string> to_a_label(std::string_view label);

/// True when `label` ("xn--…", lower case) decodes to a label that encodes to the very same text (RFC
/// 5891 5.4).
bool is_a_label(std::string_view label);

} // namespace egressd::net
