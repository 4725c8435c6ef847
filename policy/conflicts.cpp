#include "policy/policy.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace egressd::policy {
namespace {

bool same_ranges(const Rule& a, const Rule& b) {
    return std::is_permutation(a.private_ranges.begin(), a.private_ranges.end(), b.private_ranges.begin(),
                               b.private_ranges.end());
}

void compare(const Rule& first, const Rule& second, std::vector<Conflict>& conflicts) {
    if (first.tls != second.tls)
        conflicts.push_back({first.source, second.source, "tls"});
    if (!same_ranges(first, second))
        conflicts.push_back({first.source, second.source, "private"});
    if (first.secrets != second.secrets)
        conflicts.push_back({first.source, second.source, "secrets"});
}

/// The entries of one specificity. Each is compared with the first that has a port in common with it: where
/// all agree with the first on a port, all agree, and a list of thousands stays cheap.
class Group {
public:
    void add(const Rule& rule, std::vector<Conflict>& conflicts) {
        for (const Rule* earlier : sharing_a_port(rule))
            compare(*earlier, rule, conflicts);
        if (rule.ports.empty())
            first_with_port_.try_emplace(every_port, &rule);
        for (const std::uint16_t port : rule.ports)
            first_with_port_.try_emplace(port, &rule);
    }

private:
    static constexpr std::uint16_t every_port = 0; // no port of a rule is 0

    std::set<const Rule*> sharing_a_port(const Rule& rule) const {
        std::set<const Rule*> earlier;
        for (const auto& [port, first] : first_with_port_) {
            const bool shared = rule.ports.empty() || port == every_port ||
                                std::find(rule.ports.begin(), rule.ports.end(), port) != rule.ports.end();
            if (shared)
                earlier.insert(first);
        }
        return earlier;
    }

    std::map<std::uint16_t, const Rule*> first_with_port_;
};

} // namespace

std::vector<Conflict> Policy::conflicts() const {
    std::vector<Conflict> conflicts;
    // `*.x` and `**.x` are of one specificity: both govern a name below x.
    struct Groups {
        Group exact;
        Group wild;
    };
    std::map<std::string_view, Groups> by_base;
    for (const Rule& rule : allow_) {
        Groups& groups = by_base[rule.pattern.base.text()];
        Group& group = rule.pattern.kind == Pattern::Kind::exact ? groups.exact : groups.wild;
        group.add(rule, conflicts);
    }
    return conflicts;
}

} // namespace egressd::policy
