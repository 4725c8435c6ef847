// Rules and attempts in one line each, for the tests of policy/.
#pragma once

#include "policy/policy.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace egressd::policy {

struct Terms {
    std::vector<std::uint16_t> ports = {80, 443};
    std::vector<std::string> methods = {};
    std::vector<std::string> paths = {};
    Tls tls = Tls::tunnel;
    std::vector<std::string> private_ranges = {};
    std::string reason = {};
    Secrets secrets = Secrets::block;
    std::vector<Pin> credentials = {};
};

inline Rule rule(std::string_view pattern, int line = 1, const Terms& terms = {}) {
    Rule made;
    made.pattern = parse_pattern(pattern, true).value();
    made.ports = terms.ports;
    made.methods = terms.methods;
    made.paths = terms.paths;
    made.tls = terms.tls;
    for (const std::string& range : terms.private_ranges)
        made.private_ranges.push_back(net::Network::parse(range).value());
    made.reason = terms.reason;
    made.secrets = terms.secrets;
    made.credentials = terms.credentials;
    made.source = {"conf/allow.yaml", line, 3};
    return made;
}

/// A deny entry: every port, as the loader makes it.
inline Rule denial(std::string_view pattern, int line = 90, Terms terms = {}) {
    if (terms.ports == Terms{}.ports)
        terms.ports.clear();
    return rule(pattern, line, terms);
}

inline Attempt tunnel(std::string_view host, std::uint16_t port = 443) {
    Attempt attempt;
    attempt.task = "default";
    attempt.protocol = Protocol::connect;
    attempt.host = net::Host::parse(host).value();
    attempt.port = port;
    return attempt;
}

inline Attempt request(std::string_view method, std::string_view host, std::string_view path,
                       std::uint16_t port = 80) {
    Attempt attempt = tunnel(host, port);
    attempt.protocol = Protocol::http;
    attempt.method = method;
    attempt.path = path;
    return attempt;
}

/// "allow allowed allow.yaml:3", the whole decision in one comparable line.
inline std::string line_of(const Decision& decision) {
    std::string line = std::string(to_text(decision.verdict)) + ' ' + std::string(to_text(decision.reason));
    return decision.rule == nullptr ? line : line + ' ' + decision.rule->source.text();
}

} // namespace egressd::policy
