// Would this be let through, and why? The work of `egressd explain`, without the command line: it asks the
// policy that live traffic asks, and opens no connection and sends no query.
#pragma once

#include "cli/attempt.hpp"
#include "config/settings.hpp"
#include "dns/message.hpp"
#include "policy/decision.hpp"

#include <optional>
#include <ostream>
#include <string>

namespace egressd::cli {

struct Question {
    std::string config;
    std::string method; // may be empty
    std::string target;
    std::string task = default_task;
    bool as_json = false;
    bool is_dns = false;    // `target` is a name, and `type` what is asked about it
    std::string type = "A"; // of a DNS query
};

/// The decision, and the address that it fell on where the host is one or has static answers (`dns.hosts`).
struct Answer {
    policy::Decision decision;
    std::string address;     // the address that made it a refusal; empty otherwise
    policy::Attempt attempt; // that the decision is on: the first that is refused, or the last
    bool in_tls = false;     // it is the one inside
    std::string reply{};     // to a question for a name
};

/// A question for a name, as the DNS server decides it before it asks anybody.
Answer judge_question(const config::Settings& settings, const Question& question, dns::QueryType type);

/// The connection, and where that is let through and looked into, the request inside.
Answer judge(const config::Settings& settings, const Asked& asked);

/// Writes the answer to `out` and the findings about the file to `err`; returns the exit code.
int explain(const Question& question, std::ostream& out, std::ostream& err);

} // namespace egressd::cli
