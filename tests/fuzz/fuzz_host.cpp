// Does any text make the host parser crash, or yield a host that is not canonical? What is parsed must parse
// to itself, and a pattern, an authority and a network built from the same bytes must keep their text.
#include "net/address.hpp"
#include "net/host.hpp"
#include "policy/rule.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using namespace egressd;

void demand(bool holds) {
    if (!holds)
        std::abort();
}

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

void check_host(const net::Host& host) {
    const Result<net::Host> again = net::Host::parse(host.text());
    demand(again && *again == host && again->is_address() == host.is_address());
    const Result<net::Host> bracketed = net::Host::parse(host.bracketed());
    demand(bracketed && *bracketed == host);
    if (host.is_address()) {
        net::classify(host.address());
        return;
    }
    const std::string& name = host.text();
    demand(!name.empty() && name.size() <= net::max_name_length && name.front() != '.' && name.back() != '.');
    for (const char c : name)
        demand(is_name_character(c));
    // No resolver may take a name for an address.
    const std::string last = name.substr(name.rfind('.') + 1);
    demand(last.find_first_not_of("0123456789") != std::string::npos);
}

void check_authority(const net::Authority& authority) {
    demand(authority.port != 0);
    check_host(authority.host);
    const Result<net::Authority> again = net::parse_authority(authority.text(), std::nullopt);
    demand(again && *again == authority);
}

void check_pattern(const policy::Pattern& pattern) {
    const Result<policy::Pattern> again = policy::parse_pattern(pattern.text(), true);
    demand(again && again->kind == pattern.kind && again->base == pattern.base);
    if (pattern.kind == policy::Pattern::Kind::exact)
        demand(pattern.matches(pattern.base));
    if (pattern.kind == policy::Pattern::Kind::below)
        demand(!pattern.matches(pattern.base));
}

void check_network(const net::Network& network) {
    const Result<net::Network> again = net::Network::parse(network.text());
    demand(again && *again == network && network.covers(*again));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    if (const auto host = net::Host::parse(text))
        check_host(*host);
    if (const auto authority = net::parse_authority(text, 80))
        check_authority(*authority);
    if (const auto pattern = policy::parse_pattern(text, true))
        check_pattern(*pattern);
    if (const auto network = net::Network::parse(text))
        check_network(*network);
    for (const char c : net::sanitised(text))
        demand(c >= ' ' && c <= '~');
    return 0;
}
