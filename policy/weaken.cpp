// A reload that permits more is fine, but never silent. Entries are compared by what they say about one
// pattern; what cannot be shown to be covered by the old policy is reported, so that the list may be too long
// but not too short.
#include "policy/compare.hpp"
#include "policy/policy.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace egressd::policy {
namespace {

using ByPattern = std::map<std::string, std::vector<const Rule*>>;

ByPattern by_pattern(const std::vector<Rule>& rules) {
    ByPattern result;
    for (const Rule& rule : rules)
        result[rule.pattern.text()].push_back(&rule);
    return result;
}

std::string name_of(const Rule& rule) {
    return rule.source.text() + ": " + rule.pattern.text();
}

/// What `next` permits beyond `current`, an entry for the same pattern; empty when nothing.
std::vector<std::string> widenings(const Rule& current, const Rule& next) {
    std::vector<std::string> lines;
    const auto widened = [&](const std::string& what, const std::string& from, const std::string& to) {
        lines.push_back(name_of(next) + ": " + what + " widened from " + from + " to " + to);
    };
    if (!covers_ports(current, next))
        widened("ports", list_of_ports(current), list_of_ports(next));
    if (!covers_methods(current, next))
        widened("methods", list_of(current.methods), list_of(next.methods));
    if (!covers_paths(current, next))
        widened("paths", list_of(current.paths), list_of(next.paths));
    if (!covers_tls(current, next))
        widened("tls", std::string(to_text(current.tls)), std::string(to_text(next.tls)));
    if (!covers_private(current, next))
        lines.push_back(name_of(next) + ": private ranges added");
    if (!covers_secrets(current, next))
        widened("secrets", std::string(to_text(current.secrets)), std::string(to_text(next.secrets)));
    if (!covers_credentials(current, next))
        lines.push_back(name_of(next) + ": credentials added, or no longer pinned");
    return lines;
}

/// Against the entry of the old policy that comes closest.
std::vector<std::string> widenings(const ByPattern& current, const Rule& next) {
    const auto same = current.find(next.pattern.text());
    if (same == current.end())
        return {name_of(next) + " is newly allowed (ports " + list_of_ports(next) + ")"};
    std::optional<std::vector<std::string>> fewest;
    for (const Rule* rule : same->second) {
        std::vector<std::string> lines = widenings(*rule, next);
        if (!fewest || lines.size() < fewest->size())
            fewest = std::move(lines);
    }
    return *fewest;
}

/// The entry of `next` under which names of `gone`, a pattern that it no longer has, now fall; nullptr when
/// none.
const Rule* heir(const Policy& next, const Rule& gone) {
    const Rule* found = nullptr;
    next.allow_index().walk(gone.pattern.base, [&](std::span<const Rule* const> rules, bool at) {
        for (const Rule* rule : rules) {
            // An exact entry inherits nothing from a wildcard with the same base.
            const bool fits = gone.pattern.kind == Pattern::Kind::exact
                                  ? kind_matches(rule->pattern.kind, at)
                                  : rule->pattern.kind != Pattern::Kind::exact;
            if (fits && found == nullptr)
                found = rule;
        }
        return found != nullptr;
    });
    return found;
}

/// An entry for a few names that is taken out leaves them to the wildcard around it, which may permit more.
std::vector<std::string> inheritances(const Policy& current, const Policy& next) {
    std::vector<std::string> lines;
    const ByPattern kept = by_pattern(next.allow());
    for (const auto& [pattern, rules] : by_pattern(current.allow())) {
        if (kept.contains(pattern))
            continue;
        if (const Rule* wider = heir(next, *rules.front()))
            lines.push_back(name_of(*wider) + " now also governs " + pattern + ", whose own entry is gone");
    }
    return lines;
}

std::vector<std::string> lost_denials(const Policy& current, const Policy& next) {
    std::vector<std::string> lines;
    const ByPattern kept = by_pattern(next.deny());
    for (const Rule& rule : current.deny()) {
        const auto same = kept.find(rule.pattern.text());
        if (same == kept.end()) {
            lines.push_back(rule.pattern.text() + " is no longer denied (was " + rule.source.text() + ")");
            continue;
        }
        const bool covered = std::any_of(same->second.begin(), same->second.end(),
                                         [&](const Rule* other) { return covers_attempts(*other, rule); });
        if (!covered)
            lines.push_back(name_of(*same->second.front()) + " is denied for less than before (was " +
                            rule.source.text() + ")");
    }
    return lines;
}

} // namespace

std::vector<std::string> weakenings(const Policy& current, const Policy& next) {
    std::vector<std::string> lines;
    const auto append = [&](const std::vector<std::string>& more) {
        lines.insert(lines.end(), more.begin(), more.end());
    };
    if (current.mode() == Mode::enforce && next.mode() == Mode::observe)
        lines.push_back("mode changed from enforce to observe: hosts that are not listed are let through");
    const ByPattern allowed = by_pattern(current.allow());
    for (const Rule& rule : next.allow())
        append(widenings(allowed, rule));
    append(inheritances(current, next));
    append(lost_denials(current, next));
    return lines;
}

} // namespace egressd::policy
