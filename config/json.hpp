// How is a JSON tree written: in the one canonical form that is hashed, or for people? Strings come out as in
// the log: printable ASCII.
#pragma once

#include <boost/json/value.hpp>

#include <string>

namespace egressd::config {

/// Keys sorted by byte, no white space.
std::string canonical(const boost::json::value& value);

/// Keys in their own order, two spaces a level, a newline at the end.
std::string pretty(const boost::json::value& value);

} // namespace egressd::config
