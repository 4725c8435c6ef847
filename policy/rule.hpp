// One entry of `allow` or `deny`, as the operator meant it. Made by config/, read by policy/; pure data.
#pragma once

#include "net/address.hpp"
#include "net/host.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace egressd::policy {

/// Where an entry stands, as people are told: "allow.yaml:12".
struct Source {
    std::string file; // as the operator gave it, or relative to the including file
    int line = 0;     // 1-based
    int column = 0;   // 1-based

    std::string text() const; // "file:line", the file's base name only
};

/// `x` is the exact name, `*.x` any depth below x but not x, `**.x` both. `*` is every name: `below` with an
/// empty base.
struct Pattern {
    enum class Kind { exact, below, at_or_below };
    Kind kind = Kind::exact;
    net::Host base; // an address only with Kind::exact

    /// An IPv6 address that maps an IPv4 address is that IPv4 address.
    bool matches(const net::Host& host) const;
    std::string text() const;
};

/// Parses `x`, `*.x`, `**.x`, or a canonical IP literal. Refuses every other use of '*', and (unless
/// `public_suffix`)
/// `*` itself and a wildcard whose base is a public suffix (libpsl, ICANN and private sections) with a
/// message that says what to write.
Result<Pattern> parse_pattern(std::string_view text, bool public_suffix);

/// The text under which a host is looked up: the name, or the address with a mapped IPv4 address unwrapped.
std::string lookup_key(const net::Host& host);

/// How much is read of a connection that is asked for by CONNECT or SOCKS5, least permissive first. inspect:
/// TLS is opened, each request in it is judged. tunnel: TLS whose SNI is checked, bytes are not read. raw:
/// any TCP protocol.
enum class Tls { inspect, tunnel, raw };
std::string_view to_text(Tls tls);

/// What happens to a secret on its way to a host where it does not belong, strictest first. block: it is
/// refused. alert: recorded, let through. off: nothing is looked for.
enum class Secrets { block, alert, off };
std::string_view to_text(Secrets secrets);

/// A credential that may go to a host. While a header has pins, its value must be one of theirs.
struct Pin {
    std::string header; // lower case
    /// Of the header's value; of `authorization` and `proxy-authorization` without the scheme in front.
    std::array<unsigned char, 32> sha256{};

    friend bool operator==(const Pin&, const Pin&) = default;
};

inline constexpr std::uint16_t http_port = 80;
inline constexpr std::uint16_t https_port = 443;

struct Rule {
    Pattern pattern;
    std::vector<std::uint16_t> ports; // empty: every port (only `deny` entries may leave it so)
    std::vector<std::string> methods; // upper case; empty: any
    std::vector<std::string>
        paths; // globs, canonical (net::canonical_path): '*' within a segment, '**' across; empty: any
    Tls tls = Tls::inspect;
    std::vector<net::Network> private_ranges;
    Secrets secrets = Secrets::block; // where bytes are read: not inside a tunnel
    std::vector<Pin> credentials;     // empty: any credential
    std::string reason;               // the operator's own words, shown in refusals
    Source source;
};

/// How a connection is read that `rule` lets through; nullptr: a host that no rule names (observe mode).
Tls treatment_of(const Rule* rule);

/// `glob` against one reading of a path; both begin with '/'. '*' is any run of characters but '/', '**' any
/// run; each may be empty. Linear in the length of the path for each '*'.
bool glob_matches(std::string_view glob, std::string_view path);

} // namespace egressd::policy
