// What is decided of a question for a name, before anybody is asked for it, and in which words of DNS is a
// refusal said? The policy's decision on the name, and what a stub resolver serves at all. Pure: live queries
// and `explain` both call it.
#pragma once

#include "dns/message.hpp"
#include "policy/policy.hpp"

#include <string>

namespace egressd::dns {

/// What a question comes to.
struct Verdict {
    policy::Attempt attempt;   // its host is empty where the name is none
    policy::Decision decision; // dns-type, name-invalid, or the policy's
    bool no_data = false; // let through, and answered with nothing: HTTPS and SVCB, which could only carry a
                          // way around (ech, other ports, other names)
};

/// `name`: as name_text() gives it, or as a person types it; empty where there is none.
Verdict judge(const policy::Policy& policy, std::string task, std::string_view name, QueryType type,
              std::uint16_t in_class = internet_class);

/// How a refusal is said. A name that must not be known does not exist: clients take that for an answer and
/// stop, where they would try again after REFUSED.
Rcode rcode_of(policy::Reason reason);
ErrorCode error_code_of(policy::Reason reason);

/// What `explain` says: "NXDOMAIN, extended error 15".
std::string refusal_text(policy::Reason reason);

} // namespace egressd::dns
