#include "audit/journal.hpp"

#include "audit/intake.hpp"
#include "audit/log_file.hpp"
#include "audit/syncer.hpp"
#include "audit/timestamp.hpp"

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace egressd::audit {
namespace {

/// The most that one write(2) takes: enough to make the call's cost vanish, little enough that nobody waits
/// long for his turn.
constexpr std::size_t batch_bytes = 1024 * 1024;

/// How long the file is left alone after a write that failed.
constexpr std::chrono::milliseconds retry_pause{200};

} // namespace

/// The writer thread and what only it touches. It takes what waits, formats a batch, writes it with one
/// write(2), and tells those who wait. A batch that cannot be written is taken back whole and stays in the
/// backlog. Running out of memory here ends the process: without a log there is no traffic.
class Journal::Writer {
public:
    Writer(JournalOptions options, std::shared_ptr<LogFile> file)
        : options_(std::move(options)), file_(std::move(file)), recovered_bytes_(file_->recovered_bytes()),
          position_(file_->position()), syncer_(options_.sync), thread_([this] { run(); }) {}

    ~Writer() { finish(); }

    std::uint64_t finish();

    const JournalOptions& options() const { return options_; }
    std::uint64_t recovered_bytes() const { return recovered_bytes_; }
    std::error_code problem() const {
        const int write_problem = write_problem_.load();
        return write_problem != 0 ? std::error_code(write_problem, std::generic_category())
                                  : syncer_.problem();
    }

    Intake intake;

private:
    void run();
    void commit();
    void switch_files(const Reopened& reopened);
    Result<void> open_anew();
    std::size_t format_batch();
    void settle(std::size_t records);
    void deny_waiting();

    const JournalOptions options_;
    std::shared_ptr<LogFile> file_;
    const std::uint64_t recovered_bytes_;
    Position position_;
    Sha256 sha256_;
    Timestamp timestamp_;
    std::vector<Record> backlog_;
    std::size_t denied_ = 0; // the first ones of the backlog: nobody waits for them any more
    std::string batch_;
    std::optional<Intake::Clock::time_point> retry_at_; // set while the file cannot be written
    std::atomic<int> write_problem_ = 0;                // errno
    Syncer syncer_;
    std::thread thread_; // last: it uses all of the above
};

void Journal::Writer::run() {
    bool open = true;
    while (open) {
        open = intake.take(backlog_, retry_at_);
        if (open && retry_at_ && Intake::Clock::now() < *retry_at_)
            deny_waiting();
        else
            commit();
    }
}

void Journal::Writer::commit() {
    while (!backlog_.empty()) {
        if (const Reopened reopened = std::exchange(backlog_.front().reopened, {}))
            switch_files(reopened);
        const Position before = position_;
        const std::size_t records = format_batch();
        if (const std::error_code error = file_->append(batch_); error) {
            position_ = before;
            write_problem_ = error.value();
            retry_at_ = Intake::Clock::now() + retry_pause;
            deny_waiting();
            return;
        }
        write_problem_ = 0;
        settle(records);
    }
    retry_at_.reset();
}

void Journal::Writer::switch_files(const Reopened& reopened) {
    reopened(file_->is_named(options_.file) ? Result<void>() : open_anew());
}

Result<void> Journal::Writer::open_anew() {
    const Result<std::shared_ptr<LogFile>> next = LogFile::open(options_.file);
    if (!next)
        return next.error();
    if ((*next)->position().seq != 0)
        return Error{
            Side::self,
            "the audit log " + options_.file +
                " holds records of another log; the file that was open before stays in use until an empty "
                "or a missing one takes its place"};
    if (const std::error_code error = file_->sync(); error)
        return Error{Side::self, "the old audit log cannot be synced and stays in use: " + error.message()};
    file_ = *next;
    position_.seq = 0;
    return {};
}

/// Formats from the front of the backlog until the batch is full or a record wants a new file.
std::size_t Journal::Writer::format_batch() {
    batch_.clear();
    if (batch_.capacity() > 2 * batch_bytes) // a huge policy record has passed
        batch_.shrink_to_fit();
    std::size_t records = 0;
    while (records < backlog_.size() && batch_.size() < batch_bytes && !backlog_[records].reopened) {
        const Record& record = backlog_[records];
        append_line(batch_, position_, sha256_, timestamp_.text(record.queued), record.fields);
        ++records;
    }
    return records;
}

void Journal::Writer::settle(std::size_t records) {
    const auto end = backlog_.begin() + static_cast<std::ptrdiff_t>(records);
    std::size_t bytes = 0;
    bool at_once = false;
    for (auto record = backlog_.begin(); record != end; ++record) {
        bytes += record->fields.size();
        at_once = at_once || record->durability == Durability::synced_soon;
    }
    intake.release(records, bytes); // first, so that whoever is told finds room for his next record
    for (auto record = backlog_.begin(); record != end; ++record)
        if (record->done)
            record->done(true);
    backlog_.erase(backlog_.begin(), end);
    denied_ -= std::min(denied_, records);
    syncer_.written(file_, at_once);
}

void Journal::Writer::deny_waiting() {
    for (; denied_ < backlog_.size(); ++denied_)
        if (const Done done = std::exchange(backlog_[denied_].done, {}))
            done(false);
}

std::uint64_t Journal::Writer::finish() {
    if (thread_.joinable()) {
        intake.close();
        thread_.join();
        syncer_.finish();
        file_.reset(); // another process may continue it from here
    }
    return backlog_.size() + intake.unreported_losses();
}

Result<std::unique_ptr<Journal>> Journal::open(JournalOptions options) {
    const Result<std::shared_ptr<LogFile>> file = LogFile::open(options.file);
    if (!file)
        return file.error();
    return std::unique_ptr<Journal>(new Journal(std::make_unique<Writer>(std::move(options), *file)));
}

Journal::Journal(std::unique_ptr<Writer> writer) : writer_(std::move(writer)) {}

Journal::~Journal() = default;

void Journal::append(std::string fields, Durability durability, Done done, Wake wake) {
    Record record;
    record.fields = std::move(fields);
    record.durability = durability;
    record.done = std::move(done);
    if (!writer_->intake.push(record, wake) && record.done)
        record.done(false);
}

void Journal::wake() {
    writer_->intake.wake();
}

bool Journal::healthy() const {
    return !writer_->problem();
}

std::string Journal::problem() const {
    const std::error_code problem = writer_->problem();
    return problem ? "the audit log " + writer_->options().file + " cannot be written: " + problem.message()
                   : std::string();
}

void Journal::reopen(std::string fields, Reopened reopened) {
    Record record;
    record.fields = std::move(fields);
    record.durability = Durability::synced_soon;
    record.reopened = std::move(reopened);
    if (!writer_->intake.push(record))
        record.reopened(Error{Side::self, "the audit log cannot be written, and its queue is full"});
}

std::uint64_t Journal::recovered_bytes() const {
    return writer_->recovered_bytes();
}

std::uint64_t Journal::finish() {
    return writer_->finish();
}

} // namespace egressd::audit
