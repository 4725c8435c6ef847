// A block is compared in the 128 bits of IPv6, where an IPv4 address stands in its mapped form: one
// arithmetic for both families. The families are told apart first, so that ::/0 does not contain IPv4.
#include "net/address.hpp"
#include "net/host.hpp"

#include <charconv>
#include <optional>

namespace egressd::net {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v6;

constexpr unsigned mapped_bits = 96; // what stands before the IPv4 address in ::ffff:0:0/96

address_v6 widened(const address& plain) {
    return plain.is_v4() ? boost::asio::ip::make_address_v6(boost::asio::ip::v4_mapped, plain.to_v4())
                         : plain.to_v6();
}

/// `plain` with all but the first `prefix` bits of its own family cleared.
address truncated(const address& plain, unsigned prefix) {
    address_v6::bytes_type bytes = widened(plain).to_bytes();
    const unsigned first = prefix + (plain.is_v4() ? mapped_bits : 0);
    for (unsigned bit = first; bit < bytes.size() * 8; ++bit)
        bytes[bit / 8] = static_cast<unsigned char>(bytes[bit / 8] & ~(0x80U >> (bit % 8)));
    const address_v6 result(bytes);
    return plain.is_v4() ? unmapped(result) : address(result);
}

std::optional<unsigned> parse_prefix(std::string_view text, unsigned longest) {
    unsigned prefix = 0;
    const char* end = text.data() + text.size();
    const auto [next, error] = std::from_chars(text.data(), end, prefix);
    const bool leading_zero = text.size() > 1 && text.front() == '0';
    if (error != std::errc{} || next != end || leading_zero || prefix > longest)
        return std::nullopt;
    return prefix;
}

} // namespace

Result<Network> Network::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::string_view base = text.substr(0, slash);
    const Result<Host> host = Host::parse(base);
    if (!host || !host->is_address() || base.starts_with('['))
        return Error{Side::client, "expected an address or a network such as 10.20.0.0/16 or fd12::/16"};
    Network network;
    network.base_ = host->address();
    if (network.base_ != unmapped(network.base_))
        return Error{Side::client, "write the IPv4 network itself, not its IPv6 form: " +
                                       unmapped(network.base_).to_string()};
    const unsigned longest = network.base_.is_v4() ? 32 : 128;
    network.prefix_ = longest;
    if (slash == std::string_view::npos)
        return network;
    const std::optional<unsigned> prefix = parse_prefix(text.substr(slash + 1), longest);
    if (!prefix)
        return Error{Side::client, "expected a number from 0 to " + std::to_string(longest) + " after '/'"};
    network.prefix_ = *prefix;
    const address first = truncated(network.base_, *prefix);
    if (first != network.base_) {
        network.base_ = first;
        return Error{Side::client, "bits after the prefix are set; did you mean " + network.text() + "?"};
    }
    return network;
}

bool Network::contains(const address& any) const {
    const address plain = unmapped(any);
    return plain.is_v4() == base_.is_v4() && truncated(plain, prefix_) == base_;
}

bool Network::covers(const Network& other) const {
    return prefix_ <= other.prefix_ && contains(other.base_);
}

bool Network::covers_loopback() const {
    static const Network loopback4 = Network::parse("127.0.0.0/8").value();
    return covers(loopback4) || loopback4.covers(*this) || contains(address_v6::loopback());
}

std::string Network::text() const {
    return is_single() ? base_.to_string() : base_.to_string() + '/' + std::to_string(prefix_);
}

} // namespace egressd::net
