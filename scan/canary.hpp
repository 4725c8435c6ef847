// Which secrets are there for nobody but thieves? Made, not issued: they open nothing, look like the real
// thing, and whoever sends one has read what no task needs. The same key makes the same ones at every start.
#pragma once

#include "scan/known.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace egressd::scan {

inline constexpr std::size_t canary_key_size = 32;

/// Named "canary:VARIABLE" after the variable to plant each in. Throws std::invalid_argument for a key of
/// another size.
std::vector<KnownSecret> make_canaries(std::string_view key);

} // namespace egressd::scan
