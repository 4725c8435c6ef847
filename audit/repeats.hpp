// Is this attempt the same again? A program that retries in a loop must neither bury the rest of the log nor
// fill the disk: after the first ten identical cases of ten seconds, one record counts the others, and
// whoever is counted is told that record's id. Denials are counted, and what is answered without anything
// leaving. It decides what is written of a case; it does not know why it was decided so.
#pragma once

#include "audit/journal.hpp"
#include "policy/decision.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace egressd::audit {

/// Attempts that agree in all of this are identical. Task and host are empty where nothing could be parsed.
struct Case {
    std::string_view task;
    std::string_view host;
    std::uint16_t port = 0;
    policy::Reason reason = policy::Reason::not_listed; // its conclusion
    policy::Verdict verdict = policy::Verdict::deny;
    std::string_view query_type{}; // of a question for a name
};

/// How often a case came again, for whoever has seen it counted and need not ask again each time: from any
/// thread, without a lock.
class Count {
public:
    /// False when the record was filed meanwhile: then the case is to be noted anew.
    bool add() { return (value_.fetch_add(one, std::memory_order_relaxed) & closed) == 0; }

    /// The sum; nothing is counted from here on.
    std::uint64_t close() { return value_.fetch_or(closed, std::memory_order_relaxed) / one; }

private:
    static constexpr std::uint64_t closed = 1;
    static constexpr std::uint64_t one = 2;
    std::atomic<std::uint64_t> value_{0};
};

class Repeats {
public:
    using Clock = std::chrono::steady_clock;

    /// `journal` gets the end records of counting records.
    explicit Repeats(Journal& journal) : journal_(journal) {}
    ~Repeats() { close(); }
    Repeats(const Repeats&) = delete;
    Repeats& operator=(const Repeats&) = delete;

    enum class Role {
        single,  // files its own attempt and end
        opens,   // files its own attempt; its end is filed here, with the count
        counted, // files nothing
    };

    struct Place {
        Role role = Role::single;
        std::string counted_by;       // with Role::counted: the id of the record that counts it
        std::shared_ptr<Count> count; // except with Role::single: counts those that come after it
    };

    /// `id` and `subject` (event.hpp) are those of the entry that asks. Thread-safe, as all of this class.
    Place note(const Case& repeated, std::string_view id, std::string_view subject, Clock::time_point now);

    /// Files the end records of windows that are over; to be called about once a second.
    void expire(Clock::time_point now);

    /// Files them all. The owner calls it when the sessions have ended, before the run's last record.
    void close();

private:
    struct Window {
        Clock::time_point opened;
        std::uint64_t cases = 0;
        // Of the counting record, from the case on that opens it.
        Clock::time_point counting_since;
        policy::Reason reason = policy::Reason::not_listed;
        policy::Verdict verdict = policy::Verdict::deny;
        std::string id;
        std::string subject;
        std::shared_ptr<Count> more; // beyond `cases`
    };

    void finish(const Window& window, Clock::time_point now);

    Journal& journal_;
    std::mutex mutex_;
    std::unordered_map<std::string, Window> windows_;
};

} // namespace egressd::audit
