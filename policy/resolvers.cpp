#include "policy/resolvers.hpp"

#include "policy/rule.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace egressd::policy {
namespace {

constexpr std::uint16_t dns_over_tls_port = 853;

constexpr std::array names = std::to_array<std::string_view>({
    "dns.google",
    "dns.google.com",
    "cloudflare-dns.com",
    "one.one.one.one",
    "1dot1dot1dot1.cloudflare-dns.com",
    "cloudflare-gateway.com",
    "quad9.net",
    "opendns.com",
    "umbrella.com",
    "adguard-dns.com",
    "dns.adguard.com",
    "nextdns.io",
    "cleanbrowsing.org",
    "controld.com",
    "mullvad.net",
    "dns.sb",
    "doh.li",
    "dns0.eu",
    "libredns.gr",
    "alidns.com",
    "doh.pub",
    "doh.360.cn",
});

constexpr std::array addresses = std::to_array<std::string_view>({
    "8.8.8.8",
    "8.8.4.4",
    "1.1.1.1",
    "1.0.0.1",
    "1.1.1.2",
    "1.1.1.3",
    "9.9.9.9",
    "9.9.9.10",
    "149.112.112.112",
    "208.67.222.222",
    "208.67.220.220",
    "94.140.14.14",
    "94.140.15.15",
    "223.5.5.5",
    "223.6.6.6",
    "2001:4860:4860::8888",
    "2001:4860:4860::8844",
    "2606:4700:4700::1111",
    "2606:4700:4700::1001",
    "2620:fe::fe",
    "2620:fe::9",
});

bool is_at_or_below(std::string_view name, std::string_view base) {
    if (!name.ends_with(base))
        return false;
    return name.size() == base.size() || name[name.size() - base.size() - 1] == '.';
}

} // namespace

bool leads_to_resolver(const net::Host& host, std::uint16_t port) {
    if (port == dns_over_tls_port)
        return true;
    const std::string key = lookup_key(host);
    if (host.is_address())
        return std::find(addresses.begin(), addresses.end(), key) != addresses.end();
    return std::any_of(names.begin(), names.end(),
                       [&](std::string_view base) { return is_at_or_below(key, base); });
}

} // namespace egressd::policy
