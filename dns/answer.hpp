// What did the name servers say about a name? The outcome of one query for one type, and how the outcomes for
// IPv4 and IPv6 become the one that a caller gets. Pure: it knows no socket, no c-ares, no clock.
#pragma once

#include "net/result.hpp"

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <cstddef>
#include <vector>

namespace egressd::dns {

using Addresses = std::vector<boost::asio::ip::address>;

/// A dialer tries a handful; half of the 32 for each family, so that a long answer for one cannot push out
/// the other.
inline constexpr std::size_t max_addresses_per_family = 16;
inline constexpr std::size_t max_addresses = 2 * max_addresses_per_family;

/// How long "no such name" is remembered: long enough to stop a loop that retries, short enough for a name
/// that was just made.
inline constexpr std::chrono::seconds negative_lifetime{5};

/// The outcome of one query.
struct Answer {
    enum class Kind {
        found,
        no_name,    // NXDOMAIN
        no_address, // the name exists, without a record of this type
        timed_out,  // no server answered
        failed,     // an error, garbage or no way to a server; c-ares does not tell them apart
        cancelled,
    };
    Kind kind = Kind::failed;
    Addresses addresses; // in the answer's order, without duplicates; only of `found`
    std::chrono::seconds ttl{
        0}; // the smallest of the records and of the aliases that led to them; only of `found`
};

/// What the caller of resolve() gets, and how long it may be kept (zero: not beyond this lookup).
struct Outcome {
    Result<Addresses> addresses;
    std::chrono::seconds lifetime{0};
    Answer::Kind kind = Answer::Kind::found; // else why there are none
};

/// IPv6 before IPv4. One family is enough; where the other one failed, the outcome is kept for a short time
/// only.
Outcome merge(const Answer& ipv6, const Answer& ipv4);

} // namespace egressd::dns
