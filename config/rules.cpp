#include "config/rules.hpp"

#include "config/lookup.hpp"
#include "config/values.hpp"
#include "net/address.hpp"
#include "net/url.hpp"
#include "policy/policy.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string>
#include <utility>

namespace egressd::config {
namespace {

using Kind = yaml::Node::Kind;

/// A reason is shown on one line of a terminal and in a reply's header.
constexpr std::size_t max_reason = 200;

constexpr std::array read_only_methods{"GET", "HEAD", "OPTIONS"};

/// RFC 9110 5.6.2.
bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        return alphanumeric || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
}

std::string upper_case(std::string text) {
    for (char& c : text) {
        if (c >= 'a' && c <= 'z')
            c = static_cast<char>(c - 'a' + 'A');
    }
    return text;
}

std::string lower_case(std::string text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
}

/// False when `hex` is anything but 64 hex digits.
bool read_digest(std::string_view hex, std::array<unsigned char, 32>& digest) {
    if (hex.size() != 2 * digest.size())
        return false;
    for (std::size_t i = 0; i < digest.size(); ++i) {
        const char* const begin = hex.data() + 2 * i;
        const auto [end, error] = std::from_chars(begin, begin + 2, digest[i], 16);
        if (error != std::errc() || end != begin + 2)
            return false;
    }
    return true;
}

/// What is most often written in place of a host.
std::string better_hint(const std::string& text, const std::string& otherwise) {
    if (text.find('/') != std::string::npos)
        return "expected a host, found what looks like a URL or a network; write the name alone, networks "
               "under `private`";
    const Result<net::Authority> authority = net::parse_authority(text, std::nullopt);
    if (authority)
        return "a port does not belong here; write {domain: " + authority->host.text() + ", ports: [" +
               std::to_string(authority->port) + "]}";
    return otherwise;
}

class Reader {
public:
    Reader(const yaml::Node& entry, RuleList list, const FileReport& report)
        : entry_(entry), list_(list), report_(report) {}

    std::optional<policy::Rule> read() {
        const yaml::Node* domain = entry_.kind == Kind::scalar ? &entry_ : scalar_at(entry_, "domain");
        rule_.source = report_.source(entry_.at);
        if (list_ == RuleList::allow)
            rule_.ports = {policy::http_port, policy::https_port};
        if (entry_.kind == Kind::mapping) {
            read_ports();
            read_methods();
            read_paths();
            read_reason();
        }
        if (entry_.kind == Kind::mapping && list_ == RuleList::allow) {
            read_tls();
            read_private();
            read_secrets();
            read_credentials();
        }
        if (entry_.kind == Kind::mapping)
            warn_of_tunnels();
        if (domain == nullptr || domain->text.empty())
            return std::nullopt;
        read_domain(*domain);
        if (failed_)
            return std::nullopt;
        return std::move(rule_);
    }

private:
    void fail(Position at, std::string message) {
        failed_ = true;
        report_.error(at, std::move(message));
    }

    /// A list that is there and empty would allow or deny nothing, or everything: too easy to get wrong.
    void refuse_empty(std::string_view key, const char* instead) {
        const yaml::Node* list = node_at(entry_, key, Kind::sequence);
        if (list != nullptr && list->children.empty())
            fail(list->at, std::string(key) + " is empty; leave the key out for " + instead);
    }

    void read_domain(const yaml::Node& domain) {
        const yaml::Node* permission =
            entry_.kind == Kind::mapping ? scalar_at(entry_, "public_suffix") : nullptr;
        // A deny entry may be as wide as it likes.
        const bool public_suffix =
            list_ == RuleList::deny || (permission != nullptr && permission->text == "true");
        Result<policy::Pattern> pattern = policy::parse_pattern(domain.text, public_suffix);
        if (!pattern)
            return fail(domain.at, "domain: " + better_hint(domain.text, pattern.error().message));
        rule_.pattern = std::move(*pattern);
        if (list_ == RuleList::allow && rule_.pattern.base.is_address()) {
            check_address(domain, rule_.pattern.base);
            report_.warning(domain.at,
                            "domain: an address is reached only by clients that ask for the address "
                            "itself; no name that resolves to it is allowed by this");
        }
    }

    /// Asks the policy itself, so that what loads is what live traffic may reach.
    void check_address(const yaml::Node& domain, const net::Host& host) {
        const policy::Policy alone(policy::Mode::enforce, {rule_}, {});
        const policy::Decision allowed{policy::Verdict::allow, policy::Reason::allowed,
                                       &alone.allow().front()};
        if (alone.judge_address(allowed, host.address(), policy::https_port, {}) == policy::Reason::allowed)
            return;
        std::string networks = net::Network::parse(host.text()).value().text();
        for (const boost::asio::ip::address_v4& inner : net::embedded_ipv4(host.address()))
            networks += ", " + inner.to_string();
        fail(domain.at, host.text() + " is a special-purpose address (" +
                            std::string(net::to_text(net::classify(host.address()))) +
                            "), which no plain entry reaches; add private: [" + networks +
                            "] if it is meant");
    }

    void read_ports() {
        refuse_empty("ports", list_ == RuleList::allow ? "[80, 443]" : "every port");
        if (node_at(entry_, "ports", Kind::sequence) == nullptr)
            return;
        rule_.ports.clear();
        for (const yaml::Node* item : items_at(entry_, "ports")) {
            const Result<std::int64_t> port = parse_integer(item->text);
            if (port && *port >= 1 && *port <= std::numeric_limits<std::uint16_t>::max())
                rule_.ports.push_back(static_cast<std::uint16_t>(*port));
        }
    }

    void read_methods() {
        refuse_empty("methods", "any method");
        if (scalar_at(entry_, "methods") != nullptr)
            rule_.methods.assign(read_only_methods.begin(), read_only_methods.end());
        for (const yaml::Node* item : items_at(entry_, "methods"))
            read_method(*item);
    }

    void read_method(const yaml::Node& item) {
        if (!is_token(item.text))
            return fail(item.at, "methods: " + in_quotes(item.text) + " is not the name of an HTTP method");
        const std::string upper = upper_case(item.text);
        if (upper != item.text)
            return fail(item.at, "methods: write " + in_quotes(item.text) + " in upper case: " + upper);
        if (upper == "CONNECT")
            return fail(item.at, "methods: CONNECT is not one to list; `domain` and `ports` govern tunnels");
        if (upper == "TRACE")
            return fail(item.at,
                        "methods: TRACE is always refused, because it returns a request's credentials");
        rule_.methods.push_back(item.text);
    }

    void read_paths() {
        refuse_empty("paths", "any path");
        for (const yaml::Node* item : items_at(entry_, "paths"))
            read_path(*item);
    }

    void read_path(const yaml::Node& item) {
        const std::string prefix = "paths: " + in_quotes(item.text);
        if (item.text.front() != '/')
            return fail(item.at, prefix + " must begin with \"/\"");
        if (item.text.find_first_of("?#") != std::string::npos)
            return fail(item.at, prefix + " has a query or a fragment; only paths are compared");
        const Result<std::string> canonical = net::canonical_path(item.text);
        if (!canonical)
            return fail(item.at, prefix + " can match no request: " + canonical.error().message);
        if (*canonical != item.text)
            return fail(item.at, prefix + " is not in the form that requests are compared in; write " +
                                     in_quotes(*canonical));
        rule_.paths.push_back(item.text);
    }

    /// Port 80 is the one where clients do not ask for a tunnel.
    void warn_of_tunnels() {
        const bool is_plain = rule_.ports == std::vector<std::uint16_t>{policy::http_port};
        const yaml::Node* asked =
            entry_.find("methods") != nullptr ? entry_.find("methods") : entry_.find("paths");
        if (asked == nullptr || is_plain || rule_.tls != policy::Tls::tunnel)
            return;
        report_.warning(asked->key_at,
                        "methods and paths cannot be checked inside a tunnel, so every https request "
                        "under this entry is refused; leave `tls: tunnel` out to have them inspected");
    }

    void read_reason() {
        const yaml::Node* reason = scalar_at(entry_, "reason");
        if (reason == nullptr)
            return;
        if (reason->text.size() > max_reason)
            return fail(reason->at, "reason: longer than " + std::to_string(max_reason) + " bytes");
        rule_.reason = reason->text;
    }

    void read_tls() {
        const yaml::Node* tls = scalar_at(entry_, "tls");
        if (tls == nullptr)
            return;
        if (tls->text == "tunnel")
            rule_.tls = policy::Tls::tunnel;
        if (tls->text != "raw")
            return;
        rule_.tls = policy::Tls::raw;
        if (entry_.find("methods") != nullptr || entry_.find("paths") != nullptr)
            fail(tls->at,
                 "tls: raw lets any protocol through unread, so methods and paths cannot be checked; "
                 "leave one or the other out");
    }

    void read_private() {
        for (const yaml::Node* item : items_at(entry_, "private")) {
            const Result<net::Network> network = net::Network::parse(item->text);
            if (network)
                rule_.private_ranges.push_back(*network);
            else
                fail(item->at, "private: " + network.error().message);
        }
    }

    /// What is said about bytes that nobody reads would be believed.
    bool refuse_unread(const yaml::Node& node, const std::string& what) {
        if (rule_.tls == policy::Tls::inspect)
            return false;
        fail(node.key_at, std::string(node.key) + ": under `tls: " + std::string(to_text(rule_.tls)) +
                              "` the bytes are not read, so " + what +
                              "; leave `tls` out to have them inspected, or `" + node.key + "`");
        return true;
    }

    void read_secrets() {
        const yaml::Node* secrets = scalar_at(entry_, "secrets");
        if (secrets == nullptr)
            return;
        if (secrets->text == "off")
            rule_.secrets = policy::Secrets::off;
        else if (refuse_unread(*secrets, "no secret can be found in them"))
            return;
        if (secrets->text == "alert")
            rule_.secrets = policy::Secrets::alert;
    }

    void read_credentials() {
        const yaml::Node* list = node_at(entry_, "credentials", Kind::sequence);
        if (list == nullptr || refuse_unread(*list, "no credential can be compared"))
            return;
        refuse_empty("credentials", "any credential");
        for (const yaml::Node& item : list->children) {
            if (item.kind == Kind::mapping)
                read_pin(item);
        }
    }

    void read_pin(const yaml::Node& item) {
        const yaml::Node* header = scalar_at(item, "header");
        const yaml::Node* sha256 = scalar_at(item, "sha256");
        if (header == nullptr || sha256 == nullptr)
            return;
        policy::Pin pin;
        pin.header = lower_case(header->text);
        if (!is_token(header->text))
            return fail(header->at, "header: " + in_quotes(header->text) + " is not the name of a header");
        if (pin.header != header->text)
            return fail(header->at,
                        "header: write " + in_quotes(header->text) + " in lower case: " + pin.header);
        // The operator's text is not repeated: it may be the credential itself.
        if (!read_digest(sha256->text, pin.sha256))
            return fail(sha256->at, "sha256: expected 64 hex digits, which printf %s \"$TOKEN\" | sha256sum "
                                    "prints");
        if (std::find(rule_.credentials.begin(), rule_.credentials.end(), pin) != rule_.credentials.end())
            return fail(item.at, "credentials: this one stands here twice");
        rule_.credentials.push_back(std::move(pin));
    }

    const yaml::Node& entry_;
    const RuleList list_;
    const FileReport& report_;
    policy::Rule rule_;
    bool failed_ = false;
};

} // namespace

std::optional<policy::Rule> read_rule(const yaml::Node& entry, RuleList list, const FileReport& report) {
    return Reader(entry, list, report).read();
}

} // namespace egressd::config
