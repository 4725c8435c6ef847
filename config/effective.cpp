#include "config/effective.hpp"

#include "audit/chain.hpp"
#include "config/json.hpp"
#include "config/values.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace egressd::config {
namespace {

namespace json = boost::json;

std::string text_of(const policy::Endpoint& endpoint) {
    return net::Host::of(endpoint.address).bracketed() + ":" + std::to_string(endpoint.port);
}

template <class Range>
json::array texts(const Range& range) {
    json::array result;
    for (const auto& item : range)
        result.emplace_back(item.text());
    return result;
}

json::array strings(const std::vector<std::string>& items) {
    return json::array(items.begin(), items.end());
}

json::array pins(const std::vector<policy::Pin>& credentials) {
    constexpr std::string_view digits = "0123456789abcdef";
    json::array result;
    for (const policy::Pin& pin : credentials) {
        std::string hex;
        for (const unsigned char byte : pin.sha256) {
            hex += digits[byte >> 4];
            hex += digits[byte & 0x0F];
        }
        result.emplace_back(json::object{{"header", pin.header}, {"sha256", hex}});
    }
    return result;
}

json::object entry(const policy::Rule& rule, bool is_allow) {
    json::object result;
    result["domain"] = rule.pattern.text();
    result["source"] = rule.source.text();
    if (!policy::parse_pattern(rule.pattern.text(), false))
        result["public_suffix"] = true; // the entry could not have been loaded without it
    if (!rule.ports.empty())
        result["ports"] = json::array(rule.ports.begin(), rule.ports.end());
    if (!rule.methods.empty())
        result["methods"] = strings(rule.methods);
    if (!rule.paths.empty())
        result["paths"] = strings(rule.paths);
    if (!rule.reason.empty())
        result["reason"] = rule.reason;
    if (is_allow) {
        result["tls"] = policy::to_text(rule.tls);
        result["private"] = texts(rule.private_ranges);
        // Where the bytes are not read, `block` and `alert` cannot be written.
        if (rule.tls == policy::Tls::inspect || rule.secrets == policy::Secrets::off)
            result["secrets"] = policy::to_text(rule.secrets);
        if (!rule.credentials.empty())
            result["credentials"] = pins(rule.credentials);
    }
    return result;
}

json::array entries(const std::vector<policy::Rule>& rules, bool is_allow) {
    json::array result;
    for (const policy::Rule& rule : rules)
        result.emplace_back(entry(rule, is_allow));
    return result;
}

json::object dns(const DnsSettings& settings) {
    json::array servers;
    if (settings.system)
        servers.emplace_back("system");
    for (const policy::Endpoint& server : settings.servers)
        servers.emplace_back(text_of(server));
    json::object hosts;
    for (const auto& [name, addresses] : settings.hosts) {
        json::array list;
        for (const boost::asio::ip::address& address : addresses)
            list.emplace_back(address.to_string());
        hosts[name] = std::move(list);
    }
    const policy::NameLimits& limits = settings.budget;
    json::object budget{{"window", format_duration(limits.window)},
                        {"names", limits.names},
                        {"bytes", format_size(static_cast<std::int64_t>(limits.bytes))},
                        {"random", limits.random},
                        {"missing", limits.missing},
                        {"lookups", limits.lookups}};
    return {{"upstream", std::move(servers)},
            {"hosts", std::move(hosts)},
            {"answers", settings.synthetic ? "synthetic" : "real"},
            {"denied", settings.sinkhole ? "sinkhole" : "nxdomain"},
            {"rate", settings.rate},
            {"budget", std::move(budget)}};
}

json::object upstream(const Settings& settings) {
    json::object result{{"ca", strings(settings.upstream_ca)}};
    if (!settings.upstream_proxy)
        return result;
    const UpstreamProxy& proxy = *settings.upstream_proxy;
    result["proxy"] = "http://" + proxy.authority.text();
    if (!proxy.credentials_variable.empty())
        result["proxy_credentials"] = "env:" + proxy.credentials_variable;
    json::array exceptions = texts(proxy.no_proxy);
    for (const net::Network& network : proxy.no_proxy_networks)
        exceptions.emplace_back(network.text());
    result["no_proxy"] = std::move(exceptions);
    return result;
}

/// The pair that egressd makes itself follows from `state`.
json::object inspection(const Settings& settings) {
    if (settings.ca == own_ca_in(settings.state))
        return {};
    return {{"ca", json::object{{"cert", settings.ca.certificate}, {"key", settings.ca.key}}}};
}

json::array known_sources(const std::vector<KnownSource>& sources) {
    json::array result;
    for (const KnownSource& source : sources) {
        if (source.kind == KnownSource::env)
            result.emplace_back(json::object{{"env", strings(source.names)}});
        else
            result.emplace_back(json::object{{"file", source.path}});
    }
    return result;
}

/// A rule file by its name and what was in it: hundreds of rules would hide the rest.
json::object secrets(const Secrets& settings) {
    json::array rules;
    for (const RuleFile& file : settings.files)
        rules.emplace_back(json::object{{"file", file.name}, {"sha256", file.sha256}});
    json::object home;
    for (const auto& [rule, domains] : settings.home)
        home[rule] = strings(domains);
    json::object result{{"rules", std::move(rules)},
                        {"canary", settings.canary},
                        {"hold", format_size(static_cast<std::int64_t>(settings.hold))},
                        {"undecodable", settings.block_undecodable ? "block" : "alert"},
                        {"home", std::move(home)}};
    if (!settings.known_by_default) // which no list of sources would say
        result["known"] = known_sources(settings.known);
    return result;
}

json::object audit_section(const audit::JournalOptions& options) {
    const bool carries_on = options.on_failure == audit::OnFailure::carry_on;
    return {{"file", options.file},
            {"on_failure", carries_on ? "continue" : "deny"},
            {"sync", format_duration(options.sync)}};
}

json::object limits(const Limits& settings) {
    return {{"header_bytes", format_size(static_cast<std::int64_t>(settings.header_bytes))},
            {"header_fields", settings.header_fields},
            {"header_timeout", format_duration(settings.header_timeout)},
            {"keep_alive_timeout", format_duration(settings.keep_alive_timeout)},
            {"client_hello_timeout", format_duration(settings.client_hello_timeout)},
            {"resolve_timeout", format_duration(settings.resolve_timeout)},
            {"connect_timeout", format_duration(settings.connect_timeout)},
            {"response_timeout", format_duration(settings.response_timeout)},
            {"idle_timeout", format_duration(settings.idle_timeout)},
            {"connections", settings.connections},
            {"drain_timeout", format_duration(settings.drain_timeout)}};
}

} // namespace

std::string effective_json(const Settings& settings) {
    json::object root;
    root["version"] = 1;
    root["mode"] = policy::to_text(settings.policy->mode());
    root["state"] = settings.state;
    root["listen"] = json::object{{"proxy", text_of(settings.proxy_listen)},
                                  {"dns", settings.dns_listen ? text_of(*settings.dns_listen) : "off"}};
    root["allow"] = entries(settings.policy->allow(), true);
    root["deny"] = entries(settings.policy->deny(), false);
    root["dns"] = dns(settings.dns);
    root["upstream"] = upstream(settings);
    root["inspection"] = inspection(settings);
    root["secrets"] = secrets(settings.secrets);
    root["audit"] = audit_section(settings.audit);
    root["limits"] = limits(settings.limits);
    root["workers"] = settings.workers;
    return canonical(root);
}

std::string sha256_of(std::string_view text) {
    audit::Sha256 sha256;
    return std::string(audit::view(sha256.hex(text)));
}

} // namespace egressd::config
