// What the operator asked for, after every check: plain data that the rest of egressd reads. Only
// config/loader makes it, and only there is YAML known.
#pragma once

#include "audit/journal.hpp"
#include "config/ca_files.hpp"
#include "config/known_values.hpp"
#include "net/host.hpp"
#include "policy/budget.hpp"
#include "policy/policy.hpp"
#include "scan/rule.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace egressd::config {

/// `limits:`. Every wait and every size of the proxy, each with its reason in the schema table
/// (config/schema.cpp).
struct Limits {
    std::size_t header_bytes = 64 * 1024;
    std::size_t header_fields = 100;
    std::chrono::milliseconds header_timeout{10'000};     // first byte of a request to the end of its header
    std::chrono::milliseconds keep_alive_timeout{60'000}; // idle between requests
    std::chrono::milliseconds client_hello_timeout{10'000}; // after 200 to CONNECT
    std::chrono::milliseconds resolve_timeout{5'000};
    std::chrono::milliseconds connect_timeout{10'000};
    std::chrono::milliseconds response_timeout{300'000}; // an origin's first byte: LLM calls think long
    std::chrono::milliseconds idle_timeout{3'600'000};   // no byte in either direction of a body or a tunnel
    std::size_t connections = 0;                         // 0: as many as descriptors allow
    std::chrono::milliseconds drain_timeout{10'000};     // SIGTERM to the end of what is in flight
};

struct UpstreamProxy {
    net::Authority authority;
    /// "user:password" from the environment variable that `upstream.proxy_credentials` names; never printed
    /// or logged.
    std::string credentials;
    std::string credentials_variable; // the name of that variable; empty without credentials
    std::vector<policy::Pattern> no_proxy;
    std::vector<net::Network> no_proxy_networks;
};

struct DnsSettings {
    bool system = true;                                                 // servers of /etc/resolv.conf
    std::vector<policy::Endpoint> servers;                              // else these, in order
    std::map<std::string, std::vector<boost::asio::ip::address>> hosts; // canonical name → addresses
    bool synthetic = false; // agents get addresses that stand for the name, else those that it has
    bool sinkhole = false;  // so they do for a denied name, else NXDOMAIN
    policy::NameLimits budget;
    std::size_t rate = 5000; // questions a second that get a record of their own
};

/// A text of scan rules, as it was when it was read.
struct RuleFile {
    std::string name; // "builtin", or the path
    std::string sha256;
};

/// `secrets:`.
struct Secrets {
    std::vector<scan::Rule> rules; // with `home` merged in
    std::vector<RuleFile> files;   // where they are from
    std::vector<KnownSource> known;
    bool known_by_default = true; // the policy does not say: default_known()
    bool canary = false;
    std::size_t hold = 64 * 1024;
    bool block_undecodable = true;
    std::map<std::string, std::vector<std::string>> home; // rule id → what the operator added
};

struct Settings {
    std::string file;  // the path that was loaded
    std::string state; // an absolute directory; empty where nothing says which, and inspection.ca is given
    CaFiles ca;        // absolute; own_ca_in(state) unless the operator brings a CA
    policy::Endpoint proxy_listen;
    std::optional<policy::Endpoint> dns_listen; // absent: off
    unsigned workers = 0;                       // 0: one a core
    Limits limits;
    DnsSettings dns;
    std::optional<UpstreamProxy> upstream_proxy;
    std::vector<std::string> upstream_ca; // paths, checked to be readable PEM certificates
    audit::JournalOptions audit;
    Secrets secrets;
    std::shared_ptr<const policy::Policy> policy;
    /// The whole effective configuration as canonical JSON (sorted keys, defaults filled in, no credential),
    /// and its SHA-256 in hex: the `policy` record.
    std::string effective_json;
    std::string sha256;
};

/// One finding about a configuration file.
struct Diagnostic {
    enum class Level { error, warning };
    Level level = Level::error;
    policy::Source source;
    std::string message; // what is wrong, what was expected, what to write instead

    std::string text() const; // "file:line:column: error: message"
};

struct Loaded {
    std::optional<Settings> settings; // absent exactly when there is an error among the diagnostics
    std::vector<Diagnostic> diagnostics;
};

/// Reads `path` and what it includes. Never throws for what a file contains; bounds on size (4 MiB a file),
/// depth (32) and includes (64) are errors.
Loaded load(const std::string& path);

} // namespace egressd::config
