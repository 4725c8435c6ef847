// What does a file of scan rules say, when it is written as plainly as the project's own are? The same tree
// as yaml::parse, fifty times as fast: the hundreds of rules inside the program are read at every start.
// Whatever is not exactly of this form is left to yaml::parse, so nothing is judged or reported here.
#pragma once

#include "config/yaml.hpp"

#include <optional>
#include <string_view>

namespace egressd::config {

/// `version: 1`, `rules:`, and below it items of the form "  - key: value" and "    key: value". A value is a
/// plain word or sentence, a quoted text, or a list of these in brackets, which alone may go on in the next
/// line, behind a comma. nullopt for everything else.
std::optional<yaml::Node> parse_plain_rules(std::string_view text);

} // namespace egressd::config
