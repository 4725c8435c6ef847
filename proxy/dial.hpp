// Which of these addresses answers first? Happy Eyeballs (RFC 8305) over addresses that somebody else has
// judged: what is given here is dialled, and nothing else.
#pragma once

#include "net/connection.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <vector>

namespace egressd::proxy {

struct Dialled {
    explicit Dialled(boost::asio::io_context& io) : socket(io) {}
    net::tcp::socket socket;
    boost::asio::ip::address address;
    net::error_code ec; // of the last address that failed, or timed_out
};

/// RFC 8305 4: the families alternate, IPv6 first; the order within a family stays.
std::vector<boost::asio::ip::address> interleaved(const std::vector<boost::asio::ip::address>& addresses);

/// Connects to one of `addresses` within `limit`: the next one is tried 250 ms after the one before or as
/// soon as that has failed. `*waiting` is set to what cancels the dial while it waits.
net::awaitable<Dialled> dial(boost::asio::io_context& io, std::vector<boost::asio::ip::address> addresses,
                             std::uint16_t port, std::chrono::milliseconds limit,
                             boost::asio::steady_timer** waiting);

} // namespace egressd::proxy
