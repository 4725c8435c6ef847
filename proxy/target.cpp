#include "proxy/target.hpp"

#include "policy/rule.hpp"
#include "proxy/framing.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace egressd::proxy {

using policy::Reason;

namespace {

BadTarget bad_host(const Error& error) {
    return {Reason::name_invalid, error.message, std::nullopt};
}

/// The one Host field, parsed; an absent one is an error except in HTTP/1.0 and CONNECT, where clients exist
/// that send none.
TargetResult<std::optional<net::Authority>> host_field(const RequestHead& head, std::uint16_t default_port,
                                                       bool may_miss) {
    const std::size_t count = count_fields(head.fields, "Host");
    if (count > 1)
        return BadTarget{Reason::request_malformed, "more than one Host field"};
    if (count == 0) {
        if (may_miss)
            return std::optional<net::Authority>();
        return BadTarget{Reason::request_malformed, "no Host field"};
    }
    const Result<net::Authority> host = net::parse_authority(field_value(head.fields, "Host"), default_port);
    if (!host)
        return bad_host(host.error());
    return std::optional<net::Authority>(*host);
}

TargetResult<void> agree(const std::optional<net::Authority>& host, const net::Authority& target) {
    if (host && !(*host == target))
        return BadTarget{Reason::identity_mismatch,
                         "the Host field names another authority than the request's target", target};
    return {};
}

} // namespace

void throw_exception_from_error(const BadTarget& error, const boost::source_location&) {
    throw std::runtime_error(error.message);
}

TargetResult<net::Authority> connect_target(const RequestHead& head) {
    const Result<net::Authority> target = net::parse_authority(head.target, std::nullopt);
    if (!target)
        return bad_host(target.error());
    // A Host field without a port means the target's port here: several clients leave it out in CONNECT.
    const TargetResult<std::optional<net::Authority>> host = host_field(head, target->port, true);
    if (!host)
        return host.error();
    const TargetResult<void> agreed = agree(*host, *target);
    if (!agreed)
        return agreed.error();
    return *target;
}

TargetResult<ForwardTarget> forward_target(const RequestHead& head) {
    if (head.target.empty() || head.target.front() == '/' || head.target == "*")
        return BadTarget{Reason::request_malformed, "this is a forward proxy: a request needs an absolute "
                                                    "target, http://host/path (is HTTP_PROXY set, "
                                                    "and not the server's address?)"};
    const Result<net::Url> url = net::parse_absolute(head.target);
    if (!url)
        return bad_host(url.error());
    if (url->scheme != "http")
        return BadTarget{Reason::request_malformed,
                         "https goes through CONNECT, not through an absolute https:// target"};
    const TargetResult<std::optional<net::Authority>> host =
        host_field(head, policy::http_port, head.version == 10);
    if (!host)
        return host.error();
    const TargetResult<void> agreed = agree(*host, url->authority);
    if (!agreed)
        return agreed.error();
    const Result<std::string> path = net::canonical_path(url->path);
    if (!path)
        return BadTarget{Reason::request_malformed, path.error().message};
    return ForwardTarget{url->authority, *path, url->query, url->has_query,
                         url->authority.port == policy::http_port};
}

TargetResult<ForwardTarget> inner_target(const RequestHead& head, const net::Authority& authority,
                                         std::uint16_t default_port) {
    if (head.target.empty() || head.target.front() != '/')
        return BadTarget{Reason::request_malformed,
                         "a request inside an inspected connection needs a target in origin-form, /path",
                         authority};
    const TargetResult<std::optional<net::Authority>> host = host_field(head, default_port, false);
    if (!host)
        return BadTarget{host.error().reason, host.error().message, authority};
    if (!(**host == authority))
        return BadTarget{Reason::identity_mismatch,
                         "the Host field names another authority than the connection was opened for",
                         authority};
    const std::size_t question = head.target.find('?');
    const bool has_query = question != std::string_view::npos;
    const Result<std::string> path = net::canonical_path(head.target.substr(0, question));
    if (!path)
        return BadTarget{Reason::request_malformed, path.error().message, authority};
    const std::string query(has_query ? head.target.substr(question + 1) : std::string_view());
    return ForwardTarget{authority, *path, query, has_query, authority.port == default_port};
}

std::string ForwardTarget::origin_form() const {
    return has_query ? path + "?" + query : path;
}

TargetResult<void> check_method(std::string_view method) {
    constexpr std::array<std::string_view, 9> known{"GET",     "HEAD",  "POST",  "PUT",    "DELETE",
                                                    "OPTIONS", "PATCH", "TRACE", "CONNECT"};
    for (const std::string_view name : known)
        if (same_name(method, name) && method != name)
            return BadTarget{Reason::request_malformed,
                             "methods are case-sensitive: write " + std::string(name)};
    if (method == "TRACE")
        return BadTarget{Reason::method, "TRACE is not relayed: its answer repeats the request's header"};
    return {};
}

bool has_come_round(const RequestHead& head, std::string_view pseudonym) {
    return std::any_of(head.fields.begin(), head.fields.end(), [&](const Field& field) {
        return same_name(field.name, "Via") && field.value.find(pseudonym) != std::string_view::npos;
    });
}

bool overrides_method(const std::vector<Field>& fields) {
    // CGI and WSGI see '_' and '-' in a name as one.
    const auto spelled_like = [](std::string_view name, std::string_view known) {
        std::string dashed(name);
        std::replace(dashed.begin(), dashed.end(), '_', '-');
        return same_name(dashed, known);
    };
    constexpr std::array<std::string_view, 3> names{"X-HTTP-Method-Override", "X-HTTP-Method",
                                                    "X-Method-Override"};
    return std::any_of(fields.begin(), fields.end(), [&](const Field& field) {
        return std::any_of(names.begin(), names.end(),
                           [&](std::string_view known) { return spelled_like(field.name, known); });
    });
}

} // namespace egressd::proxy
