#include "policy/policy.hpp"

#include "net/url.hpp"
#include "policy/resolvers.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

namespace egressd::policy {
namespace {

using boost::asio::ip::address;

/// The readings of an attempt's path, made when the first rule asks for them.
class Readings {
public:
    explicit Readings(const Attempt& attempt) : attempt_(attempt) {}

    /// Only when the attempt has a path.
    const std::vector<std::string>& get() {
        if (readings_.empty())
            readings_ = net::path_readings(*attempt_.path);
        return readings_;
    }

private:
    const Attempt& attempt_;
    std::vector<std::string> readings_;
};

bool has_port(const Rule& rule, std::uint16_t port) {
    return rule.ports.empty() || std::find(rule.ports.begin(), rule.ports.end(), port) != rule.ports.end();
}

bool any_glob_matches(const Rule& rule, const std::string& reading) {
    return std::any_of(rule.paths.begin(), rule.paths.end(),
                       [&](const std::string& glob) { return glob_matches(glob, reading); });
}

/// Does the rule say anything about what stands inside a connection?
bool is_conditional(const Rule& rule) {
    return !rule.methods.empty() || !rule.paths.empty();
}

/// Methods and paths of an inspected connection are judged request by request, inside.
bool is_judged_inside(const Rule* rule, const Attempt& attempt) {
    return !attempt.method && treatment_of(rule) == Tls::inspect;
}

/// What an allow rule says to an attempt whose host it matches: allowed, or the first thing that it does not
/// accept.
Reason judge(const Rule& rule, const Attempt& attempt, Readings& readings) {
    if (attempt.protocol == Protocol::dns)
        return Reason::allowed;
    if (!has_port(rule, attempt.port))
        return Reason::port;
    if (is_judged_inside(&rule, attempt))
        return Reason::allowed;
    if (!rule.methods.empty()) {
        if (!attempt.method)
            return Reason::inspection_impossible;
        if (std::find(rule.methods.begin(), rule.methods.end(), *attempt.method) == rule.methods.end())
            return Reason::method;
    }
    if (!rule.paths.empty()) {
        if (!attempt.path)
            return Reason::inspection_impossible;
        const std::vector<std::string>& all = readings.get();
        if (!std::all_of(all.begin(), all.end(),
                         [&](const auto& reading) { return any_glob_matches(rule, reading); }))
            return Reason::path;
    }
    return Reason::allowed;
}

/// How far an attempt came with a rule: the furthest is the most useful to tell.
int reached(Reason reason) {
    switch (reason) {
    case Reason::port:
        return 0;
    case Reason::method:
    case Reason::inspection_impossible:
        return 1;
    case Reason::path:
        return 2;
    default:
        return 3;
    }
}

/// Some origins take "post" for POST, so a denial of POST means both.
bool same_method(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](unsigned char x, unsigned char y) { return std::toupper(x) == std::toupper(y); });
}

/// A deny rule for some methods or paths also denies what asks for a connection, where neither is seen yet. A
/// name alone is denied only by a rule that leaves nothing of it.
bool denies(const Rule& rule, const Attempt& attempt, Readings& readings) {
    if (attempt.protocol == Protocol::dns)
        return rule.ports.empty() && !is_conditional(rule);
    if (!has_port(rule, attempt.port))
        return false;
    if (!rule.methods.empty() && attempt.method &&
        std::none_of(rule.methods.begin(), rule.methods.end(),
                     [&](const std::string& method) { return same_method(method, *attempt.method); }))
        return false;
    if (rule.paths.empty() || !attempt.path)
        return true;
    const std::vector<std::string>& all = readings.get();
    return std::any_of(all.begin(), all.end(),
                       [&](const auto& reading) { return any_glob_matches(rule, reading); });
}

/// The decision of the rules among `rules` whose kind is one of `kinds`; nullopt when there are none.
template <class KindMatches>
std::optional<Decision> govern(std::span<const Rule* const> rules, KindMatches kind_fits,
                               const Attempt& attempt, Readings& readings) {
    std::optional<Decision> furthest;
    for (const Rule* rule : rules) {
        if (!kind_fits(rule->pattern.kind))
            continue;
        const Reason reason = judge(*rule, attempt, readings);
        if (reason == Reason::allowed)
            return Decision{Verdict::allow, reason, rule};
        if (!furthest || reached(reason) > reached(furthest->reason))
            furthest = Decision{Verdict::deny, reason, rule};
    }
    return furthest;
}

/// The deny rules that an attempt meets: one that denies it whatever it holds, and one that denies some of
/// what a connection may hold.
struct Denials {
    const Rule* certain = nullptr;
    const Rule* conditional = nullptr;
};

Denials find_denials(const RuleIndex& index, const Attempt& attempt, Readings& readings) {
    Denials denials;
    index.walk(attempt.host, [&](std::span<const Rule* const> rules, bool at) {
        for (const Rule* rule : rules) {
            if (!kind_matches(rule->pattern.kind, at) || !denies(*rule, attempt, readings))
                continue;
            const bool certain = attempt.method || !is_conditional(*rule);
            const Rule*& found = certain ? denials.certain : denials.conditional;
            if (found == nullptr)
                found = rule;
        }
        return denials.certain != nullptr;
    });
    return denials;
}

/// The decision of the most specific allow rules for the host; nullopt where there are none.
std::optional<Decision> find_governing(const RuleIndex& index, const Attempt& attempt, Readings& readings) {
    std::optional<Decision> decision;
    index.walk(attempt.host, [&](std::span<const Rule* const> rules, bool at) {
        if (at)
            decision = govern(
                rules, [](auto kind) { return kind == Pattern::Kind::exact; }, attempt, readings);
        if (!decision)
            decision = govern(
                rules, [at](auto kind) { return kind != Pattern::Kind::exact && kind_matches(kind, at); },
                attempt, readings);
        return decision.has_value();
    });
    return decision;
}

bool is_own(const address& plain, std::uint16_t port, std::span<const Endpoint> own) {
    bool wildcard = false;
    bool listed = false;
    for (const Endpoint& endpoint : own) {
        const address mine = net::unmapped(endpoint.address);
        listed = listed || mine == plain;
        if (endpoint.port != port)
            continue;
        wildcard = wildcard || mine.is_unspecified();
        // Linux takes a connection to the unspecified address for one to loopback.
        if (mine == plain || (plain.is_unspecified() && mine.is_loopback()))
            return true;
    }
    return wildcard && (listed || plain.is_loopback() || plain.is_unspecified());
}

/// A range that was meant for CGNAT or an internal network must not open the metadata service that lies in
/// it.
bool opens(const net::Network& range, const address& plain) {
    return range.contains(plain) &&
           (net::classify(plain) != net::AddressClass::metadata || range.is_single());
}

bool is_reachable(const Rule* rule, const address& plain) {
    if (!net::is_forbidden(net::classify(plain)))
        return true;
    return rule != nullptr && std::any_of(rule->private_ranges.begin(), rule->private_ranges.end(),
                                          [&](const net::Network& range) { return opens(range, plain); });
}

} // namespace

std::string_view to_text(Mode mode) {
    switch (mode) {
    case Mode::enforce:
        return "enforce";
    case Mode::observe:
        return "observe";
    }
    return "enforce";
}

Policy::Policy(Mode mode, std::vector<Rule> allow, std::vector<Rule> deny)
    : mode_(mode), allow_(std::move(allow)), deny_(std::move(deny)), allow_index_(allow_),
      deny_index_(deny_) {}

Decision Policy::decide(const Attempt& attempt) const {
    if (attempt.host.text().empty())
        return {Verdict::deny, Reason::name_invalid, nullptr};
    Readings readings(attempt);

    const Denials denials = find_denials(deny_index_, attempt, readings);
    if (denials.certain != nullptr)
        return {Verdict::deny, Reason::denied_by_rule, denials.certain};
    const bool observed = mode_ == Mode::observe && !leads_to_resolver(attempt.host, attempt.port);
    const Decision unlisted{observed ? Verdict::observe : Verdict::deny, Reason::not_listed, nullptr};
    const Decision decision = find_governing(allow_index_, attempt, readings).value_or(unlisted);
    if (denials.conditional != nullptr && decision.lets_through() &&
        !is_judged_inside(decision.rule, attempt))
        return {Verdict::deny, Reason::denied_by_rule, denials.conditional};
    return decision;
}

Reason Policy::judge_address(const Decision& decision, const address& any, std::uint16_t port,
                             std::span<const Endpoint> own) const {
    if (!decision.lets_through())
        return Reason::address_forbidden;
    const address plain = net::unmapped(any);
    if (is_own(plain, port, own))
        return Reason::self_connection;

    bool denied = false;
    deny_index_.walk(net::Host::of(plain), [&](std::span<const Rule* const> rules, bool) {
        denied = std::any_of(rules.begin(), rules.end(), [&](const Rule* rule) {
            return has_port(*rule, port) && rule->methods.empty() && rule->paths.empty();
        });
        return denied;
    });
    if (denied || !is_reachable(decision.rule, plain))
        return Reason::address_forbidden;
    for (const auto& inner : net::embedded_ipv4(plain)) {
        if (!is_reachable(decision.rule, inner))
            return Reason::address_forbidden;
    }
    return Reason::allowed;
}

} // namespace egressd::policy
