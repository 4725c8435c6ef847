// May this task reach that? One immutable snapshot of the rules and the pure function over it that live
// traffic, `explain` and `check` all call. It knows no YAML, no socket, no clock.
//
// Order: deny rules (any that matches wins), then the allow rules of the most specific name that matches
// (exact before `*.`, longer before shorter): those alone govern the name, so that an entry for one host is
// never widened by a wildcard around it. Within them an attempt is let through when one entry accepts its
// port, method and path. An attempt at a connection that will be inspected has neither yet: what asks for
// them is judged with the requests inside. A question for a name (DNS) asks for nothing but the name: it is
// let through where a connection to some port of it could be.
#pragma once

#include "policy/decision.hpp"
#include "policy/index.hpp"
#include "policy/rule.hpp"

#include <span>
#include <string>
#include <vector>

namespace egressd::policy {

enum class Mode { enforce, observe };
std::string_view to_text(Mode mode);

/// Two rules of equal specificity that disagree; a load error.
struct Conflict {
    Source first;
    Source second;
    std::string what; // "tls", "private"
};

/// An address and port of our own, never dialled on behalf of a task.
struct Endpoint {
    boost::asio::ip::address address;
    std::uint16_t port = 0;
};

class Policy {
public:
    Policy(Mode mode, std::vector<Rule> allow, std::vector<Rule> deny);
    // Decisions point into the rules, so a policy stays where it was made.
    Policy(const Policy&) = delete;
    Policy& operator=(const Policy&) = delete;

    /// In observe mode an unlisted host is let through, unless it is a public DNS resolver: that is a way
    /// around.
    Decision decide(const Attempt& attempt) const;

    /// May `address` be dialled for an attempt that `decision` let through? Returns allowed,
    /// address_forbidden or self_connection. `own` are egressd's listening sockets; a wildcard listener
    /// matches, on its port, every loopback address and every other address in `own`. Beyond the class of the
    /// address: a metadata address needs a `private:` entry for it alone, an IPv4 address inside an IPv6 one
    /// is judged too, and a `deny` entry for the address closes it also to names that resolve to it.
    Reason judge_address(const Decision& decision, const boost::asio::ip::address& address,
                         std::uint16_t port, std::span<const Endpoint> own) const;

    Mode mode() const { return mode_; }
    const std::vector<Rule>& allow() const { return allow_; }
    const std::vector<Rule>& deny() const { return deny_; }
    const RuleIndex& allow_index() const { return allow_index_; }
    const RuleIndex& deny_index() const { return deny_index_; }
    std::vector<Conflict> conflicts() const;

private:
    Mode mode_;
    std::vector<Rule> allow_;
    std::vector<Rule> deny_;
    RuleIndex allow_index_; // after the rules that they point into
    RuleIndex deny_index_;
};

/// One sentence for people: why the attempt was refused. Names the host, the rule or its absence; nothing
/// else from the request.
std::string explanation(const Decision& decision, const Attempt& attempt);

/// The exact line that would allow the attempt, as it would stand under `allow:`; empty where no line would
/// (denied by a rule, malformed).
std::string remedy(const Decision& decision, const Attempt& attempt);

/// What `next` permits less strictly than `current`, one readable line each: the warnings of a reload that
/// weakens.
std::vector<std::string> weakenings(const Policy& current, const Policy& next);

} // namespace egressd::policy
