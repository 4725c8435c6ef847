// Is a file plain text that every reader sees in the same way? What editors hide or draw in another order
// than a parser reads it has no place in a policy. It knows nothing of YAML.
#pragma once

#include "config/report.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace egressd::config {

struct EncodingFault {
    Position at; // the column counts bytes, as the parser's does
    std::string message;
};

/// The first byte sequence that is not UTF-8 (RFC 3629) or not fit for a policy: NUL and other controls, a
/// carriage return without a line feed (some editors show no new line there), and the controls that reorder
/// text ("Trojan source").
std::optional<EncodingFault> find_encoding_fault(std::string_view text);

} // namespace egressd::config
