// Which word was probably meant? For the "did you mean" of an unknown key.
#pragma once

#include <span>
#include <string_view>

namespace egressd::config {

/// The candidate nearest to `word`, or empty where none is near: at most a third of its letters differ
/// (Damerau-Levenshtein, neighbours swapped count once).
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

} // namespace egressd::config
