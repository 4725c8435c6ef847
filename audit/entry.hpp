// One attempt's place in the log. An Entry is opened when the first byte of a request has come (a connection
// that closes between two requests is no attempt) and files the `end` record in its destructor: every path,
// also an exception, ends in exactly one. What is denied again and again is counted into one record
// (audit/repeats).
#pragma once

#include "audit/event.hpp"
#include "audit/journal.hpp"
#include "audit/repeats.hpp"
#include "policy/decision.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace egressd::audit {

/// What all entries of one daemon share.
struct Log {
    Journal& journal;
    Repeats& repeats;
    std::string session; // this run's id
};

/// The public fields of Ending are set on the entry itself: `entry.bytes_up += n`.
class Entry : public Ending {
public:
    /// `client`: "address:port" of the peer.
    Entry(Log& log, std::string client);
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

    /// The id that the client is told; for a counted denial, the id of the record that counts it (known after
    /// file_attempt).
    const std::string& id() const { return id_; }

    /// Files the attempt record. `done` is told whether it is written (Journal::Done), for a denial there is
    /// nothing to wait for and it may be empty. Call at most once, and before the reply that names the id; an
    /// entry whose attempt was never filed files it, with what is known, just before its end record.
    /// `attempt` is nullptr where nothing could be parsed; `query_names` may be empty; `rule` is the text
    /// "allow.yaml:12" or empty. A denial's reason is its conclusion, too, until another call says otherwise.
    void file_attempt(const policy::Attempt* attempt, const policy::Decision& decision,
                      const std::string& rule, const std::string& query_names, Journal::Done done,
                      Wake wake = Wake::now);

    /// Counts a secret, and files its record: behind the attempt's, before the end's. The first `max_secrets`
    /// of an entry have one each; those of a denial that is only counted have none.
    void file_secret(const SecretFound& secret);

    static constexpr std::uint64_t max_secrets = 20; // a body full of them must not bury the rest of the log

    /// Before file_attempt, for what is answered here and lets nothing leave: repeated it is counted as a
    /// denial is, with `reason` as its conclusion.
    void answer_here(policy::Reason reason) {
        answered_here_ = true;
        reason_ = reason;
    }
    /// After file_attempt: counts those that come after this one; nullptr where they are not counted yet.
    const std::shared_ptr<Count>& count() const { return count_; }

    /// The final word; the last call counts. Without any call the end says client-aborted.
    void conclude(policy::Reason reason) { reason_ = reason; }

    /// Concludes what was let through at first and is denied after all (a forbidden address, another name in
    /// the ClientHello).
    void refuse(policy::Reason reason);

private:
    void file_end() noexcept;

    Log& log_;
    std::string id_;
    std::string client_;
    std::string subject_; // the fields that attempt and end records share, as JSON
    std::chrono::steady_clock::time_point opened_;
    policy::Reason reason_ = policy::Reason::client_aborted;
    policy::Verdict verdict_ = policy::Verdict::deny;
    bool attempted_ = false;
    bool answered_here_ = false;
    bool counted_ = false; // audit/repeats files the end, or has it counted
    std::shared_ptr<Count> count_;
};

} // namespace egressd::audit
