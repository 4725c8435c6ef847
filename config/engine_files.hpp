// What does the scan engine keep in the state directory? Compiled patterns, so that a start takes
// milliseconds and not seconds, and the key of the fingerprints, so that the same secret has the same one
// tomorrow. Both are of use and neither is needed: what cannot be kept is said, and made anew the next time.
#pragma once

#include "scan/engine.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace egressd::config {

/// Compiled patterns of some hundred rules are a few MiB; what a wrong file can take of memory is bounded by
/// it.
inline constexpr std::size_t max_compiled = 64 * 1024 * 1024;
/// Sets of rules whose compiled form is kept: several policies may share a state directory.
inline constexpr std::size_t kept_databases = 4;

/// Told a sentence for people at once: what follows may take seconds. May be empty.
using Say = std::function<void(const std::string& sentence)>;

/// The engine of these rules and secrets. `<state_dir>/rules-<compiled_key>.db` is used, or made; likewise
/// `<state_dir>/fingerprint.key`. With an empty `state_dir` nothing is kept. Throws std::runtime_error when
/// the rules cannot be compiled.
std::shared_ptr<const scan::Engine> load_engine(const std::string& state_dir, std::vector<scan::Rule> rules,
                                                std::vector<scan::KnownSecret> known, const Say& say);

} // namespace egressd::config
