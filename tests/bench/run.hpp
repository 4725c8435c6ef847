// The four measurements that drive many tunnels at once: exchanges a second, bytes a second, idle tunnels
// held open, and the time from exec to the first served request. Each returns plain figures.
#pragma once

#include "tests/bench/tunnel.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace egressd::bench {

struct Exchanges {
    std::uint64_t done = 0;
    std::uint64_t failed = 0;
    double seconds = 0;
    std::string failure; // the first one: what the proxy said
};

/// Keeps `connections` scripts in flight for `duration`, each on a connection of its own, taking one of
/// `scripts` after the other.
Exchanges run_exchanges(const std::vector<Script>& scripts, std::size_t connections,
                        std::chrono::milliseconds duration);

enum class Direction { down, up };

struct Bulk {
    std::uint64_t bytes = 0;
    double seconds = 0;
};

/// Opens `connections` tunnels, then moves bytes through all of them for `duration`. `script.hello` is sent
/// when all are open.
Bulk run_bulk(Script script, Direction direction, std::size_t connections,
              std::chrono::milliseconds duration);

/// Opens `count` tunnels, a bounded number at a time, and keeps them.
std::vector<Tunnel> open_idle(const Script& script, std::size_t count, std::chrono::milliseconds limit);

/// Runs `command`, asks `endpoint` for `url` until it answers 200, ends the command by SIGTERM. The
/// milliseconds from exec to the answer.
double measure_start(const sockaddr_in& endpoint, const std::string& url,
                     const std::vector<std::string>& command);

} // namespace egressd::bench
