// The TLS end of the bulk measurements: an HTTP/1.1 server in one thread that reads a request's body to its
// end before it answers, and answers GET /N with N bytes.
#pragma once

#include "tests/bench/socket.hpp"

#include <string>

namespace egressd::bench {

/// Never returns.
[[noreturn]] void serve_tls_origin(const sockaddr_in& endpoint, const std::string& certificate_file,
                                   const std::string& key_file);

} // namespace egressd::bench
