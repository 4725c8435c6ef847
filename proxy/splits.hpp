// Which known secrets has a client said in pieces, over several fields or requests? Remembered for all
// workers together, since a client's next connection may be another worker's.
#pragma once

#include "scan/fragments.hpp"

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

namespace egressd::proxy {

/// Thread-safe. The lock is taken only where a piece of a secret was seen.
class Splits {
public:
    using Clock = scan::FragmentTracker::Clock;
    static constexpr std::size_t max_clients = 64; // the one that said a piece longest ago is forgotten

    /// Remembers the pieces that `client` has said; returns those that complete a secret, one for each.
    std::vector<scan::Piece> mark(const std::string& client, const scan::FragmentIndex& index,
                                  const std::vector<scan::Piece>& pieces, Clock::time_point now);

private:
    struct Client {
        std::string name;
        scan::FragmentTracker tracker;
        Clock::time_point used;
    };
    Client& client_named(const std::string& name, Clock::time_point now);

    std::mutex mutex_;
    std::vector<Client> clients_;
};

} // namespace egressd::proxy
