// When may a request go on? When its attempt record is written. The bridge from the log's writer thread back
// to the session's worker.
#pragma once

#include "net/connection.hpp"
#include "proxy/refusal.hpp"
#include "proxy/session.hpp"

#include <string>

namespace egressd::proxy {

/// Files the exchange's attempt record and waits for the log's answer: true when the record is written.
net::awaitable<bool> attempt_written(Worker& worker, Exchange& exchange, std::string query_names);

/// Files the attempt record of an exchange whose decision is made; `done` may be empty. It does not wake the
/// writer: the end record of a denial does.
void file_attempt(Exchange& exchange, const std::string& query_names, audit::Journal::Done done);

/// For an exchange that was refused before it could be judged: files an attempt record with what is known,
/// unless there is one.
void file_refused_attempt(Exchange& exchange, const Refusal& refusal);

} // namespace egressd::proxy
