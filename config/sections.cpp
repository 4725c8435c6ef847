#include "config/sections.hpp"

#include "config/lookup.hpp"
#include "config/secrets.hpp"
#include "config/state.hpp"
#include "config/upstream.hpp"
#include "config/values.hpp"
#include "net/address.hpp"

#include <filesystem>
#include <limits>
#include <sstream>
#include <utility>

namespace egressd::config {
namespace {

using Kind = yaml::Node::Kind;

constexpr std::uint16_t dns_port = 53;

Result<policy::Endpoint> parse_listener(std::string_view text, std::string_view example) {
    const Error wrong{Side::self, "expected address:port, such as 127.0.0.1:" + std::string(example) +
                                      " or [::1]:" + std::string(example)};
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos)
        return wrong;
    const std::string_view address = text.substr(0, colon);
    const bool bare_ipv6 = address.find(':') != std::string_view::npos && !address.starts_with('[');
    const Result<std::int64_t> port = parse_integer(text.substr(colon + 1));
    if (bare_ipv6 || !port || *port > std::numeric_limits<std::uint16_t>::max())
        return wrong;
    const Result<net::Host> host = net::Host::parse(address);
    if (!host)
        return wrong;
    if (!host->is_address())
        return Error{Side::self, "expected an address, found a name; write 127.0.0.1 for this machine alone"};
    return policy::Endpoint{host->address(), static_cast<std::uint16_t>(*port)};
}

void read_listen(const yaml::Node& root, const FileReport& report, Settings& settings) {
    const yaml::Node* given = scalar_at(root, "listen.proxy");
    const Result<policy::Endpoint> listener = parse_listener(text_of(root, "listen.proxy"), "3128");
    if (!listener)
        return report.error(given->at, "listen.proxy: " + listener.error().message);
    settings.proxy_listen = *listener;
    if (!listener->address.is_loopback())
        report.warning(given->at, "listen.proxy: everybody who can reach this address can use the proxy; "
                                  "127.0.0.1 is for this machine alone");
}

void read_dns_listener(const yaml::Node& root, const FileReport& report, Settings& settings) {
    const yaml::Node* given = scalar_at(root, "listen.dns");
    if (given == nullptr || given->text == "off")
        return;
    const Result<policy::Endpoint> listener = parse_listener(given->text, "53");
    if (!listener)
        return report.error(given->at, "listen.dns: " + listener.error().message + ", or off");
    settings.dns_listen = *listener;
    if (!listener->address.is_loopback())
        report.warning(given->at,
                       "listen.dns: everybody who can reach this address is answered; 127.0.0.1 is "
                       "for this machine alone");
}

constexpr const char* resolv_conf = "/etc/resolv.conf";

/// Does the system's own list of name servers lead back to the listener? Only port 53 can be named there.
bool system_asks(const policy::Endpoint& listener, const Surroundings& surroundings) {
    const Result<std::string> text = surroundings.read_file(resolv_conf);
    if (!text || listener.port != dns_port)
        return false;
    std::istringstream lines(*text);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string keyword;
        std::string address;
        words >> keyword >> address;
        const Result<net::Host> host = net::Host::parse(address);
        if (keyword != "nameserver" || !host || !host->is_address())
            continue;
        const bool any = listener.address.is_unspecified() && host->address().is_loopback();
        if (any || host->address() == listener.address)
            return true;
    }
    return false;
}

/// egressd must not be its own name server.
void check_for_loop(const yaml::Node& root, const Surroundings& surroundings, const FileReport& report,
                    const Settings& settings) {
    if (!settings.dns_listen)
        return;
    const policy::Endpoint& own = *settings.dns_listen;
    if (settings.dns.system && system_asks(own, surroundings))
        report.error(
            scalar_at(root, "listen.dns")->at,
            "listen.dns: /etc/resolv.conf names this address, and egressd would ask itself; write the "
            "addresses of the name servers under dns.upstream");
    for (const policy::Endpoint& server : settings.dns.servers)
        if (server.address == own.address && server.port == own.port)
            report.error(node_at(root, "dns.upstream", Kind::sequence)->at,
                         "dns.upstream: this is listen.dns, and egressd would ask itself");
}

void read_answers(const yaml::Node& root, Settings& settings) {
    settings.dns.synthetic = text_of(root, "dns.answers") == "synthetic";
    settings.dns.sinkhole = text_of(root, "dns.denied") == "sinkhole";
    settings.dns.rate = static_cast<std::size_t>(integer_of(root, "dns.rate"));
    policy::NameLimits& budget = settings.dns.budget;
    budget.window = duration_of(root, "dns.budget.window");
    budget.names = static_cast<std::size_t>(integer_of(root, "dns.budget.names"));
    budget.bytes = static_cast<std::size_t>(size_of(root, "dns.budget.bytes"));
    budget.random = static_cast<std::size_t>(integer_of(root, "dns.budget.random"));
    budget.missing = static_cast<std::size_t>(integer_of(root, "dns.budget.missing"));
    budget.lookups = static_cast<std::size_t>(integer_of(root, "dns.budget.lookups"));
}

Result<policy::Endpoint> parse_server(std::string_view text) {
    const Result<net::Host> bare = net::Host::parse(text);
    if (bare && bare->is_address())
        return policy::Endpoint{bare->address(), dns_port};
    const Result<net::Authority> with_port = net::parse_authority(text, dns_port);
    if (with_port && with_port->host.is_address())
        return policy::Endpoint{with_port->host.address(), with_port->port};
    return Error{Side::self, "expected system or an address, such as 192.0.2.53 or [2001:db8::53]:5353"};
}

void read_servers(const yaml::Node& root, const FileReport& report, Settings& settings) {
    const yaml::Node* list = node_at(root, "dns.upstream", Kind::sequence);
    if (list == nullptr)
        return;
    if (list->children.empty())
        report.error(list->at, "dns.upstream is empty; write [system] for the servers of /etc/resolv.conf");
    const std::vector<const yaml::Node*> items = items_at(root, "dns.upstream");
    for (const yaml::Node* item : items) {
        if (item->text == "system") {
            if (items.size() > 1)
                report.error(item->at, "dns.upstream: \"system\" stands alone or not at all");
            continue;
        }
        const Result<policy::Endpoint> server = parse_server(item->text);
        if (!server)
            report.error(item->at,
                         "dns.upstream: " + server.error().message + ", found " + in_quotes(item->text));
        else
            settings.dns.servers.push_back(*server);
    }
    settings.dns.system = settings.dns.servers.empty();
}

void read_static_host(const yaml::Node& entry, const FileReport& report, Settings& settings) {
    const Result<net::Host> name = net::Host::parse(entry.key);
    if (!name || name->is_address()) {
        report.error(entry.key_at, "dns.hosts: " + in_quotes(entry.key) +
                                       (name ? " is an address, not a name" : ": " + name.error().message));
        return;
    }
    const auto [known, is_new] = settings.dns.hosts.try_emplace(name->text());
    if (!is_new)
        report.error(entry.key_at, "dns.hosts: " + name->text() + " stands here a second time");
    if (entry.kind == Kind::sequence && entry.children.empty())
        report.error(entry.at, "dns.hosts: " + name->text() + " has no address");
    if (entry.kind != Kind::sequence)
        return;
    for (const yaml::Node& item : entry.children) {
        if (item.kind != Kind::scalar || item.text.empty())
            continue;
        const Result<net::Host> address = net::Host::parse(item.text);
        if (address && address->is_address())
            known->second.push_back(address->address());
        else
            report.error(item.at, "dns.hosts: expected an address, found " + in_quotes(item.text));
    }
}

void read_dns(const yaml::Node& root, const FileReport& report, Settings& settings) {
    read_servers(root, report, settings);
    const yaml::Node* hosts = node_at(root, "dns.hosts", Kind::mapping);
    if (hosts == nullptr)
        return;
    for (const yaml::Node& entry : hosts->children)
        read_static_host(entry, report, settings);
}

std::optional<std::string> default_log(const Surroundings& surroundings) {
    if (surroundings.is_root)
        return "/var/log/egressd/audit.jsonl";
    const std::optional<std::string> state = default_state(surroundings);
    return state ? std::optional(*state + "/audit.jsonl") : std::nullopt;
}

void read_audit(const yaml::Node& root, const Surroundings& surroundings, const FileReport& report,
                Settings& settings) {
    settings.audit.sync = duration_of(root, "audit.sync");
    const yaml::Node* on_failure = scalar_at(root, "audit.on_failure");
    if (on_failure != nullptr && on_failure->text == "continue") {
        settings.audit.on_failure = audit::OnFailure::carry_on;
        report.warning(on_failure->at,
                       "audit.on_failure: continue lets traffic through that is not in the log");
    }
    const yaml::Node* file = scalar_at(root, "audit.file");
    if (file != nullptr) {
        if (file->text.starts_with('~'))
            report.error(file->at, "audit.file: \"~\" is not expanded; write the path out");
        settings.audit.file = std::filesystem::absolute(beside(settings.file, file->text)).string();
        return;
    }
    const std::optional<std::string> standard = default_log(surroundings);
    if (standard)
        settings.audit.file = *standard;
    else
        report.error(
            {}, "audit.file is missing, and there is neither XDG_STATE_HOME nor HOME to put the log below");
}

void read_limits(const yaml::Node& root, Limits& limits) {
    limits.header_bytes = static_cast<std::size_t>(size_of(root, "limits.header_bytes"));
    limits.header_fields = static_cast<std::size_t>(integer_of(root, "limits.header_fields"));
    limits.header_timeout = duration_of(root, "limits.header_timeout");
    limits.keep_alive_timeout = duration_of(root, "limits.keep_alive_timeout");
    limits.client_hello_timeout = duration_of(root, "limits.client_hello_timeout");
    limits.resolve_timeout = duration_of(root, "limits.resolve_timeout");
    limits.connect_timeout = duration_of(root, "limits.connect_timeout");
    limits.response_timeout = duration_of(root, "limits.response_timeout");
    limits.idle_timeout = duration_of(root, "limits.idle_timeout");
    limits.connections = static_cast<std::size_t>(integer_of(root, "limits.connections"));
    limits.drain_timeout = duration_of(root, "limits.drain_timeout");
}

} // namespace

void read_sections(const yaml::Node& root, const Surroundings& surroundings, const FileReport& report,
                   Settings& settings) {
    read_listen(root, report, settings);
    read_dns_listener(root, report, settings);
    read_dns(root, report, settings);
    read_answers(root, settings);
    check_for_loop(root, surroundings, report, settings);
    read_upstream(root, surroundings, report, settings);
    read_state(root, surroundings, report, settings);
    read_audit(root, surroundings, report, settings);
    read_secrets(root, surroundings, report, settings);
    read_limits(root, settings.limits);
    settings.workers = static_cast<unsigned>(integer_of(root, "workers"));
}

} // namespace egressd::config
