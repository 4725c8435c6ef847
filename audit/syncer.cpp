#include "audit/syncer.hpp"

#include <algorithm>
#include <utility>

namespace egressd::audit {
namespace {

/// Between two syncs that are asked for at once: a loop of denials must not keep the disk busy for everybody
/// else.
constexpr std::chrono::milliseconds shortest_pause{10};

} // namespace

Syncer::Syncer(std::chrono::milliseconds interval) : interval_(interval), thread_([this] { run(); }) {}

void Syncer::finish() {
    if (!thread_.joinable())
        return;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void Syncer::written(const std::shared_ptr<const LogFile>& file, bool at_once) {
    const Clock::time_point now = Clock::now();
    bool wake = false;
    {
        const std::lock_guard lock(mutex_);
        const Clock::time_point due = at_once ? now : now + interval_;
        if (!file_ || due < due_) {
            wake = !file_ || due_ > now;
            due_ = due;
        }
        file_ = file;
    }
    if (wake)
        wake_.notify_one();
}

void Syncer::run() {
    std::unique_lock lock(mutex_);
    Clock::time_point not_before{};
    while (!stopping_ || file_) {
        if (!file_) {
            wake_.wait(lock);
            continue;
        }
        const Clock::time_point start = std::max(due_, not_before);
        if (!stopping_ && Clock::now() < start) {
            wake_.wait_until(lock, start);
            continue;
        }
        const std::shared_ptr<const LogFile> file = std::exchange(file_, nullptr);
        lock.unlock();
        const std::error_code error = file->sync();
        lock.lock();
        problem_ = error.value();
        not_before = Clock::now() + shortest_pause;
        if (error && !stopping_ && !file_) { // tried again also when nothing more is written
            file_ = file;
            due_ = Clock::now() + interval_;
        }
    }
}

} // namespace egressd::audit
