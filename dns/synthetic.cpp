#include "dns/synthetic.hpp"

#include "net/address.hpp"

#include <algorithm>

namespace egressd::dns {

namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;

constexpr std::uint32_t base_v4 = 198U << 24 | 18U << 16;
constexpr std::uint32_t mask_v4 = ~(2 * static_cast<std::uint32_t>(Synthetic::capacity) - 1);
/// "fd" and the letters of egressd.
constexpr address_v6::bytes_type base_v6{0xFD, 'e', 'g', 'r', 'e', 's', 's', 'd'};
constexpr std::size_t prefix_v6 = 8; // octets

/// A number below 2 * capacity is an address: the upper bit says for what kind of name.
Synthetic::Pair pair_of(std::uint32_t number) {
    address_v6::bytes_type bytes = base_v6;
    for (std::size_t i = 0; i < 4; ++i)
        bytes[bytes.size() - 1 - i] = static_cast<unsigned char>(number >> (8 * i));
    return {address_v4(base_v4 | number), address_v6(bytes)};
}

std::optional<std::uint32_t> number_of(const address& any) {
    const address plain = net::unmapped(any);
    if (plain.is_v4()) {
        const std::uint32_t bits = plain.to_v4().to_uint();
        return (bits & mask_v4) == base_v4 ? std::optional(bits & ~mask_v4) : std::nullopt;
    }
    const address_v6::bytes_type bytes = plain.to_v6().to_bytes();
    std::uint32_t number = 0;
    for (std::size_t i = prefix_v6; i < bytes.size(); ++i) {
        if (number > 2 * Synthetic::capacity)
            return std::nullopt;
        number = number << 8 | bytes[i];
    }
    const bool in_prefix = std::equal(bytes.begin(), bytes.begin() + prefix_v6, base_v6.begin());
    return in_prefix && number < 2 * Synthetic::capacity ? std::optional(number) : std::nullopt;
}

} // namespace

std::optional<Synthetic::Pair> Synthetic::give(const std::string& name, Kind kind) {
    const std::lock_guard lock(mutex_);
    Half& half = halves_[static_cast<std::size_t>(kind)];
    const auto first = static_cast<std::uint32_t>(kind == Kind::denied ? capacity : 0);
    const auto known = half.numbers.find(name);
    if (known != half.numbers.end())
        return pair_of(first + known->second);
    // The first of each half stays unused: some programs take the first address of a network for no host's.
    const std::size_t number = half.names.size() + 1;
    if (number >= capacity)
        return std::nullopt;
    const auto given = half.numbers.emplace(name, static_cast<std::uint32_t>(number)).first;
    half.names.push_back(&given->first);
    return pair_of(first + given->second);
}

bool Synthetic::covers(const address& any) {
    const address plain = net::unmapped(any);
    if (plain.is_v4())
        return number_of(plain).has_value();
    const address_v6::bytes_type bytes = plain.to_v6().to_bytes();
    return std::equal(bytes.begin(), bytes.begin() + prefix_v6, base_v6.begin());
}

std::optional<std::string> Synthetic::name_of(const address& any) const {
    const std::optional<std::uint32_t> number = number_of(any);
    if (!number)
        return std::nullopt;
    const std::lock_guard lock(mutex_);
    const Half& half = halves_[*number / capacity];
    const std::size_t at = *number % capacity;
    return at >= 1 && at <= half.names.size() ? std::optional(*half.names[at - 1]) : std::nullopt;
}

} // namespace egressd::dns
