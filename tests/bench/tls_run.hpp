// Drives inspected connections for a while, or for a number of requests, and counts: answers on connections
// that stay open, or connections with one answer each, with one name or a new one every time.
#pragma once

#include "tests/bench/run.hpp"
#include "tests/bench/tls_client.hpp"

#include <functional>

namespace egressd::bench {

struct TlsPlan {
    sockaddr_in endpoint = {};
    bool through_proxy = false;
    std::string authority; // HOST:PORT of the origin
    std::string ca_file;   // who must have signed the certificate that the client sees
    TlsRequest request;
    std::size_t connections = 1;
    bool keep_alive = true;
    bool new_names = false;     // n1.HOST, n2.HOST ...: one per connection
    std::uint64_t requests = 0; // end after as many answers; 0: only after `duration`
    std::chrono::milliseconds duration = {};
};

/// `done` counts answers; a failed connection is replaced by a new one. With keep_alive, every connection
/// first has one answer, then `opened` is called and time and count begin. Throws std::runtime_error when
/// that fails.
Exchanges run_tls(TlsPlan plan, const std::function<void()>& opened);

} // namespace egressd::bench
