// The tables below are the IANA IPv4 and IPv6 Special-Purpose Address Registries, with the registries' own
// names, plus multicast and the metadata services of the clouds. An entry that the registries call globally
// reachable (an anycast service, AS112) is still special: an agent has no business there. The longest prefix
// that matches decides.
#include "net/address.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

namespace egressd::net {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;
using enum AddressClass;

struct Block4 {
    std::uint8_t a, b, c, d;
    unsigned prefix;
    AddressClass address_class;
};

constexpr Block4 blocks4[] = {
    {0, 0, 0, 0, 8, unspecified},       // "This network"
    {10, 0, 0, 0, 8, private_use},      // Private-Use
    {100, 64, 0, 0, 10, shared},        // Shared Address Space
    {100, 100, 100, 200, 32, metadata}, // Alibaba Cloud
    {127, 0, 0, 0, 8, loopback},        // Loopback
    {168, 63, 129, 16, 32, metadata},   // Azure's wire server
    {169, 254, 0, 0, 16, link_local},   // Link Local
    {169, 254, 169, 254, 32, metadata}, // AWS, Azure, Google, Oracle and most others
    {169, 254, 170, 2, 32, metadata},   // AWS ECS task credentials
    {169, 254, 170, 23, 32, metadata},  // AWS EKS pod identity
    {172, 16, 0, 0, 12, private_use},   // Private-Use
    {192, 0, 0, 0, 24, reserved},   // IETF Protocol Assignments (DS-Lite, dummy, PCP, TURN, NAT64 discovery)
    {192, 0, 0, 192, 32, metadata}, // Oracle Cloud
    {192, 0, 2, 0, 24, documentation},    // Documentation (TEST-NET-1)
    {192, 31, 196, 0, 24, reserved},      // AS112-v4
    {192, 52, 193, 0, 24, reserved},      // AMT
    {192, 88, 99, 0, 24, reserved},       // Deprecated (6to4 Relay Anycast)
    {192, 168, 0, 0, 16, private_use},    // Private-Use
    {192, 175, 48, 0, 24, reserved},      // Direct Delegation AS112 Service
    {198, 18, 0, 0, 15, benchmarking},    // Benchmarking
    {198, 51, 100, 0, 24, documentation}, // Documentation (TEST-NET-2)
    {203, 0, 113, 0, 24, documentation},  // Documentation (TEST-NET-3)
    {224, 0, 0, 0, 4, multicast},         // IPv4 Multicast Address Space
    {240, 0, 0, 0, 4, reserved},          // Reserved
    {255, 255, 255, 255, 32, broadcast},  // Limited Broadcast
};

struct Block6 {
    std::array<std::uint16_t, 8> groups;
    unsigned prefix;
    AddressClass address_class;
};

// What no entry covers is global inside 2000::/3, the one block that IANA gives out as global unicast, and
// reserved everywhere else.
constexpr Block6 blocks6[] = {
    {{}, 0, reserved},     // not allocated; also 64:ff9b::/96, 100::/64, 5f00::/16, fec0::/10
    {{0x2000}, 3, global}, // Global Unicast
    {{0, 0, 0, 0, 0, 0, 0, 1}, 128, loopback}, // Loopback Address
    {{}, 128, unspecified},                    // Unspecified Address
    {{0x2001}, 23, reserved},             // IETF Protocol Assignments (Teredo, ORCHID, DETs, AMT, AS112 …)
    {{0x2001, 2}, 48, benchmarking},      // Benchmarking
    {{0x2001, 0xdb8}, 32, documentation}, // Documentation
    {{0x2002}, 16, reserved},             // 6to4
    {{0x2620, 0x4f, 0x8000}, 48, reserved},                 // Direct Delegation AS112 Service
    {{0x3fff}, 20, documentation},                          // Documentation
    {{0xfc00}, 7, private_use},                             // Unique-Local
    {{0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254}, 128, metadata}, // AWS
    {{0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23}, 128, metadata},  // AWS EKS pod identity
    {{0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254}, 128, metadata},  // Google
    {{0xfe80}, 10, link_local},                             // Link-Local Unicast
    {{0xff00}, 8, multicast},                               // IPv6 Multicast Address Space
};

bool same_prefix(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b, unsigned prefix) {
    const std::size_t whole = prefix / 8;
    if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin()))
        return false;
    const unsigned rest = prefix % 8;
    return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

address_v6::bytes_type bytes_of(const std::array<std::uint16_t, 8>& groups) {
    address_v6::bytes_type bytes{};
    for (std::size_t i = 0; i < groups.size(); ++i) {
        bytes[2 * i] = static_cast<std::uint8_t>(groups[i] >> 8);
        bytes[2 * i + 1] = static_cast<std::uint8_t>(groups[i] & 0xff);
    }
    return bytes;
}

bool begins_with(const address_v6::bytes_type& bytes, const std::array<std::uint16_t, 8>& groups,
                 unsigned prefix) {
    return same_prefix(bytes, bytes_of(groups), prefix);
}

AddressClass look_up(const address_v4& plain) {
    const auto bytes = plain.to_bytes();
    AddressClass result = global;
    unsigned longest = 0;
    for (const Block4& block : blocks4) {
        const std::array<std::uint8_t, 4> base{block.a, block.b, block.c, block.d};
        if (block.prefix >= longest && same_prefix(bytes, base, block.prefix)) {
            longest = block.prefix;
            result = block.address_class;
        }
    }
    return result;
}

AddressClass look_up(const address_v6& plain) {
    const auto bytes = plain.to_bytes();
    AddressClass result = reserved;
    unsigned longest = 0;
    for (const Block6& block : blocks6) {
        if (block.prefix >= longest && begins_with(bytes, block.groups, block.prefix)) {
            longest = block.prefix;
            result = block.address_class;
        }
    }
    return result;
}

address_v4 ipv4_at(const address_v6::bytes_type& bytes, std::size_t offset, std::uint8_t mask = 0) {
    address_v4::bytes_type inner{};
    for (std::size_t i = 0; i < inner.size(); ++i)
        inner[i] = bytes[offset + i] ^ mask;
    return address_v4(inner);
}

/// RFC 5214 6.1: an interface identifier of [02]00:5efe and the IPv4 address, below any prefix.
bool is_isatap(const address_v6::bytes_type& bytes) {
    return (bytes[8] & 0xfd) == 0 && bytes[9] == 0 && bytes[10] == 0x5e && bytes[11] == 0xfe;
}

constexpr std::size_t last_four = 12; // offset of the last 32 bits

} // namespace

std::string_view to_text(AddressClass address_class) {
    switch (address_class) {
    case global:
        return "global";
    case reserved:
        return "reserved";
    case documentation:
        return "documentation";
    case benchmarking:
        return "benchmarking";
    case multicast:
        return "multicast";
    case broadcast:
        return "broadcast";
    case shared:
        return "shared";
    case private_use:
        return "private";
    case unspecified:
        return "unspecified";
    case link_local:
        return "link-local";
    case loopback:
        return "loopback";
    case metadata:
        return "metadata";
    }
    return "reserved";
}

std::vector<address_v4> embedded_ipv4(const address& outer) {
    if (!outer.is_v6())
        return {};
    const auto bytes = outer.to_v6().to_bytes();
    const bool at_end = begins_with(bytes, {0, 0, 0, 0, 0, 0xffff}, 96) // mapped, RFC 4291 2.5.5.2
                        || begins_with(bytes, {0, 0, 0, 0, 0xffff}, 96) // translated, RFC 2765 2.1
                        || begins_with(bytes, {0x64, 0xff9b}, 96)       // NAT64, RFC 6052 2.1
                        || begins_with(bytes, {0x64, 0xff9b, 1}, 48) // local NAT64, RFC 8215 (as a /96 of it)
                        || is_isatap(bytes);
    if (at_end)
        return {ipv4_at(bytes, last_four)};
    // Compatible, RFC 4291 2.5.5.1; :: and ::1 are below the same prefix and are no IPv4 addresses.
    if (begins_with(bytes, {}, 96) && !outer.is_unspecified() && !outer.is_loopback())
        return {ipv4_at(bytes, last_four)};
    if (begins_with(bytes, {0x2002}, 16)) // 6to4, RFC 3056 2
        return {ipv4_at(bytes, 2)};
    if (begins_with(bytes, {0x2001},
                    32)) // Teredo, RFC 4380 4: the server, and the client with its bits inverted
        return {ipv4_at(bytes, 4), ipv4_at(bytes, last_four, 0xff)};
    return {};
}

address unmapped(const address& any) {
    if (any.is_v4())
        return any;
    const address_v6 plain(any.to_v6().to_bytes());
    if (plain.is_v4_mapped())
        return ipv4_at(plain.to_bytes(), last_four);
    return plain;
}

AddressClass classify(const address& any) {
    const address plain = unmapped(any);
    if (plain.is_v4())
        return look_up(plain.to_v4());
    AddressClass result = look_up(plain.to_v6());
    for (const address_v4& inner : embedded_ipv4(plain))
        result = std::max(result, look_up(inner));
    return result;
}

} // namespace egressd::net
