// What becomes of a secret that was found? A token that goes where it belongs is what an agent is for; the
// same token anywhere else is refused. Decided from what was found, where it stood, and where it was going.
// Pure: it never sees the secret itself.
#pragma once

#include "net/host.hpp"
#include "policy/rule.hpp"
#include "proxy/http1.hpp"
#include "scan/finding.hpp"

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace egressd::proxy {

/// The rule of values that no program has a use for: whoever sends one has read what it should not.
inline constexpr std::string_view canary_rule = "canary";

/// Where in a request something stands.
struct Place {
    enum class Kind { host, socks, method, path, query, header, body, ws };
    Kind kind = Kind::body;
    std::string name; // of the header field or the query's parameter, as it may be shown

    /// As records and refusals say it: "body", "header:authorization", "query:key".
    std::string text() const;
};

/// `name` as it may be shown: its letters in lower case where it is a header's; empty where it holds anything
/// but [A-Za-z0-9_-], or is longer than 64 bytes.
std::string shown_name(std::string_view name, Place::Kind kind);

/// Where the secrets of each rule belong.
class Homes {
public:
    /// `rules` outlive it.
    explicit Homes(const std::vector<scan::Rule>& rules);
    bool is_home(const scan::Rule& rule, const net::Host& host) const;
    /// True for a rule from a file, whose homes the operator can add to; not for those of known values.
    bool knows(const scan::Rule& rule) const { return homes_.count(&rule) > 0; }

private:
    std::unordered_map<const scan::Rule*, std::vector<policy::Pattern>> homes_;
};

struct Found {
    scan::Finding finding;
    Place place;
    bool pinned = false; // in a header whose whole value is one that the entry pins
};

/// none: not worth a record. home: where it belongs, likewise. alert: recorded, let through. block: refused.
enum class Action { none, home, alert, block };
std::string_view to_text(Action action);

/// What a secret meets on its way.
struct Destination {
    const net::Host& host;
    const Homes& homes;
    policy::Secrets mode = policy::Secrets::block; // not off
    std::span<const policy::Pin> pins;
};

/// One action for each of `found`. Those of one value are judged together: a token that two services share
/// the form of, or that the operator declared as a known secret, is at home where one of them is.
std::vector<Action> judge(std::span<const Found> found, const Destination& destination);

/// The credential in a header's value: without its scheme in `authorization`.
std::string_view credential_in(std::string_view header, std::string_view value);
bool is_pinned(const Field& field, std::span<const policy::Pin> pins);
/// The first pinned header among `fields` whose credential is not one of its pins, or an empty view.
std::string_view foreign_header(const std::vector<Field>& fields, std::span<const policy::Pin> pins);

} // namespace egressd::proxy
