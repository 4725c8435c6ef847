#include "policy/lint.hpp"

#include "policy/compare.hpp"

#include <algorithm>
#include <set>

namespace egressd::policy {
namespace {

using Rules = std::span<const Rule* const>;

void warn(std::vector<Warning>& warnings, const Rule& rule, std::string message) {
    warnings.push_back({rule.source, std::move(message)});
}

/// Half of all peers let "*.x" match x as well.
void check_apex(const Policy& policy, const Rule& rule, std::vector<Warning>& warnings) {
    const std::string& base = rule.pattern.base.text();
    if (rule.pattern.kind != Pattern::Kind::below || base.empty())
        return;
    const Rules same_base = policy.allow_index().with_base(base);
    const bool apex = std::any_of(same_base.begin(), same_base.end(),
                                  [](const Rule* other) { return kind_matches(other->pattern.kind, true); });
    if (!apex)
        warn(warnings, rule,
             "'*." + base + "' does not match " + base + " itself; write '**." + base + "' to allow both");
}

void check_private(const Rule& rule, std::vector<Warning>& warnings) {
    for (const net::Network& range : rule.private_ranges) {
        if (range.covers_loopback())
            warn(warnings, rule,
                 "private: " + range.text() + " lets " + rule.pattern.text() +
                     " reach loopback, and with it every service of this machine");
    }
}

std::string content_of(const Rule& rule) {
    std::string text = rule.pattern.text() + '\n' + list_of_ports(rule) + '\n' + list_of(rule.methods) +
                       '\n' + list_of(rule.paths) + '\n' + std::string(to_text(rule.tls));
    for (const net::Network& range : rule.private_ranges)
        text += '\n' + range.text();
    return text;
}

void check_duplicates(const std::vector<Rule>& rules, std::vector<Warning>& warnings) {
    std::set<std::string> seen;
    for (const Rule& rule : rules) {
        if (!seen.insert(content_of(rule)).second)
            warn(warnings, rule, rule.pattern.text() + " stands here twice with the same words");
    }
}

/// Does `wide` match every name that `narrow` matches, given that the base of `wide` is that of `narrow`
/// (`at`) or above?
bool covers_names(Pattern::Kind wide, Pattern::Kind narrow, bool at) {
    if (!at || wide == Pattern::Kind::at_or_below)
        return wide != Pattern::Kind::exact;
    return wide == narrow;
}

void check_denied(const Policy& policy, const Rule& rule, std::vector<Warning>& warnings) {
    policy.deny_index().walk(rule.pattern.base, [&](Rules denials, bool at) {
        for (const Rule* denial : denials) {
            const bool whole =
                covers_names(denial->pattern.kind, rule.pattern.kind, at) && covers_attempts(*denial, rule);
            if (!whole)
                continue;
            warn(warnings, rule,
                 rule.pattern.text() + " is never allowed: " + denial->pattern.text() + " at " +
                     denial->source.text() + " denies it");
            return true;
        }
        return false;
    });
}

bool same_level(const Rule& a, const Rule& b) {
    return a.pattern.base == b.pattern.base &&
           (a.pattern.kind == Pattern::Kind::exact) == (b.pattern.kind == Pattern::Kind::exact);
}

/// An entry that is more specific takes its names out of the wildcard around it, with all that this one
/// permits.
void check_shadowing(const Policy& policy, const Rule& rule, std::vector<Warning>& warnings) {
    const Rules same_base = policy.allow_index().with_base(rule.pattern.base.text());
    policy.allow_index().walk(rule.pattern.base, [&](Rules around, bool at) {
        bool found = false;
        for (const Rule* wide : around) {
            if (same_level(*wide, rule) || !covers_names(wide->pattern.kind, rule.pattern.kind, at))
                continue;
            found = true;
            const bool kept = std::any_of(same_base.begin(), same_base.end(), [&](const Rule* own) {
                return same_level(*own, rule) && covers_attempts(*own, *wide);
            });
            if (!kept)
                warn(warnings, rule,
                     rule.pattern.text() + " is governed by its own entries alone; what " +
                         wide->pattern.text() + " at " + wide->source.text() +
                         " allows beyond them does not apply to it");
        }
        return found;
    });
}

} // namespace

std::vector<Warning> lint(const Policy& policy) {
    std::vector<Warning> warnings;
    for (const Rule& rule : policy.allow()) {
        check_apex(policy, rule, warnings);
        check_private(rule, warnings);
        check_denied(policy, rule, warnings);
        check_shadowing(policy, rule, warnings);
    }
    check_duplicates(policy.allow(), warnings);
    check_duplicates(policy.deny(), warnings);
    return warnings;
}

} // namespace egressd::policy
