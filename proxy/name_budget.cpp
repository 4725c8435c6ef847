#include "proxy/name_budget.hpp"

#include "policy/public_suffix.hpp"
#include "proxy/operator_log.hpp"

#include <string>

namespace egressd::proxy {

namespace {

using Clock = std::chrono::steady_clock;

/// Does the agent choose any of it?
bool is_free(const config::Settings& settings, const policy::Attempt& attempt,
             const policy::Decision& decision) {
    const bool listed =
        decision.rule != nullptr && decision.rule->pattern.kind == policy::Pattern::Kind::exact;
    return listed || attempt.host.is_address() || settings.dns.hosts.contains(attempt.host.text());
}

} // namespace

bool NameBudgets::charge(const config::Settings& settings, const policy::Attempt& attempt,
                         const policy::Decision& decision, Cost cost) {
    using Answer = policy::NameBudget::Answer;
    if (is_free(settings, attempt, decision))
        return true;
    const std::string& name = attempt.host.text();
    Answer answer = Answer::within;
    {
        const std::lock_guard lock(mutex_);
        answer = budget_.charge(attempt.task, name, settings.dns.budget, Clock::now());
        if (answer == Answer::within && cost == Cost::lookup)
            answer = budget_.charge_lookup(attempt.task, name, settings.dns.budget, Clock::now());
    }
    if (answer == Answer::spent_now)
        log_warning("dns-tunnel",
                    "the names asked for below this domain look like a tunnel: new ones are refused until "
                    "dns.budget.window is over",
                    {{"domain", std::string(policy::registered_domain(name))}, {"task", attempt.task}});
    return answer == Answer::within;
}

bool NameBudgets::may_alert() {
    const std::lock_guard lock(mutex_);
    const Clock::time_point now = Clock::now();
    if (now - minute_ >= std::chrono::minutes(1)) {
        minute_ = now;
        alerts_ = 0;
    }
    return ++alerts_ <= max_alerts;
}

void NameBudgets::note_missing(const config::Settings& settings, const policy::Attempt& attempt,
                               const policy::Decision& decision) {
    if (is_free(settings, attempt, decision))
        return;
    const std::lock_guard lock(mutex_);
    budget_.note_missing(attempt.task, attempt.host.text(), settings.dns.budget, Clock::now());
}

} // namespace egressd::proxy
