// What is the daemon itself doing? Lines for the operator on stderr: readable on a terminal, one JSON object
// a line otherwise. Never a secret, never bytes from the network; what agents did is in the audit log.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace egressd::proxy {

using LogFields = std::initializer_list<std::pair<std::string_view, std::string>>;

/// Call once, before the first line.
void start_operator_log();

/// `event` is a stable word ("listening", "reloaded"), `message` a sentence.
void log_info(std::string_view event, std::string_view message, LogFields fields = {});
void log_warning(std::string_view event, std::string_view message, LogFields fields = {});
void log_error(std::string_view event, std::string_view message, LogFields fields = {});

} // namespace egressd::proxy
