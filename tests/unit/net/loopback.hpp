// Sockets that are connected over loopback, and a way to run coroutines to their end, for the tests of what
// moves bytes.
#pragma once

#include "net/connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace egressd::test {

using net::awaitable;
using net::error_code;
using net::tcp;

inline tcp::endpoint any_port() {
    return {boost::asio::ip::address_v4::loopback(), 0};
}

inline std::pair<tcp::socket, tcp::socket> connected(boost::asio::io_context& io) {
    tcp::acceptor acceptor(io, any_port());
    tcp::socket one(io);
    one.connect(acceptor.local_endpoint());
    tcp::socket other = acceptor.accept();
    return {std::move(one), std::move(other)};
}

/// Two ends of one connection.
struct Ends {
    Ends(boost::asio::io_context& io, net::Timers& timers) : Ends(connected(io), timers) {}

    net::Connection near;
    net::Connection far;

private:
    Ends(std::pair<tcp::socket, tcp::socket> sockets, net::Timers& timers)
        : near(std::move(sockets.first), timers), far(std::move(sockets.second), timers) {}
};

/// Runs `io` until `done`; a test that would hang fails instead.
inline void run_until(boost::asio::io_context& io, const std::function<bool()>& done) {
    const std::chrono::steady_clock::time_point end =
        std::chrono::steady_clock::now() + std::chrono::seconds(60);
    io.restart();
    while (!done()) {
        if (io.run_one_until(end) == 0)
            throw std::runtime_error("what the test waits for does not happen");
    }
}

template <class T>
awaitable<void> keep(awaitable<T> operation, std::optional<T>* result) {
    T value = co_await std::move(operation);
    result->emplace(std::move(value));
}

inline void rethrow(std::exception_ptr failure) {
    if (failure)
        std::rethrow_exception(failure);
}

/// Starts `operation`; `result` outlives it and has its value at the end.
template <class T>
void start(boost::asio::io_context& io, awaitable<T> operation, std::optional<T>& result) {
    boost::asio::co_spawn(io, keep(std::move(operation), &result), rethrow);
}

template <class T>
T run(boost::asio::io_context& io, awaitable<T> operation) {
    std::optional<T> result;
    start(io, std::move(operation), result);
    run_until(io, [&] { return result.has_value(); });
    return std::move(*result);
}

/// Everything until the end of the stream, or what came before an error.
inline awaitable<std::string> read_all(net::Connection* connection) {
    std::string all;
    std::string piece(64 * 1024, '\0');
    for (;;) {
        const net::Transfer transfer = co_await connection->read_some(boost::asio::buffer(piece));
        if (transfer.ec)
            co_return all;
        all.append(piece, 0, transfer.size);
    }
}

/// `bytes`, and then a FIN.
inline awaitable<error_code> send_all(net::Connection* connection, std::string bytes) {
    const error_code ec = co_await connection->write(boost::asio::buffer(bytes));
    connection->shutdown_send();
    co_return ec;
}

/// `size` bytes that show when any is lost, doubled or moved.
inline std::string pattern(std::size_t size, unsigned seed) {
    std::string bytes(size, '\0');
    std::uint32_t state = seed * 2654435761U + 1;
    for (char& byte : bytes) {
        state = state * 1664525U + 1013904223U;
        byte = static_cast<char>(state >> 24);
    }
    return bytes;
}

} // namespace egressd::test
