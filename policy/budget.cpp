#include "policy/budget.hpp"

#include "policy/public_suffix.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace egressd::policy {
namespace {

/// Shorter labels cannot be told from joined words ("productionresultssa0"); `names` and `bytes` hold them.
constexpr std::size_t least_random = 24;

/// Bits a letter. Of 32 random letters of hex nearly all have more, of 24 of base32 all. Some words do, too:
/// who has 20 such names below one domain is rare.
constexpr double random_entropy = 3.0;

/// The labels in front of `registered`, with their dots.
std::string_view front_of(std::string_view name, std::string_view registered) {
    return name.substr(0, name.size() - registered.size());
}

bool has_random_label(std::string_view front) {
    while (!front.empty()) {
        const std::size_t end = std::min(front.find('.'), front.size());
        if (looks_random(front.substr(0, end)))
            return true;
        front.remove_prefix(std::min(end + 1, front.size()));
    }
    return false;
}

} // namespace

bool looks_random(std::string_view label) {
    if (label.size() < least_random)
        return false;
    std::array<unsigned, 256> counts{};
    for (const char c : label)
        ++counts[static_cast<unsigned char>(c)];
    double bits = 0;
    for (const unsigned count : counts) {
        if (count == 0)
            continue;
        const double share = count / static_cast<double>(label.size());
        bits -= share * std::log2(share);
    }
    return bits >= random_entropy;
}

NameBudget::Answer NameBudget::charge(std::string_view task, std::string_view name, const NameLimits& limits,
                                      Time now) {
    const std::string_view registered = registered_domain(name);
    Domain* domain = domain_of(task, registered, limits, now);
    if (domain == nullptr)
        return Answer::spent;
    if (domain->names.contains(std::string(name)))
        return Answer::within;
    const std::string_view front = front_of(name, registered);
    const bool random = has_random_label(front);
    if (domain->names.size() >= limits.names || domain->bytes + front.size() > limits.bytes ||
        domain->missing.size() >= limits.missing || (random && domain->random >= limits.random))
        return refuse(domain);
    domain->names.emplace(name);
    domain->bytes += front.size();
    domain->random += random ? 1 : 0;
    return Answer::within;
}

NameBudget::Answer NameBudget::charge_lookup(std::string_view task, std::string_view name,
                                             const NameLimits& limits, Time now) {
    Domain* domain = domain_of(task, registered_domain(name), limits, now);
    if (domain == nullptr)
        return Answer::spent;
    if (domain->lookups >= limits.lookups)
        return refuse(domain);
    ++domain->lookups;
    return Answer::within;
}

void NameBudget::note_missing(std::string_view task, std::string_view name, const NameLimits& limits,
                              Time now) {
    Domain* domain = domain_of(task, registered_domain(name), limits, now);
    if (domain != nullptr && domain->missing.size() < limits.missing)
        domain->missing.emplace(name);
}

NameBudget::Domain* NameBudget::domain_of(std::string_view task, std::string_view registered,
                                          const NameLimits& limits, Time now) {
    std::string key(task);
    key += '\0'; // in no task and no name
    key += registered;
    const auto known = domains_.find(key);
    if (known != domains_.end()) {
        if (now - known->second.opened >= limits.window)
            known->second = Domain{.opened = now};
        return &known->second;
    }
    if (domains_.size() >= max_domains)
        std::erase_if(domains_, [&](const auto& each) { return now - each.second.opened >= limits.window; });
    if (domains_.size() >= max_domains)
        return nullptr;
    return &domains_.emplace(std::move(key), Domain{.opened = now}).first->second;
}

NameBudget::Answer NameBudget::refuse(Domain* domain) {
    const bool first = !domain->told;
    domain->told = true;
    return first ? Answer::spent_now : Answer::spent;
}

} // namespace egressd::policy
