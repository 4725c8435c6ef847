// Of which egressd does a command speak? The one that --config describes, or without it the one that the
// schema's defaults describe for this user.
#pragma once

#include "config/settings.hpp"
#include "net/result.hpp"

#include <optional>
#include <ostream>
#include <string>

namespace egressd::cli {

/// The settings of `config_file`, or of an empty policy when it is "". Errors of the file are written to
/// `err`.
std::optional<config::Settings> find_installation(const std::string& config_file, std::ostream& err);

} // namespace egressd::cli
