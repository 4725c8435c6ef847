// What may others learn of this process? It holds private keys and the values that must not leave.
#pragma once

namespace egressd::cli {

/// From now on neither a crash nor another process of the same user gets at its memory: no core file, no pipe
/// to a collector of crashes, no ptrace. /proc/self belongs to root afterwards. What it starts may dump no
/// core either, but can be traced again. Throws std::system_error.
void forbid_core_dumps();

} // namespace egressd::cli
