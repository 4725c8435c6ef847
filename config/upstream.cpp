#include "config/upstream.hpp"

#include "config/lookup.hpp"
#include "net/url.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace egressd::config {
namespace {

using Kind = yaml::Node::Kind;

constexpr std::string_view reference_prefix = "env:";

/// The operator's text is not repeated in these messages: it may hold a password.
Result<net::Authority> parse_proxy(std::string_view text) {
    const std::size_t start = text.find("://");
    if (start == std::string_view::npos)
        return Error{Side::self, "expected http://host:port"};
    const std::string_view authority =
        text.substr(start + 3, text.find_first_of("/?#", start + 3) - start - 3);
    if (authority.find('@') != std::string_view::npos)
        return Error{Side::self,
                     "credentials do not belong into this file; put user:password into an environment "
                     "variable and write proxy_credentials: env:NAME"};
    const Result<net::Url> url = net::parse_absolute(text);
    if (!url)
        return Error{Side::self, "expected http://host:port; " + url.error().message};
    if (url->scheme != "http")
        return Error{Side::self, "a parent proxy is spoken to in plain HTTP; write http://host:port"};
    if (url->path != "/" || url->has_query)
        return Error{Side::self, "expected http://host:port without a path"};
    return url->authority;
}

bool is_variable_name(std::string_view name) {
    return !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
           });
}

/// Fit for Basic authentication (RFC 7617 2): a colon, no control characters.
bool is_credential(std::string_view value) {
    return value.find(':') != std::string_view::npos && std::none_of(value.begin(), value.end(), [](char c) {
               return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
           });
}

void read_credentials(const yaml::Node& root, const Surroundings& surroundings, const FileReport& report,
                      std::optional<UpstreamProxy>& proxy) {
    const yaml::Node* reference = scalar_at(root, "upstream.proxy_credentials");
    if (reference == nullptr)
        return;
    const std::string name = reference->text.starts_with(reference_prefix)
                                 ? reference->text.substr(reference_prefix.size())
                                 : std::string();
    if (!is_variable_name(name))
        return report.error(reference->at,
                            "upstream.proxy_credentials: expected env:NAME, the environment variable "
                            "that holds user:password");
    if (root.find("upstream")->find("proxy") == nullptr)
        return report.error(reference->key_at, "upstream.proxy_credentials needs upstream.proxy");
    const std::optional<std::string> value = surroundings.variable(name);
    if (!value)
        return report.error(reference->at,
                            "upstream.proxy_credentials: the environment variable " + name + " is not set");
    if (!is_credential(*value))
        return report.error(reference->at,
                            "upstream.proxy_credentials: " + name + " does not hold user:password");
    if (proxy) {
        proxy->credentials = *value;
        proxy->credentials_variable = name;
    }
}

void read_exception(const yaml::Node& item, const FileReport& report, UpstreamProxy& proxy) {
    const Result<net::Host> host = net::Host::parse(item.text);
    const bool is_network =
        item.text.find('/') != std::string::npos || (host.has_value() && host->is_address());
    if (is_network) {
        const Result<net::Network> network = net::Network::parse(item.text);
        if (network)
            proxy.no_proxy_networks.push_back(*network);
        else
            report.error(item.at, "upstream.no_proxy: " + network.error().message);
        return;
    }
    Result<policy::Pattern> pattern = policy::parse_pattern(item.text, true);
    if (pattern)
        proxy.no_proxy.push_back(std::move(*pattern));
    else
        report.error(item.at, "upstream.no_proxy: " + pattern.error().message);
}

void read_certificates(const yaml::Node& root, const Surroundings& surroundings, const FileReport& report,
                       Settings& settings) {
    for (const yaml::Node* item : items_at(root, "upstream.ca")) {
        const std::string path = std::filesystem::absolute(beside(settings.file, item->text)).string();
        const Result<std::string> text = surroundings.read_file(path);
        if (!text)
            report.error(item->at,
                         "upstream.ca: cannot read " + in_quotes(item->text) + ": " + text.error().message);
        else if (text->find("-----BEGIN CERTIFICATE-----") == std::string::npos)
            report.error(item->at,
                         "upstream.ca: " + in_quotes(item->text) + " holds no certificate in PEM form");
        else
            settings.upstream_ca.push_back(path);
    }
}

} // namespace

void read_upstream(const yaml::Node& root, const Surroundings& surroundings, const FileReport& report,
                   Settings& settings) {
    read_certificates(root, surroundings, report, settings);
    const yaml::Node* proxy = scalar_at(root, "upstream.proxy");
    if (proxy != nullptr) {
        const Result<net::Authority> authority = parse_proxy(proxy->text);
        if (authority)
            settings.upstream_proxy.emplace().authority = *authority;
        else
            report.error(proxy->at, "upstream.proxy: " + authority.error().message);
    }
    read_credentials(root, surroundings, report, settings.upstream_proxy);

    UpstreamProxy exceptions; // judged also where the proxy itself is wrong
    UpstreamProxy& target = settings.upstream_proxy ? *settings.upstream_proxy : exceptions;
    for (const yaml::Node* item : items_at(root, "upstream.no_proxy"))
        read_exception(*item, report, target);
    const yaml::Node* list = node_at(root, "upstream.no_proxy", Kind::sequence);
    if (list != nullptr && root.find("upstream")->find("proxy") == nullptr)
        report.error(list->key_at, "upstream.no_proxy needs upstream.proxy");
}

} // namespace egressd::config
