// What waits to be written? The bounded queue between the threads that append records and the one that writes
// them. It knows when the writer needs to be woken, which costs the appending thread more than the rest of
// its work, and it counts what it had to refuse.
#pragma once

#include "audit/journal.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace egressd::audit {

struct Record {
    std::string fields;
    Durability durability = Durability::written;
    Journal::Done done;
    Journal::Reopened reopened; // set: this record is to start a new file
    std::chrono::system_clock::time_point queued{};
};

class Intake {
public:
    using Clock = std::chrono::steady_clock;

    /// False when the bound is reached: `record` is left alone, and counted as lost.
    bool push(Record& record, Wake wake = Wake::now);

    /// For what was pushed with Wake::later.
    void wake();

    /// Moves all that waits to the end of `records`. Sleeps until there is something, `retry_at` has come, or
    /// close() was called; false after close(). `retry_at` is set while the file cannot be written.
    bool take(std::vector<Record>& records, std::optional<Clock::time_point> retry_at);

    /// `records` of what was taken, `bytes` of fields in all, no longer count towards the bound.
    void release(std::size_t records, std::size_t bytes);

    void close();

    /// Records that were refused and that no `limit` record tells of.
    std::uint64_t unreported_losses() const;

private:
    enum class WriterState { awake, dozing, asleep };

    bool is_full(const Record& record) const;
    bool needs_waking() const;
    void sleep(std::unique_lock<std::mutex>& lock, std::optional<Clock::time_point> retry_at);
    void add(Record record);
    void report_losses();

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<Record> waiting_;
    std::size_t held_records_ = 0; // waiting, or taken and not yet released
    std::size_t held_bytes_ = 0;
    std::uint64_t lost_ = 0;
    WriterState writer_ = WriterState::awake;
    bool urgent_ = false; // somebody waits for one of the waiting records
    bool closed_ = false;
};

} // namespace egressd::audit
