// Do the names that a task asks for carry data? Whoever owns a domain below which every name is allowed can
// read what is asked for below it, so the names are counted, by task and registered domain: how many are new,
// how long they are, how many of their labels look random, how many do not exist, and how often somebody has
// to be asked. Names that the policy lists in full say nothing, and are not counted here. Pure: it is told
// the time.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace egressd::policy {

/// What is let through of one registered domain for one task, in `window`.
struct NameLimits {
    std::chrono::milliseconds window{600'000};
    std::size_t names = 200;    // different ones
    std::size_t bytes = 4096;   // of their labels in front of the registered domain
    std::size_t random = 20;    // names with a label that looks random
    std::size_t missing = 50;   // names that do not exist
    std::size_t lookups = 3000; // questions to name servers
};

/// True for a label as encoders make them: long, and with nearly as many bits a letter as there could be.
bool looks_random(std::string_view label);

class NameBudget {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// Domains that are remembered; beyond, when none is out of date, a new one is refused. Far more than a
    /// task visits in ten minutes.
    static constexpr std::size_t max_domains = 4096;

    enum class Answer {
        within,
        spent_now, // over, for the first time in this window
        spent,     // over
    };

    /// `name` is about to be asked for, or given an address. A name that was seen in this window is free;
    /// one that would go beyond a limit is not remembered.
    Answer charge(std::string_view task, std::string_view name, const NameLimits& limits, Time now);
    /// A name server is about to be asked for it.
    Answer charge_lookup(std::string_view task, std::string_view name, const NameLimits& limits, Time now);
    /// It turned out not to exist.
    void note_missing(std::string_view task, std::string_view name, const NameLimits& limits, Time now);

private:
    struct Domain {
        Time opened;
        std::unordered_set<std::string> names{}; // whole: of a hash somebody could make equals
        std::size_t bytes = 0;
        std::size_t random = 0;
        std::unordered_set<std::string> missing{};
        std::size_t lookups = 0;
        bool told = false;
    };
    /// nullptr where there is no room for it.
    Domain* domain_of(std::string_view task, std::string_view registered, const NameLimits& limits, Time now);
    static Answer refuse(Domain* domain);

    std::unordered_map<std::string, Domain> domains_;
};

} // namespace egressd::policy
