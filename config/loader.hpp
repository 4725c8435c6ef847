// How does a file become settings? Reads it and what it includes, has every part judged, and builds the
// policy: all or nothing.
#pragma once

#include "config/settings.hpp"
#include "config/surroundings.hpp"

namespace egressd::config {

/// More is a mistake; it also ends a chain of includes that grows by itself (through links).
inline constexpr std::size_t max_includes = 64;

/// load() with the files and the environment of the caller's choice.
Loaded load_from(const std::string& path, const Surroundings& surroundings);

} // namespace egressd::config
