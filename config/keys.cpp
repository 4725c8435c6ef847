#include "config/keys.hpp"

#include <array>

// The table itself. Adding a key is adding a line here and reading it in config/sections or config/rules; the
// reference and the JSON Schema follow (`scripts/test` says when their copies in the repository are stale).
namespace egressd::config {
namespace {

constexpr std::array keys = std::to_array<Key>({
    {.path = "",
     .type = Type::mapping,
     .doc = "One file says what a task may reach; what it does not list is refused."},
    {.path = "version",
     .type = Type::integer,
     .min = 1,
     .max = 1,
     .required = true,
     .in_included_file = true,
     .doc = "The version of this language. An included file may leave it out."},
    {.path = "state",
     .form = "directory",
     .fallback = "(in the system's place)",
     .doc = "Where egressd keeps what it makes itself, its CA above all; closed to other users, made when it "
            "is needed. Relative to the file that names it. Default: `/var/lib/egressd` for root, else "
            "`$XDG_STATE_HOME/egressd`, where `$XDG_STATE_HOME` is `~/.local/state` unless set."},
    {.path = "mode",
     .type = Type::choice,
     .fallback = "enforce",
     .choices = "enforce|observe",
     .doc = "`observe` lets an unlisted host through and records it as `would_deny`; it never lets through "
            "what a `deny` rule names or a forbidden address."},

    {.path = "listen", .type = Type::mapping, .doc = "Where egressd can be reached."},
    {.path = "listen.proxy",
     .form = "address:port",
     .fallback = "127.0.0.1:3128",
     .doc = "HTTP proxy and SOCKS5 on one port, told apart by the first byte. Port 0 takes a free one, which "
            "the start-up summary names."},
    {.path = "listen.dns",
     .form = "off, or address:port",
     .fallback = "off",
     .doc = "The DNS server for agents, UDP and TCP. A `resolv.conf` can name port 53 alone; 5353 belongs to "
            "multicast DNS on most desktops."},
    {.path = "listen.control", .type = Type::later, .fallback = "off", .doc = "The control socket."},
    {.path = "listen.metrics", .type = Type::later, .fallback = "off", .doc = "Prometheus metrics."},

    {.path = "allow",
     .type = Type::list,
     .form = "[entry, ...]",
     .fallback = "[]",
     .in_included_file = true,
     .doc = "What may be reached. An empty list denies everything."},
    {.path = "allow[]",
     .type = Type::entry,
     .form = "a domain, or a mapping",
     .doc = "An entry is a text, which is short for `{domain: text}`, or a mapping. The entries with the "
            "most specific name alone govern a host."},
    {.path = "allow[].domain",
     .form = "x, *.x, **.x or an IP address",
     .required = true,
     .doc = "`x` is that name alone, `*.x` every name below it but not `x`, `**.x` both. An IP address "
            "matches only itself, and no name ever matches it."},
    {.path = "allow[].ports",
     .type = Type::list,
     .form = "[port, ...]",
     .fallback = "[80, 443]",
     .doc = "The ports that may be connected to."},
    {.path = "allow[].ports[]", .type = Type::integer, .min = 1, .max = 65535},
    {.path = "allow[].methods",
     .type = Type::methods,
     .form = "read-only, or [METHOD, ...]",
     .fallback = "(any)",
     .doc = "HTTP methods in upper case; `read-only` is short for `[GET, HEAD, OPTIONS]`. What cannot be "
            "read (`tls: tunnel`) is then refused."},
    {.path = "allow[].methods[]", .form = "METHOD"},
    {.path = "allow[].paths",
     .type = Type::list,
     .form = "[/path, ...]",
     .fallback = "(any)",
     .doc = "Globs over the canonical path: `*` within a segment, `**` across segments. What cannot be read "
            "(`tls: tunnel`) is then refused."},
    {.path = "allow[].paths[]", .form = "/path"},
    {.path = "allow[].tls",
     .type = Type::choice,
     .fallback = "inspect",
     .choices = "inspect|tunnel|raw",
     .doc =
         "`inspect`: TLS is opened with a certificate of egressd's own, and each request inside is judged. "
         "`tunnel`: the client must speak TLS and name this host (SNI); the bytes are not read. `raw`: "
         "any TCP protocol."},
    {.path = "allow[].private",
     .type = Type::list,
     .form = "[network, ...]",
     .fallback = "[]",
     .doc = "Special-purpose networks (private, loopback, ...) that this name may resolve to; without it "
            "only public addresses are dialled."},
    {.path = "allow[].private[]", .form = "address/prefix"},
    {.path = "allow[].reason", .form = "a sentence", .doc = "Why the entry stands here, in your words."},
    {.path = "allow[].public_suffix",
     .type = Type::boolean,
     .fallback = "false",
     .doc = "`true` permits a wildcard below a public suffix (`*.com`, `*.github.io`), where anybody can get "
            "a name."},
    {.path = "allow[].secrets",
     .type = Type::choice,
     .fallback = "block",
     .choices = "block|alert|off",
     .doc =
         "A secret on its way to a host where it does not belong: `block` refuses the request, `alert` "
         "records it and lets it through, `off` looks for none. Inside `tunnel` and `raw` none can be seen."},
    {.path = "allow[].limits", .type = Type::later, .doc = "Budgets for this host."},
    {.path = "allow[].credentials",
     .type = Type::list,
     .form = "[{header, sha256}, ...]",
     .fallback = "(any)",
     .doc = "The only credentials that may go to this host, header by header."},
    {.path = "allow[].credentials[]", .type = Type::mapping, .doc = "One that may pass."},
    {.path = "allow[].credentials[].header",
     .form = "header",
     .required = true,
     .doc = "In lower case, such as `authorization` or `x-api-key`."},
    {.path = "allow[].credentials[].sha256",
     .form = "64 hex digits",
     .required = true,
     .doc =
         "SHA-256 of the header's value without a line break; of `authorization` and `proxy-authorization` "
         "without the scheme (`Bearer`, `Basic`) and the space behind it."},
    {.path = "allow[].credentials[].inject", .type = Type::later, .doc = "Puts the credential in."},

    {.path = "deny",
     .type = Type::list,
     .form = "[entry, ...]",
     .fallback = "[]",
     .in_included_file = true,
     .doc = "What is refused whatever `allow` says."},
    {.path = "deny[]",
     .type = Type::entry,
     .form = "a domain, or a mapping",
     .doc = "An entry is a text, which is short for `{domain: text}`, or a mapping."},
    {.path = "deny[].domain",
     .form = "x, *.x, **.x or an IP address",
     .required = true,
     .doc = "As in `allow`."},
    {.path = "deny[].ports",
     .type = Type::list,
     .form = "[port, ...]",
     .fallback = "(every port)",
     .doc = "The ports that are refused."},
    {.path = "deny[].ports[]", .type = Type::integer, .min = 1, .max = 65535},
    {.path = "deny[].methods",
     .type = Type::methods,
     .form = "read-only, or [METHOD, ...]",
     .fallback = "(any)",
     .doc = "The HTTP methods that are refused."},
    {.path = "deny[].methods[]", .form = "METHOD"},
    {.path = "deny[].paths",
     .type = Type::list,
     .form = "[/path, ...]",
     .fallback = "(any)",
     .doc = "The paths that are refused."},
    {.path = "deny[].paths[]", .form = "/path"},
    {.path = "deny[].reason", .form = "a sentence", .doc = "Told to whoever is refused."},
    {.path = "deny[].public_suffix", .type = Type::boolean, .fallback = "false", .doc = "As in `allow`."},
    {.path = "deny[].tls", .type = Type::refused, .doc = "a deny entry refuses before any TLS is spoken"},
    {.path = "deny[].private",
     .type = Type::refused,
     .doc = "a deny entry never dials, so it needs no networks"},
    {.path = "deny[].secrets",
     .type = Type::refused,
     .doc = "a deny entry lets nothing through that could be scanned"},
    {.path = "deny[].limits",
     .type = Type::refused,
     .doc = "a deny entry lets nothing through that could be limited"},
    {.path = "deny[].credentials",
     .type = Type::refused,
     .doc = "a deny entry lets nothing through that could carry a credential"},

    {.path = "tasks", .type = Type::later, .doc = "Lists for single tasks."},
    {.path = "include",
     .type = Type::list,
     .form = "[file, ...]",
     .fallback = "[]",
     .in_included_file = true,
     .doc = "Files whose `allow` and `deny` are added to these. An included file may hold `version`, "
            "`allow`, `deny` and `include`."},
    {.path = "include[]", .form = "file"},
});

} // namespace

std::span<const Key> policy_keys() {
    return keys;
}

} // namespace egressd::config
