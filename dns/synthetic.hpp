// Which name is behind this address? Addresses that stand for names: each is given to one name and to no
// other one as long as the process runs, so that a connection to it is a request for exactly that name, and
// nobody has to be asked when the name is. Thread-safe.
#pragma once

#include <boost/asio/ip/address.hpp>

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace egressd::dns {

class Synthetic {
public:
    /// Names that are let through, and names that are denied, have 65,536 addresses of each family for
    /// themselves: whoever makes up names that are denied takes nothing from the others.
    enum class Kind { reachable, denied };
    static constexpr std::size_t capacity = 65'536;

    struct Pair {
        boost::asio::ip::address_v4 ipv4; // of 198.18.0.0/15 (RFC 2544), which no network routes
        boost::asio::ip::address_v6 ipv6; // of fd65:6772:6573:7364::/64 (RFC 4193)
    };

    /// The addresses of `name`, the same each time; nullopt when all are given away.
    std::optional<Pair> give(const std::string& name, Kind kind);

    /// True for every address that could be given.
    static bool covers(const boost::asio::ip::address& address);

    /// The name that an address was given to; nullopt for every other address.
    std::optional<std::string> name_of(const boost::asio::ip::address& address) const;

private:
    struct Half {
        std::unordered_map<std::string, std::uint32_t> numbers;
        std::vector<const std::string*> names; // by number; the keys of `numbers`, which stay where they are
    };

    mutable std::mutex mutex_;
    std::array<Half, 2> halves_;
};

} // namespace egressd::dns
