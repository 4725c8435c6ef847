#include "cli/attempt.hpp"

#include "net/url.hpp"
#include "policy/rule.hpp"
#include "proxy/http1.hpp"

#include <utility>

namespace egressd::cli {
namespace {

policy::Attempt tunnel(net::Authority authority) {
    policy::Attempt attempt;
    attempt.task = default_task;
    attempt.protocol = policy::Protocol::connect;
    attempt.host = std::move(authority.host);
    attempt.port = authority.port;
    return attempt;
}

Result<policy::Attempt> request(const std::string& method, net::Url url) {
    if (method == "CONNECT")
        return Error{Side::self, "CONNECT takes host:port, not a URL"};
    Result<std::string> path = net::canonical_path(url.path);
    if (!path)
        return Error{Side::self, "egressd answers 400 to this path: " + path.error().message};
    policy::Attempt attempt = tunnel(std::move(url.authority));
    attempt.protocol = policy::Protocol::http;
    attempt.method = method.empty() ? "GET" : method;
    attempt.path = std::move(*path);
    return attempt;
}

/// A bare IPv6 address has colons that are no port, so a host is tried first.
Result<net::Authority> parse_host(const std::string& target) {
    Result<net::Host> host = net::Host::parse(target);
    if (host)
        return net::Authority{std::move(*host), policy::https_port};
    return net::parse_authority(target, policy::https_port);
}

/// ws:// and wss:// are http:// and https:// with another protocol inside (RFC 6455 3).
bool is_websocket(const std::string& target) {
    const std::string_view scheme = std::string_view(target).substr(0, target.find("://"));
    return proxy::same_name(scheme, "ws") || proxy::same_name(scheme, "wss");
}

Result<Asked> parse_websocket(const std::string& method, const std::string& target) {
    if (!method.empty() && method != "GET")
        return Error{Side::self, "a WebSocket is opened with GET (RFC 6455 4.1)"};
    Result<Asked> asked = parse_asked("GET", "http" + target.substr(2));
    if (!asked)
        return asked.error();
    policy::Attempt& opening = asked->inside ? *asked->inside : asked->first;
    opening.protocol = policy::Protocol::ws;
    return asked;
}

} // namespace

Result<Asked> parse_asked(const std::string& method, const std::string& target) {
    if (is_websocket(target))
        return parse_websocket(method, target);
    if (target.find("://") == std::string::npos) {
        if (!method.empty() && method != "CONNECT")
            return Error{Side::self, "a method needs a URL; a host alone is judged as CONNECT"};
        Result<net::Authority> authority = parse_host(target);
        if (!authority)
            return authority.error();
        return Asked{tunnel(std::move(*authority)), std::nullopt};
    }
    Result<net::Url> url = net::parse_absolute(target);
    if (!url)
        return url.error();
    const bool in_tls = url->scheme == "https";
    Result<policy::Attempt> attempt = request(method, std::move(*url));
    if (!attempt)
        return attempt.error();
    if (!in_tls)
        return Asked{std::move(*attempt), std::nullopt};
    policy::Attempt connection = tunnel({attempt->host, attempt->port});
    return Asked{std::move(connection), std::move(*attempt)};
}

std::string text_of(const policy::Attempt& attempt, bool in_tls) {
    if (attempt.protocol == policy::Protocol::dns)
        return attempt.query_type + ' ' + (attempt.host.text().empty() ? "(no name)" : attempt.host.text());
    const std::string authority = net::Authority{attempt.host, attempt.port}.text();
    if (!attempt.method)
        return "CONNECT " + authority;
    const std::string scheme = attempt.protocol == policy::Protocol::ws ? "ws" : "http";
    return net::sanitised(*attempt.method) + ' ' + scheme + (in_tls ? "s://" : "://") + authority +
           net::sanitised(attempt.path.value_or("/"));
}

} // namespace egressd::cli
