#include "audit/entry.hpp"

#include "audit/id.hpp"

#include <utility>

namespace egressd::audit {

namespace {

using Clock = std::chrono::steady_clock;

Durability durability_of(policy::Verdict verdict) {
    return verdict == policy::Verdict::deny ? Durability::synced_soon : Durability::written;
}

} // namespace

Entry::Entry(Log& log, std::string client)
    : log_(log), id_(new_id()), client_(std::move(client)), opened_(Clock::now()) {}

Entry::~Entry() {
    file_end();
}

void Entry::file_attempt(const policy::Attempt* attempt, const policy::Decision& decision,
                         const std::string& rule, const std::string& query_names, Journal::Done done,
                         Wake wake) {
    attempted_ = true;
    verdict_ = decision.verdict;
    subject_ = subject_fields(id_, log_.session, client_, attempt);
    if (verdict_ == policy::Verdict::deny)
        reason_ = decision.reason;
    if (verdict_ == policy::Verdict::deny || answered_here_) {
        Case repeated;
        repeated.reason = reason_;
        repeated.verdict = verdict_;
        if (attempt) {
            repeated.task = attempt->task;
            repeated.host = attempt->host.text();
            repeated.port = attempt->port;
            repeated.query_type = attempt->query_type;
        }
        Repeats::Place place = log_.repeats.note(repeated, id_, subject_, Clock::now());
        counted_ = place.role != Repeats::Role::single;
        count_ = std::move(place.count);
        if (place.role == Repeats::Role::counted) {
            id_ = std::move(place.counted_by);
            if (done)
                done(log_.journal.healthy());
            return;
        }
    }
    log_.journal.append(attempt_record(subject_, attempt, decision, rule, query_names),
                        durability_of(verdict_), std::move(done), wake);
}

void Entry::file_secret(const SecretFound& secret) {
    if (counted_ || ++secrets > max_secrets)
        return;
    log_.journal.append(secret_record(subject_, secret), Durability::synced_soon);
}

void Entry::refuse(policy::Reason reason) {
    verdict_ = policy::Verdict::deny;
    reason_ = reason;
}

void Entry::file_end() noexcept {
    if (counted_)
        return;
    if (!attempted_) {
        const policy::Decision unread{policy::Verdict::deny, reason_, nullptr};
        subject_ = subject_fields(id_, log_.session, client_, nullptr);
        log_.journal.append(attempt_record(subject_, nullptr, unread, {}, {}), durability_of(unread.verdict));
    }
    const auto lasted = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - opened_);
    log_.journal.append(end_record(subject_, verdict_, reason_, *this, lasted), durability_of(verdict_));
}

} // namespace egressd::audit
