// What does a request want to reach? A parsed head turned into the attempt that policy/ judges and the form
// that the origin will see. One authority a request: target, Host and (in a tunnel) SNI must agree, or
// nothing goes out. Pure.
#pragma once

#include "net/url.hpp"
#include "policy/decision.hpp"
#include "proxy/http1.hpp"

#include <optional>
#include <string>

namespace egressd::proxy {

/// Why a request can't even be judged; with the authority that it named, where that much is known.
struct BadTarget {
    policy::Reason reason = policy::Reason::request_malformed;
    std::string message;
    std::optional<net::Authority> authority = std::nullopt;
};
template <class T>
using TargetResult = boost::system::result<T, BadTarget>;
[[noreturn]] void throw_exception_from_error(const BadTarget& error, const boost::source_location& location);

/// CONNECT host:port (RFC 9110 9.3.6). A Host field must agree with it.
TargetResult<net::Authority> connect_target(const RequestHead& head);

/// A request in absolute-form for plain HTTP.
struct ForwardTarget {
    net::Authority authority;
    std::string path; // canonical: judged and forwarded
    std::string query;
    bool has_query = false;
    bool default_port = false; // the scheme's own: the origin's Host field then goes without it

    std::string origin_form() const;
};
/// Absolute-form with scheme http (RFC 9112 3.2.2); exactly one Host that agrees with it (RFC 9112 3.2).
/// Origin-form, asterisk-form, https and other schemes are refused with a message that says what a proxy
/// expects.
TargetResult<ForwardTarget> forward_target(const RequestHead& head);

/// A request inside an inspected connection to `authority`: origin-form (RFC 9112 3.2.1), exactly one Host
/// that is that authority, so that each request is for the host that was judged. `default_port`: that of the
/// scheme inside.
TargetResult<ForwardTarget> inner_target(const RequestHead& head, const net::Authority& authority,
                                         std::uint16_t default_port);

/// Methods that no proxy should relay for an agent: TRACE would echo the agent's headers back, and a known
/// method in the wrong case is read as that method by some origins and as another one by a rule.
TargetResult<void> check_method(std::string_view method);

/// Header fields by which frameworks let a POST act as another method; refused where a rule restricts
/// methods.
bool overrides_method(const std::vector<Field>& fields);

/// True where a Via field (RFC 9110 7.6.3) says that this process has forwarded the request already.
bool has_come_round(const RequestHead& head, std::string_view pseudonym);

} // namespace egressd::proxy
