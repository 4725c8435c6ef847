#include "proxy/dial.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace egressd::proxy {

namespace asio = boost::asio;
using asio::ip::address;
using net::awaitable;
using net::error_code;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::chrono::milliseconds attempt_delay{250}; // RFC 8305 5, "Connection Attempt Delay"

/// What the connects under way report to. Handlers hold it, so that one which comes late finds it.
struct Race {
    explicit Race(asio::io_context& io) : wake(io) {}
    asio::steady_timer wake; // cancelled whenever something has happened
    std::vector<std::unique_ptr<net::tcp::socket>> sockets;
    std::optional<std::size_t> winner;
    std::size_t failed = 0;
    error_code last = asio::error::host_unreachable; // until an address has failed: there is none
    bool over = false;
};

void start(const std::shared_ptr<Race>& race, asio::io_context& io, const net::tcp::endpoint& endpoint) {
    const std::size_t index = race->sockets.size();
    race->sockets.push_back(std::make_unique<net::tcp::socket>(io));
    net::tcp::socket& socket = *race->sockets.back();
    error_code ec;
    socket.open(endpoint.protocol(), ec);
    if (ec) {
        ++race->failed;
        race->last = ec;
        return;
    }
    socket.async_connect(endpoint, [race, index](const error_code& result) {
        if (race->over)
            return;
        if (!result && !race->winner)
            race->winner = index;
        if (result) {
            ++race->failed;
            race->last = result;
        }
        race->wake.cancel();
    });
}

void finish(Race& race) {
    race.over = true;
    for (const std::unique_ptr<net::tcp::socket>& socket : race.sockets) {
        error_code ignored;
        if (socket->is_open())
            socket->close(ignored);
    }
}

} // namespace

std::vector<address> interleaved(const std::vector<address>& addresses) {
    std::vector<address> sixes;
    std::vector<address> fours;
    for (const address& each : addresses)
        (each.is_v6() ? sixes : fours).push_back(each);
    std::vector<address> order;
    for (std::size_t i = 0; i < std::max(sixes.size(), fours.size()); ++i) {
        if (i < sixes.size())
            order.push_back(sixes[i]);
        if (i < fours.size())
            order.push_back(fours[i]);
    }
    return order;
}

awaitable<Dialled> dial(asio::io_context& io, std::vector<address> addresses, std::uint16_t port,
                        std::chrono::milliseconds limit, asio::steady_timer** waiting) {
    const std::shared_ptr<Race> race = std::make_shared<Race>(io);
    const Clock::time_point deadline = Clock::now() + limit;
    *waiting = &race->wake;
    Dialled dialled(io);
    bool cancelled = false;
    while (!race->winner && !cancelled && Clock::now() < deadline) {
        const std::size_t failed_before = race->failed;
        if (race->sockets.size() < addresses.size())
            start(race, io, net::tcp::endpoint(addresses[race->sockets.size()], port));
        if (race->failed > failed_before)
            continue;
        if (race->failed == addresses.size())
            break;
        const bool more = race->sockets.size() < addresses.size();
        race->wake.expires_at(more ? std::min(deadline, Clock::now() + attempt_delay) : deadline);
        error_code ec;
        co_await race->wake.async_wait(asio::redirect_error(asio::use_awaitable, ec));
        // Cancelled without news of a connect: somebody wants the dial to end.
        cancelled = ec && !race->winner && race->failed == failed_before;
    }
    *waiting = nullptr;
    dialled.ec = race->last;
    if (race->winner) {
        dialled.socket = std::move(*race->sockets[*race->winner]);
        dialled.address = addresses[*race->winner];
        dialled.ec = error_code();
        error_code ignored; // Nagle's delay is a matter of speed only
        dialled.socket.set_option(net::tcp::no_delay(true), ignored);
    } else if (cancelled) {
        dialled.ec = asio::error::operation_aborted;
    } else if (race->failed < addresses.size()) {
        dialled.ec = asio::error::timed_out;
    }
    finish(*race);
    co_return dialled;
}

} // namespace egressd::proxy
