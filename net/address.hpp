// What is an address for? Every address of the IANA special-purpose registries (IPv4 and IPv6), and those
// that carry an IPv4 address inside, has a class; only `global` may be dialled without a rule's own
// `private:`.
#pragma once

#include "net/result.hpp"

#include <boost/asio/ip/address.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace egressd::net {

/// From the least to the most dangerous: where an address has two readings, the greater class counts.
enum class AddressClass {
    global,
    reserved, // 240.0.0.0/4, what IANA has not allocated as global unicast, and the rest of the registries
    documentation, // RFC 5737, RFC 3849, RFC 9637
    benchmarking,  // RFC 2544, RFC 5180
    multicast,     // 224.0.0.0/4, ff00::/8
    broadcast,     // 255.255.255.255
    shared,        // RFC 6598 (CGNAT)
    private_use,   // RFC 1918, fc00::/7
    unspecified,   // 0.0.0.0/8, ::
    link_local,    // 169.254.0.0/16, fe80::/10
    loopback,      // 127.0.0.0/8, ::1
    metadata,      // the cloud metadata services, wherever their addresses lie
};

std::string_view to_text(AddressClass address_class);

/// Embedded IPv4 (embedded_ipv4) is unwrapped: the result is the stricter of the readings, never `global` for
/// a wrapped special-purpose address.
AddressClass classify(const boost::asio::ip::address& address);

/// Never reachable by a plain rule, in any mode; only a `private:` that covers the address opens it.
inline bool is_forbidden(AddressClass address_class) {
    return address_class != AddressClass::global;
}

/// The IPv4 addresses that an IPv6 address carries: mapped, compatible, translated (RFC 2765), NAT64
/// 64:ff9b::/96 and 64:ff9b:1::/48, 6to4, Teredo (server and client), ISATAP. Empty for all others, so that
/// it costs no allocation.
std::vector<boost::asio::ip::address_v4> embedded_ipv4(const boost::asio::ip::address& address);

/// The address inside a v4-mapped IPv6 address, else the address itself without its zone id: the form to
/// compare with.
boost::asio::ip::address unmapped(const boost::asio::ip::address& address);

/// A CIDR block, "10.20.0.0/16" or a single address.
class Network {
public:
    /// Refuses host bits that are set ("10.20.0.1/16"), and says which network was probably meant.
    static Result<Network> parse(std::string_view text);

    /// An IPv4 network contains the v4-mapped form of its addresses too.
    bool contains(const boost::asio::ip::address& address) const;
    /// True where every address of `other` is in this block.
    bool covers(const Network& other) const;
    /// True where any loopback address is in the block (a load-time warning).
    bool covers_loopback() const;
    /// True for a block of one address.
    bool is_single() const { return prefix_ == (base_.is_v4() ? 32U : 128U); }
    std::string text() const;
    friend bool operator==(const Network&, const Network&) = default;

private:
    boost::asio::ip::address base_;
    unsigned prefix_ = 0;
};

} // namespace egressd::net
