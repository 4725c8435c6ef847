// Is this denial the same again? A program that retries in a loop must neither bury the rest of the log nor
// fill the disk: after the first ten identical denials of ten seconds, one record counts the others, and
// whoever is counted is told that record's id. It decides what is written for a denial; it does not know why
// something is denied.
#pragma once

#include "audit/journal.hpp"
#include "policy/decision.hpp"

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace egressd::audit {

/// Denials that agree in all of this are identical. Task and host are empty where nothing could be parsed.
struct Denial {
    std::string_view task;
    std::string_view host;
    std::uint16_t port = 0;
    policy::Reason reason = policy::Reason::not_listed;
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
        std::string counted_by; // with Role::counted: the id of the record that counts it
    };

    /// `id` and `subject` (event.hpp) are those of the entry that asks. Thread-safe, as all of this class.
    Place note(const Denial& denial, std::string_view id, std::string_view subject, Clock::time_point now);

    /// Files the end records of windows that are over; to be called about once a second.
    void expire(Clock::time_point now);

    /// Files them all. The owner calls it when the sessions have ended, before the run's last record.
    void close();

private:
    struct Window {
        Clock::time_point opened;
        std::uint64_t denials = 0;
        // Of the counting record, from the denial on that opens it.
        Clock::time_point counting_since;
        policy::Reason reason = policy::Reason::not_listed;
        std::string id;
        std::string subject;
    };

    void finish(const Window& window, Clock::time_point now);

    Journal& journal_;
    std::mutex mutex_;
    std::unordered_map<std::string, Window> windows_;
};

} // namespace egressd::audit
