#include "proxy/verdict.hpp"

#include "proxy/framing.hpp"

#include <openssl/sha.h>

#include <algorithm>

namespace egressd::proxy {

using policy::Pin;
using policy::Secrets;

namespace {

constexpr std::size_t max_shown_name = 64;

std::string_view to_text(Place::Kind kind) {
    switch (kind) {
    case Place::Kind::host:
        return "host";
    case Place::Kind::socks:
        return "socks";
    case Place::Kind::method:
        return "method";
    case Place::Kind::path:
        return "path";
    case Place::Kind::query:
        return "query";
    case Place::Kind::header:
        return "header";
    case Place::Kind::body:
        return "body";
    case Place::Kind::ws:
        return "ws";
    }
    return "body";
}

scan::Digest digest_of(std::string_view text) {
    scan::Digest digest{};
    ::SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    return digest;
}

bool is_canary(const scan::Finding& finding) {
    return finding.rule->id == canary_rule;
}

/// On its own: what the entry pins, or what the rule says belongs there.
bool belongs(const Found& found, const Destination& destination) {
    if (is_canary(found.finding))
        return false;
    return found.pinned || destination.homes.is_home(*found.finding.rule, destination.host) ||
           std::any_of(destination.pins.begin(), destination.pins.end(),
                       [&](const Pin& pin) { return pin.sha256 == found.finding.sha256; });
}

bool is_at_home(const Found& one, std::span<const Found> all, const Destination& destination) {
    return std::any_of(all.begin(), all.end(), [&](const Found& other) {
        return other.finding.sha256 == one.finding.sha256 && belongs(other, destination);
    });
}

Action worth(scan::Tier tier) {
    switch (tier) {
    case scan::Tier::score:
        return Action::none;
    case scan::Tier::alert:
        return Action::alert;
    case scan::Tier::block:
        break;
    }
    return Action::block;
}

Action judge_one(const Found& one, std::span<const Found> all, const Destination& destination) {
    const bool canary = is_canary(one.finding);
    Action action = canary ? Action::block : worth(one.finding.tier);
    if (!canary && action != Action::none && is_at_home(one, all, destination))
        // Where a service's own token goes, it goes in a header. Elsewhere it may be on its way into a
        // document.
        return one.place.kind == Place::Kind::header ? Action::home : Action::alert;
    if (action == Action::block && destination.mode == Secrets::alert)
        action = Action::alert;
    return action;
}

std::vector<policy::Pattern> patterns_of(const scan::Rule& rule) {
    std::vector<policy::Pattern> patterns;
    for (const std::string& text : rule.home) {
        // Checked where rules are read; a service may own a public suffix.
        const Result<policy::Pattern> pattern = policy::parse_pattern(text, true);
        if (pattern)
            patterns.push_back(*pattern);
    }
    return patterns;
}

} // namespace

std::string Place::text() const {
    std::string text(to_text(kind));
    if (!name.empty())
        text.append(":").append(name);
    return text;
}

std::string shown_name(std::string_view name, Place::Kind kind) {
    const auto shows = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '-';
    };
    if (name.size() > max_shown_name || !std::all_of(name.begin(), name.end(), shows))
        return {};
    std::string shown(name);
    if (kind == Place::Kind::header)
        for (char& c : shown)
            if (c >= 'A' && c <= 'Z')
                c = static_cast<char>(c - 'A' + 'a');
    return shown;
}

Homes::Homes(const std::vector<scan::Rule>& rules) {
    for (const scan::Rule& rule : rules)
        homes_.emplace(&rule, patterns_of(rule));
}

bool Homes::is_home(const scan::Rule& rule, const net::Host& host) const {
    const auto known = homes_.find(&rule);
    const std::vector<policy::Pattern> homes = known != homes_.end() ? known->second : patterns_of(rule);
    return std::any_of(homes.begin(), homes.end(),
                       [&](const policy::Pattern& pattern) { return pattern.matches(host); });
}

std::string_view to_text(Action action) {
    switch (action) {
    case Action::none:
        return "none";
    case Action::home:
        return "home";
    case Action::alert:
        return "alert";
    case Action::block:
        break;
    }
    return "block";
}

std::vector<Action> judge(std::span<const Found> found, const Destination& destination) {
    std::vector<Action> actions;
    actions.reserve(found.size());
    for (const Found& one : found)
        actions.push_back(judge_one(one, found, destination));
    return actions;
}

std::string_view credential_in(std::string_view header, std::string_view value) {
    if (!same_name(header, "Authorization") && !same_name(header, "Proxy-Authorization"))
        return trimmed(value);
    const std::string_view whole = trimmed(value);
    const std::size_t space = whole.find(' ');
    return space == std::string_view::npos ? whole : trimmed(whole.substr(space));
}

bool is_pinned(const Field& field, std::span<const Pin> pins) {
    if (std::none_of(pins.begin(), pins.end(),
                     [&](const Pin& pin) { return same_name(pin.header, field.name); }))
        return false;
    const scan::Digest digest = digest_of(credential_in(field.name, field.value));
    return std::any_of(pins.begin(), pins.end(), [&](const Pin& pin) {
        return same_name(pin.header, field.name) && pin.sha256 == digest;
    });
}

std::string_view foreign_header(const std::vector<Field>& fields, std::span<const Pin> pins) {
    for (const Pin& pin : pins)
        for (const Field& field : fields)
            if (same_name(field.name, pin.header) && !is_pinned(field, pins))
                return pin.header;
    return {};
}

} // namespace egressd::proxy
