// A random key that stays the same from start to start. It lies in the state directory, is made when it is
// first asked for, and is readable by egressd's user alone.
#pragma once

#include "net/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace egressd::config {

inline constexpr std::size_t key_size = 32;

/// Throws std::runtime_error where no random bytes can be had.
std::string new_key();

/// The key in the file `name`, a new one where there is none yet; the directory must be there. `exposed` says
/// what to do when others had access to it. The Error names the remedy.
Result<std::string> kept_key(const std::string& name, std::string_view exposed);

} // namespace egressd::config
