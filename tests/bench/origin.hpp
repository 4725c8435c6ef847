// The other end of every tunnel: reads a hello of wire.hpp and does what it orders. Never returns; ended by a
// signal.
#pragma once

#include <netinet/in.h>

namespace egressd::bench {

[[noreturn]] void serve_origin(const sockaddr_in& endpoint);

} // namespace egressd::bench
