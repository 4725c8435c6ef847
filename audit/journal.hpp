// The append-only log on disk: one JSON object a line, numbered, chained by SHA-256, committed in groups by
// one writer thread. It knows bytes, order and durability; what a record says is audit/event's business.
//
// A line is {"v":1,"seq":N,"ts":"…",<fields>,"prev":"<hex>","hash":"<hex>"}. `hash` is the SHA-256 of the
// line's bytes up to, and without, `,"hash":`; `prev` is the hash of the line before it (64 zeros before the
// first of a log). After a rotation the new file starts at seq 1 and its first `prev` is the hash of the last
// line of the file before, so that the chain goes on across files. `ts` is when the record was queued; it
// never goes back within a run.
//
// When the disk fails, records stay queued within a bound and are written when it works again: the attempts
// that waited have been told false long before, and stand in the log all the same, with their end. Beyond the
// bound they are counted, and a `limit` record says how many.
#pragma once

#include "net/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace egressd::audit {

enum class OnFailure { deny, carry_on };

struct JournalOptions {
    std::string file;
    std::chrono::milliseconds sync{1000}; // how often fdatasync runs while there is something to sync
    OnFailure on_failure = OnFailure::deny;
};

/// How soon a record must be on the disk itself, not only in the kernel.
enum class Durability { written, synced_soon };

/// Writes to a file whose size is limited fail with an error only where SIGXFSZ is ignored: the process must
/// do so.
/// Waking the writer costs more than appending. Who appends many records in a row, each waited for, wakes
/// once behind them.
enum class Wake { now, later };

class Journal {
public:
    /// Told once whether write(2) of the record returned: from the writer's thread, or from within append()
    /// itself when the bound is reached. It must not block, must not throw, and is destroyed on that thread.
    using Done = std::function<void(bool written)>;

    /// Told once, from the writer's thread, whether the new file is in use; under the same rules.
    using Reopened = std::function<void(const Result<void>& outcome)>;

    /// Opens or continues `options.file` (mode 0600, locked against a second writer): reads its last line to
    /// go on with seq and chain; cuts off a last line without its newline, which no attempt can have waited
    /// for. The Error (not creatable, locked, last line not ours or changed) names the remedy.
    static Result<std::unique_ptr<Journal>> open(JournalOptions options);

    /// Does what finish() does.
    ~Journal();

    /// Queues a record: `fields` is the inside of a JSON object without braces, e.g. `"event":"stop"`, in one
    /// line. Thread-safe. The writer takes a record that somebody waits for at once, others within
    /// milliseconds.
    void append(std::string fields, Durability durability, Done done = {}, Wake wake = Wake::now);

    /// Wakes the writer for what was appended with Wake::later.
    void wake();

    /// False while the last write or the last sync failed: new attempts are to be denied (unless on_failure
    /// is carry_on, which is for the caller to know). The journal recovers by itself.
    bool healthy() const;

    /// What is wrong, for the operator; empty while healthy.
    std::string problem() const;

    /// Asks the writer to close and reopen the file by its name (log rotation) before the next record;
    /// `fields` becomes the new file's first record. If the new file cannot be opened, or holds records
    /// already, the old one stays in use, `fields` goes there, and `reopened` is told why. A file that still
    /// has its name is just continued.
    void reopen(std::string fields, Reopened reopened);

    /// Bytes that were cut off at open(), 0 in a clean start.
    std::uint64_t recovered_bytes() const;

    /// Writes everything queued, syncs, stops the threads and lets the file go. Returns how many records
    /// could not be written. Nothing may be appended from then on.
    std::uint64_t finish();

private:
    class Writer;
    explicit Journal(std::unique_ptr<Writer> writer);
    std::unique_ptr<Writer> writer_;
};

} // namespace egressd::audit
