#include "audit/intake.hpp"

#include "audit/event.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace egressd::audit {
namespace {

struct Bound {
    std::size_t records;
    std::size_t bytes;
};

/// What is kept while the disk fails: about as much memory as one busy minute of records takes.
constexpr Bound bound_of_all{65'536, 32 * 1024 * 1024};

/// An attempt is refused earlier: it can still be denied, while the rest is kept for the ends of what has
/// begun.
constexpr Bound bound_of_attempts{bound_of_all.records / 4 * 3, bound_of_all.bytes / 4 * 3};

/// After a commit the writer gathers records that nobody waits for so long before it commits again: waking it
/// for each would cost the threads that serve more than everything else they do for the log.
constexpr std::chrono::milliseconds gather_time{5};

} // namespace

bool Intake::is_full(const Record& record) const {
    const Bound& bound = record.done ? bound_of_attempts : bound_of_all;
    // The new record itself is not looked at: one that is larger than the whole bound (a policy of a million
    // names) still gets in.
    return held_records_ >= bound.records || held_bytes_ >= bound.bytes;
}

bool Intake::push(Record& record, Wake when) {
    bool wake = false;
    {
        const std::lock_guard lock(mutex_);
        if (is_full(record)) {
            ++lost_;
            return false;
        }
        const bool urgent = record.done || record.reopened;
        add(std::move(record));
        urgent_ = urgent_ || urgent;
        wake = when == Wake::now && needs_waking();
        if (wake)
            writer_ = WriterState::awake; // the next one to append need not wake it again
    }
    if (wake)
        wake_.notify_one();
    return true;
}

void Intake::wake() {
    {
        const std::lock_guard lock(mutex_);
        if (waiting_.empty() || !needs_waking())
            return;
        writer_ = WriterState::awake;
    }
    wake_.notify_one();
}

bool Intake::needs_waking() const {
    return writer_ == WriterState::asleep || (writer_ == WriterState::dozing && urgent_);
}

void Intake::add(Record record) {
    record.queued = std::chrono::system_clock::now();
    ++held_records_;
    held_bytes_ += record.fields.size();
    waiting_.push_back(std::move(record));
}

void Intake::report_losses() {
    if (lost_ == 0)
        return;
    Record record;
    record.fields = limit_record(std::exchange(lost_, 0));
    record.durability = Durability::synced_soon;
    add(std::move(record));
}

bool Intake::take(std::vector<Record>& records, std::optional<Clock::time_point> retry_at) {
    std::unique_lock lock(mutex_);
    sleep(lock, retry_at);
    if (!retry_at || closed_)
        report_losses();
    if (records.empty())
        records.swap(waiting_);
    else
        std::move(waiting_.begin(), waiting_.end(), std::back_inserter(records));
    waiting_.clear();
    urgent_ = false;
    return !closed_;
}

void Intake::sleep(std::unique_lock<std::mutex>& lock, std::optional<Clock::time_point> retry_at) {
    const auto something = [&] { return !waiting_.empty() || closed_ || (lost_ > 0 && !retry_at); };
    if (retry_at) {
        writer_ = WriterState::asleep;
        wake_.wait_until(lock, *retry_at, something);
    } else {
        writer_ = WriterState::dozing;
        wake_.wait_for(lock, gather_time, [this] { return urgent_ || closed_; });
        if (!something()) {
            writer_ = WriterState::asleep;
            wake_.wait(lock, something);
        }
    }
    writer_ = WriterState::awake;
}

void Intake::release(std::size_t records, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    held_records_ -= records;
    held_bytes_ -= bytes;
}

void Intake::close() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    wake_.notify_one();
}

std::uint64_t Intake::unreported_losses() const {
    const std::lock_guard lock(mutex_);
    return lost_;
}

} // namespace egressd::audit
