#include "proxy/splits.hpp"

#include <algorithm>

namespace egressd::proxy {

std::vector<scan::Piece> Splits::mark(const std::string& client, const scan::FragmentIndex& index,
                                      const std::vector<scan::Piece>& pieces, Clock::time_point now) {
    std::vector<scan::Piece> complete;
    if (pieces.empty())
        return complete;
    const std::lock_guard lock(mutex_);
    scan::FragmentTracker& tracker = client_named(client, now).tracker;
    for (const scan::Piece& piece : pieces) {
        const bool is_complete = tracker.mark(index, piece, now);
        const bool is_new = std::none_of(complete.begin(), complete.end(),
                                         [&](const scan::Piece& one) { return one.secret == piece.secret; });
        if (is_complete && is_new)
            complete.push_back(piece);
    }
    return complete;
}

Splits::Client& Splits::client_named(const std::string& name, Clock::time_point now) {
    auto client =
        std::find_if(clients_.begin(), clients_.end(), [&](const Client& one) { return one.name == name; });
    if (client == clients_.end()) {
        if (clients_.size() == max_clients)
            clients_.erase(
                std::min_element(clients_.begin(), clients_.end(),
                                 [](const Client& a, const Client& b) { return a.used < b.used; }));
        client = clients_.insert(clients_.end(), Client{name, {}, now});
    }
    client->used = now;
    return *client;
}

} // namespace egressd::proxy
