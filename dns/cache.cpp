#include "dns/cache.hpp"

#include <algorithm>

namespace egressd::dns {

const Outcome* Cache::find(const std::string& name, Time now) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) {
        return nullptr;
    }
    const Entries::iterator entry = found->second;
    if (entry->expires <= now) {
        drop(entry);
        return nullptr;
    }
    by_use_.splice(by_use_.begin(), by_use_, entry);
    entry->outcome.lifetime = std::chrono::ceil<std::chrono::seconds>(entry->expires - now);
    return &entry->outcome;
}

void Cache::store(const std::string& name, const Outcome& outcome, Time now) {
    if (outcome.lifetime <= std::chrono::seconds{0} || capacity_ == 0) {
        return;
    }
    const auto known = by_name_.find(name);
    if (known != by_name_.end()) {
        drop(known->second);
    } else if (by_use_.size() >= capacity_) {
        drop(std::prev(by_use_.end()));
    }
    by_use_.push_front({name, outcome, now + std::min(outcome.lifetime, max_lifetime)});
    by_name_.emplace(name, by_use_.begin());
}

void Cache::drop(Entries::iterator entry) {
    by_name_.erase(entry->name);
    by_use_.erase(entry);
}

} // namespace egressd::dns
