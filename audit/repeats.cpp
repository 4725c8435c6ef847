#include "audit/repeats.hpp"

#include "audit/event.hpp"
#include "audit/json.hpp"

namespace egressd::audit {
namespace {

/// Enough to see a pattern, too few to bury anything.
constexpr std::uint64_t written_in_full = 10;

constexpr std::chrono::seconds window_length{10};

/// Memory that an agent can claim by asking for ever new names: about 2 MiB. Beyond it a new denial is
/// written in full.
constexpr std::size_t max_windows = 4096;

std::string key_of(const Denial& denial) {
    std::string key;
    key.reserve(denial.task.size() + denial.host.size() + 16);
    key += denial.task;
    key += '\0'; // in no task and no host
    key += denial.host;
    key += '\0';
    append_number(key, denial.port);
    key += ' ';
    append_number(key, static_cast<int>(denial.reason));
    return key;
}

} // namespace

Repeats::Place Repeats::note(const Denial& denial, std::string_view id, std::string_view subject,
                             Clock::time_point now) {
    std::string key = key_of(denial);
    const std::lock_guard lock(mutex_);
    auto found = windows_.find(key);
    if (found != windows_.end() && now - found->second.opened >= window_length) {
        finish(found->second, now);
        windows_.erase(found);
        found = windows_.end();
    }
    if (found == windows_.end()) {
        if (windows_.size() >= max_windows)
            return {};
        found = windows_.try_emplace(std::move(key)).first;
        found->second.opened = now;
    }
    Window& window = found->second;
    ++window.denials;
    if (window.denials <= written_in_full)
        return {};
    if (window.denials > written_in_full + 1)
        return {Role::counted, window.id};
    window.counting_since = now;
    window.reason = denial.reason;
    window.id = id;
    window.subject = subject;
    return {Role::opens, {}};
}

void Repeats::expire(Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    std::erase_if(windows_, [&](const auto& entry) {
        if (now - entry.second.opened < window_length)
            return false;
        finish(entry.second, now);
        return true;
    });
}

void Repeats::close() {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, window] : windows_)
        finish(window, Clock::now());
    windows_.clear();
}

void Repeats::finish(const Window& window, Clock::time_point now) {
    if (window.denials <= written_in_full)
        return;
    const auto lasted = std::chrono::duration_cast<std::chrono::milliseconds>(now - window.counting_since);
    journal_.append(end_record(window.subject, policy::Verdict::deny, window.reason, Ending{}, lasted,
                               window.denials - written_in_full),
                    Durability::written);
}

} // namespace egressd::audit
