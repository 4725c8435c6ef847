// The one text that repeats a method and a path of the request, because it must be the exact line. It is
// offered only when it is short, safe to paste as YAML, and certain to work: each part of the entry is one
// that the loader takes as it stands.
#include "net/url.hpp"
#include "policy/compare.hpp"
#include "policy/policy.hpp"

#include <algorithm>
#include <optional>

namespace egressd::policy {
namespace {

constexpr std::size_t max_remedy = 512; // longer than a person would copy from a reply

bool is_letter(char c) {
    return c >= 'a' && c <= 'z';
}

/// A pattern as a YAML scalar that cannot be read as anything but a string: "null", "1e5" and "::1" need
/// quotes.
std::string scalar(const std::string& pattern) {
    if (is_letter(pattern.front()) && pattern.find('.') != std::string::npos)
        return pattern;
    const bool ipv4 = pattern.find(':') == std::string::npos && net::Network::parse(pattern);
    return ipv4 ? pattern : '"' + pattern + '"';
}

std::string joined(const std::vector<std::string>& items, bool quoted) {
    std::string text;
    for (const std::string& item : items)
        text += (text.empty() ? "" : ", ") + (quoted ? '"' + item + '"' : item);
    return '[' + text + ']';
}

/// The entry that `rule` is, as a line under `allow:`. The short form where it says no more than the name.
std::string as_line(const Rule& rule) {
    std::string details;
    std::vector<std::uint16_t> ports = rule.ports;
    std::sort(ports.begin(), ports.end());
    if (ports != std::vector<std::uint16_t>{http_port, https_port})
        details += ", ports: [" + list_of_ports(rule) + ']';
    if (!rule.methods.empty())
        details += ", methods: " + joined(rule.methods, false);
    if (!rule.paths.empty())
        details += ", paths: " + joined(rule.paths, true);
    if (rule.tls != Tls::inspect)
        details += ", tls: " + std::string(to_text(rule.tls));
    if (!rule.private_ranges.empty()) {
        std::vector<std::string> ranges;
        for (const net::Network& range : rule.private_ranges)
            ranges.push_back(range.text());
        details += ", private: " + joined(ranges, true);
    }
    if (!parse_pattern(rule.pattern.text(), false))
        details += ", public_suffix: true";
    const std::string domain = scalar(rule.pattern.text());
    return details.empty() ? "- " + domain : "- {domain: " + domain + details + '}';
}

/// Ranges that no advice of ours should open.
bool is_never_advised(net::AddressClass address_class) {
    using enum net::AddressClass;
    return address_class >= unspecified || address_class == multicast || address_class == broadcast;
}

/// A new entry for the host alone; nullopt where none should be advised.
std::optional<Rule> new_entry(const Attempt& attempt) {
    Rule rule;
    rule.pattern.base = attempt.host;
    rule.ports = {http_port, https_port};
    if (attempt.protocol != Protocol::dns && attempt.port != http_port && attempt.port != https_port)
        rule.ports = {attempt.port};
    if (attempt.host.is_address()) {
        const auto plain = net::unmapped(attempt.host.address());
        rule.pattern.base = net::Host::of(plain);
        const net::AddressClass address_class = net::classify(plain);
        if (is_never_advised(address_class))
            return std::nullopt;
        if (net::is_forbidden(address_class))
            rule.private_ranges = {net::Network::parse(plain.to_string()).value()};
    }
    return rule;
}

template <class T>
void add_missing(std::vector<T>& items, const T& item) {
    if (!items.empty() && std::find(items.begin(), items.end(), item) == items.end())
        items.push_back(item);
}

bool is_plain_method(const std::string& method) {
    return std::all_of(method.begin(), method.end(),
                       [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; });
}

/// Could the method and every reading of the path stand in an entry?
bool can_be_written(const Attempt& attempt) {
    if (attempt.method && !is_plain_method(*attempt.method))
        return false;
    if (!attempt.path)
        return true;
    const std::vector<std::string> readings = net::path_readings(*attempt.path);
    return std::all_of(readings.begin(), readings.end(), [](const std::string& reading) {
        const Result<std::string> canonical = net::canonical_path(reading);
        return canonical && *canonical == reading;
    });
}

/// `rule` with what it lacks to accept the attempt, so that the line may replace the one it came from.
Rule widened(Rule rule, const Attempt& attempt) {
    add_missing(rule.ports, attempt.port);
    if (!attempt.method && rule.tls == Tls::inspect)
        return rule; // what stands inside is judged by method and path then
    if (attempt.method)
        add_missing(rule.methods, *attempt.method);
    else
        rule.methods.clear();
    if (!attempt.path) {
        rule.paths.clear();
        return rule;
    }
    for (const std::string& reading : net::path_readings(*attempt.path)) {
        const bool accepted = std::any_of(rule.paths.begin(), rule.paths.end(), [&](const std::string& glob) {
            return glob_matches(glob, reading);
        });
        if (!accepted)
            add_missing(rule.paths, reading);
    }
    return rule;
}

std::string bounded(std::string line) {
    return line.size() <= max_remedy ? line : std::string();
}

} // namespace

std::string remedy(const Decision& decision, const Attempt& attempt) {
    if (attempt.host.text().empty())
        return {};
    switch (decision.reason) {
    case Reason::not_listed: {
        const std::optional<Rule> entry = new_entry(attempt);
        return entry ? bounded(as_line(*entry)) : std::string();
    }
    case Reason::port:
    case Reason::method:
    case Reason::path:
        if (decision.rule == nullptr || !can_be_written(attempt))
            return {};
        return bounded(as_line(widened(*decision.rule, attempt)));
    case Reason::inspection_impossible: {
        // What a tunnel hides is seen by inspection.
        if (decision.rule == nullptr || decision.rule->tls == Tls::inspect)
            return {};
        Rule inspected = *decision.rule;
        inspected.tls = Tls::inspect;
        return bounded(as_line(inspected));
    }
    case Reason::not_tls: {
        // `tls: raw` takes no methods and paths, and an entry without them would open more than was asked
        // for.
        if (decision.rule == nullptr || !decision.rule->methods.empty() || !decision.rule->paths.empty())
            return {};
        Rule raw = *decision.rule;
        raw.tls = Tls::raw;
        return bounded(as_line(raw));
    }
    default:
        return {};
    }
}

} // namespace egressd::policy
