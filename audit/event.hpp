// What does a record say? The fields of every kind of record, as the inside of one JSON object (README.md
// lists them for readers of the log). Pure formatting: the journal adds number, time and chain; audit/entry
// knows when which record is due.
#pragma once

#include "policy/decision.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace egressd::audit {

/// How a request's bytes were seen (the `inspection` field).
enum class Inspection { complete, partial, none };

/// What an end record says besides decision and reason. Filled by the session while it works.
struct Ending {
    std::uint64_t bytes_up = 0;
    std::uint64_t bytes_down = 0;
    std::optional<unsigned> status;
    std::string_view rcode{}; // "NOERROR", "NXDOMAIN" …: what a question for a name was answered with
    std::string ip;           // the address that was dialled, or the first that a name was answered with
    std::string sni;          // of the client's ClientHello
    std::string tls_mode;     // "inspect", "tunnel", "raw" or empty
    std::string tls_version;  // with the client, where TLS is opened
    std::string alpn;         // likewise
    Inspection inspection = Inspection::none;
    std::string inspection_reason = "not-scanned"; // why not complete: "tunnel", "not-scanned" …
    std::string detail;        // a sentence of ours about a failure; never bytes of the request
    std::uint64_t secrets = 0; // findings, those without a record of their own too
};

/// A secret that was found. Never the secret itself, nor anything from which it could be had.
struct SecretFound {
    std::string_view rule;
    std::string_view where;    // "body", "header:authorization", "query:key" …
    std::string_view encoding; // how it was wrapped, outermost first: "gzip>base64"; empty: not at all
    std::uint64_t offset = 0;  // in the body or the messages; of a head, in the text that is looked through
    std::string_view fingerprint; // keyed: the same for the same secret
    std::string_view action;      // "block", "alert"
    std::uint64_t forwarded = 0;  // bytes of the body that had left
};

/// The fields that all records of one attempt share. `attempt` is nullptr where nothing could be parsed.
std::string subject_fields(std::string_view id, std::string_view session, std::string_view client,
                           const policy::Attempt* attempt);

/// `rule` and `query_names` may be empty.
std::string attempt_record(std::string_view subject, const policy::Attempt* attempt,
                           const policy::Decision& decision, std::string_view rule,
                           std::string_view query_names);

/// `repeated`: how many identical denials the record stands for; 0 for the end of a single attempt.
std::string end_record(std::string_view subject, policy::Verdict verdict, policy::Reason reason,
                       const Ending& ending, std::chrono::milliseconds lasted, std::uint64_t repeated = 0);

std::string secret_record(std::string_view subject, const SecretFound& secret);

/// The permission record of a run.
struct PolicyRecord {
    std::string_view session;
    std::string_view effective_json; // embedded as it is where it is one line of ASCII
    std::string_view sha256;         // of effective_json
    std::string_view version;        // of egressd
    std::string_view host;           // the machine's name
    std::string_view mode;
    std::uint32_t uid = 0; // who started it
    std::string_view user;
    std::uint64_t recovered_bytes = 0; // Journal::recovered_bytes()
};
std::string policy_record(const PolicyRecord& record);

/// A reload that failed (`message` says why, the old policy stays) or took effect (`weakenings`: what it now
/// permits less strictly).
std::string reload_record(bool ok, std::string_view message, std::span<const std::string> weakenings);

/// `reason`: what ended the run, e.g. "SIGTERM".
std::string stop_record(std::string_view reason);

/// `lost`: records that found no room while the log could not be written.
std::string limit_record(std::uint64_t lost);

} // namespace egressd::audit
