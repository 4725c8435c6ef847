// May this name go to a name server? Asked wherever a name would be looked up, by DNS or for a connection:
// the names that are asked for below one domain are a channel out (policy/budget.hpp). Shared by all workers.
#pragma once

#include "config/settings.hpp"
#include "policy/budget.hpp"

#include <mutex>

namespace egressd::proxy {

/// Thread-safe.
class NameBudgets {
public:
    /// What a name costs: `name` that it is known, `lookup` that somebody is asked for it as well.
    enum class Cost { name, lookup };

    /// False where the attempt's host is over the budget of its domain: the operator's log is told once a
    /// window. Names that the policy or `dns.hosts` has in full cost nothing.
    bool charge(const config::Settings& settings, const policy::Attempt& attempt,
                const policy::Decision& decision, Cost cost);

    /// The name turned out not to exist.
    void note_missing(const config::Settings& settings, const policy::Attempt& attempt,
                      const policy::Decision& decision);

    /// Is one more line about a name due in the operator's log? So many a minute that all is seen, and so few
    /// that an agent cannot fill it.
    bool may_alert();
    static constexpr std::size_t max_alerts = 60;

private:
    std::mutex mutex_;
    policy::NameBudget budget_;
    std::chrono::steady_clock::time_point minute_;
    std::size_t alerts_ = 0; // in this minute
};

} // namespace egressd::proxy
