#include "audit/repeats.hpp"

#include "audit/event.hpp"
#include "audit/json.hpp"

namespace egressd::audit {
namespace {

/// Enough to see a pattern, too few to bury anything.
constexpr std::uint64_t written_in_full = 10;

constexpr std::chrono::seconds window_length{10};

/// Memory that an agent can claim by asking for ever new names: about 2 MiB. Beyond it a new case is written
/// in full.
constexpr std::size_t max_windows = 4096;

std::string key_of(const Case& repeated) {
    std::string key;
    key.reserve(repeated.task.size() + repeated.host.size() + repeated.query_type.size() + 20);
    key += repeated.task;
    key += '\0'; // in no task and no host
    key += repeated.host;
    key += '\0';
    append_number(key, repeated.port);
    key += ' ';
    append_number(key, static_cast<int>(repeated.reason));
    key += ' ';
    append_number(key, static_cast<int>(repeated.verdict));
    key += ' ';
    key += repeated.query_type;
    return key;
}

} // namespace

Repeats::Place Repeats::note(const Case& repeated, std::string_view id, std::string_view subject,
                             Clock::time_point now) {
    std::string key = key_of(repeated);
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
    ++window.cases;
    if (window.cases <= written_in_full)
        return {};
    if (window.cases > written_in_full + 1)
        return {Role::counted, window.id, window.more};
    window.counting_since = now;
    window.reason = repeated.reason;
    window.verdict = repeated.verdict;
    window.id = id;
    window.subject = subject;
    window.more = std::make_shared<Count>();
    return {Role::opens, {}, window.more};
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
    if (window.cases <= written_in_full)
        return;
    const auto lasted = std::chrono::duration_cast<std::chrono::milliseconds>(now - window.counting_since);
    const std::uint64_t repeated = window.cases - written_in_full + window.more->close();
    journal_.append(end_record(window.subject, window.verdict, window.reason, Ending{}, lasted, repeated),
                    Durability::written);
}

} // namespace egressd::audit
