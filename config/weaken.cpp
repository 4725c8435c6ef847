#include "config/weaken.hpp"

#include <algorithm>
#include <unordered_map>

namespace egressd::config {
namespace {

/// A file with hundreds of rules may be gone; what is shown of it must fit a line.
constexpr std::size_t max_shown = 10;

/// `next` lets nothing pass that `current` finds. Another pattern may find less: there is no telling.
bool covers(const scan::Rule& next, const scan::Rule& current) {
    const bool same_find = next.pattern == current.pattern && next.keywords == current.keywords &&
                           next.check == current.check && next.unproven >= current.unproven &&
                           next.entropy <= current.entropy && next.tier >= current.tier;
    return same_find && std::all_of(next.home.begin(), next.home.end(), [&](const std::string& home) {
               return std::find(current.home.begin(), current.home.end(), home) != current.home.end();
           });
}

void add_rules(const Secrets& current, const Secrets& next, std::vector<std::string>& lines) {
    std::unordered_map<std::string_view, const scan::Rule*> kept;
    for (const scan::Rule& rule : next.rules)
        kept.emplace(rule.id, &rule);
    std::string ids;
    std::size_t count = 0;
    for (const scan::Rule& rule : current.rules) {
        const auto same = kept.find(rule.id);
        if (same != kept.end() && covers(*same->second, rule))
            continue;
        if (++count <= max_shown)
            ids += (ids.empty() ? "" : ", ") + rule.id;
    }
    if (count > 0)
        lines.push_back("secrets: rules that are gone, or find less than before: " + ids +
                        (count > max_shown ? " and " + std::to_string(count - max_shown) + " more" : ""));
}

bool same_source(const KnownSource& a, const KnownSource& b) {
    return a.kind == b.kind && a.names == b.names && a.path == b.path;
}

void add_known(const Secrets& current, const Secrets& next, std::vector<std::string>& lines) {
    const bool all_kept =
        std::all_of(current.known.begin(), current.known.end(), [&](const KnownSource& source) {
            return std::any_of(next.known.begin(), next.known.end(),
                               [&](const KnownSource& other) { return same_source(source, other); });
        });
    if (!all_kept)
        lines.emplace_back("secrets.known: a source of known values is gone or changed");
}

/// The budget for names: what may be told in them.
void add_budget(const DnsSettings& current, const DnsSettings& next, std::vector<std::string>& lines) {
    const policy::NameLimits& before = current.budget;
    const policy::NameLimits& after = next.budget;
    if (after.window < before.window || after.names > before.names || after.bytes > before.bytes ||
        after.random > before.random || after.missing > before.missing || after.lookups > before.lookups)
        lines.emplace_back("dns.budget lets more names pass than before");
}

} // namespace

std::vector<std::string> weakenings(const Settings& current, const Settings& next) {
    std::vector<std::string> lines = policy::weakenings(*current.policy, *next.policy);
    add_rules(current.secrets, next.secrets, lines);
    add_known(current.secrets, next.secrets, lines);
    add_budget(current.dns, next.dns, lines);
    if (current.secrets.canary && !next.secrets.canary)
        lines.emplace_back("secrets.canary changed from true to false");
    if (current.secrets.block_undecodable && !next.secrets.block_undecodable)
        lines.emplace_back("secrets.undecodable changed from block to alert");
    return lines;
}

} // namespace egressd::config
