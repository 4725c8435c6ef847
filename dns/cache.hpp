// Which names were resolved a moment ago? A bounded memory of outcomes, good ones and bad ones, least
// recently used out first. It is told what time it is and asks nobody.
#pragma once

#include "dns/answer.hpp"

#include <chrono>
#include <cstddef>
#include <list>
#include <string>
#include <unordered_map>

namespace egressd::dns {

/// Names kept for each worker: far more than an agent visits, and a few megabytes at worst.
inline constexpr std::size_t max_cached_names = 4096;

/// No record is kept longer, whatever its TTL: an origin that moves is found again within minutes without a
/// restart.
inline constexpr std::chrono::seconds max_lifetime{300};

class Cache {
public:
    using Time = std::chrono::steady_clock::time_point;

    explicit Cache(std::size_t capacity = max_cached_names) : capacity_(capacity) {}

    /// nullptr where the name is unknown or its outcome has expired; with the lifetime that is left, rounded
    /// up. Valid until the next call.
    const Outcome* find(const std::string& name, Time now);

    /// Keeps the outcome for its lifetime, 300 s at most; one of zero or less is not kept, and replaces
    /// nothing.
    void store(const std::string& name, const Outcome& outcome, Time now);

    std::size_t size() const { return by_use_.size(); }

private:
    struct Entry {
        std::string name;
        Outcome outcome;
        Time expires;
    };
    using Entries = std::list<Entry>;

    void drop(Entries::iterator entry);

    std::size_t capacity_;
    Entries by_use_; // most recently used first
    std::unordered_map<std::string, Entries::iterator> by_name_;
};

} // namespace egressd::dns
