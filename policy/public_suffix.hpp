// Below which names can strangers get names of their own? The public suffix list (libpsl), asked for patterns
// that are too wide and for whose name a name is.
#pragma once

#include <string>
#include <string_view>

namespace egressd::policy {

/// By the ICANN and the private section, and the rule that a lone label is a suffix; by the newer of the
/// system's list and the one that libpsl was built with. `name` is canonical.
bool is_public_suffix(const std::string& name);

/// The part of `name` that somebody has registered: one label below a public suffix; the name itself where it
/// is a suffix or has a single label. A view into `name`, which is canonical.
std::string_view registered_domain(std::string_view name);

} // namespace egressd::policy
