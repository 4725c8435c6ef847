// The table of keys in its two halves, each a file: config/schema makes one of them. Nobody else needs them
// apart.
#pragma once

#include "config/schema.hpp"

namespace egressd::config {

/// The file itself, where egressd listens, and what may be reached.
std::span<const Key> policy_keys();
/// How it is done: names, the way out, TLS, secrets, the log, limits.
std::span<const Key> service_keys();

} // namespace egressd::config
