// Is what was written on the disk itself? fdatasync(2) on a thread of its own, so that a slow disk delays no
// commit: at intervals while there is something to sync, and at once for what must not be lost in a power
// cut. At most one is in flight.
#pragma once

#include "audit/log_file.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

namespace egressd::audit {

class Syncer {
public:
    explicit Syncer(std::chrono::milliseconds interval);
    ~Syncer() { finish(); }
    Syncer(const Syncer&) = delete;
    Syncer& operator=(const Syncer&) = delete;

    /// `file` has new bytes.
    void written(const std::shared_ptr<const LogFile>& file, bool at_once);

    /// Syncs what is left, and ends the thread.
    void finish();

    /// Why the last sync failed; no error when it worked.
    std::error_code problem() const { return {problem_.load(), std::generic_category()}; }

private:
    using Clock = std::chrono::steady_clock;
    void run();

    const std::chrono::milliseconds interval_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::shared_ptr<const LogFile> file_; // set while there is something to sync
    Clock::time_point due_;
    bool stopping_ = false;
    std::atomic<int> problem_ = 0; // errno; read for every attempt, so it needs no lock
    std::thread thread_;           // last: it uses all of the above
};

} // namespace egressd::audit
