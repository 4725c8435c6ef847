// DNS over UDP: many datagrams a system call, in both directions, and every reply from the address that was
// asked. It reads and writes; what is said is the responder's.
#pragma once

#include "dns/responder.hpp"
#include "net/result.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>

#include <exception>
#include <functional>
#include <memory>

namespace egressd::dns {

/// A descriptor, which is the caller's, or -1 and the errno that says why there is none.
struct Opened {
    int descriptor = -1;
    int error = 0;
};

/// A UDP socket that shares its address with others of this user, among which the kernel divides the clients
/// (SO_REUSEPORT): one a worker. Non-blocking.
Opened open_datagrams(const boost::asio::ip::udp::endpoint& endpoint);

class DatagramServer {
public:
    using OnEnd = std::function<void(std::exception_ptr)>;

    /// Takes the descriptor. `responder` outlives it; `on_end` is told of each coroutine that ends, with what
    /// it threw.
    DatagramServer(boost::asio::io_context& io, int descriptor, Responder& responder, OnEnd on_end);
    ~DatagramServer();
    DatagramServer(const DatagramServer&) = delete;
    DatagramServer& operator=(const DatagramServer&) = delete;

    void start();
    /// Reads no more. Replies that are waited for are still sent.
    void stop();

private:
    struct Route; // where a datagram came from, and to which of our addresses: what its reply needs
    struct Batch;
    boost::asio::awaitable<void> serve();
    bool serve_batch();
    boost::asio::awaitable<void> reply_later(std::unique_ptr<Waiting> waiting, std::unique_ptr<Route> route);
    void close_if_done();

    boost::asio::io_context& io_;
    boost::asio::ip::udp::socket socket_;
    Responder& responder_;
    OnEnd on_end_;
    std::unique_ptr<Batch> batch_;
    std::size_t waiting_ = 0; // replies that are still to be sent
    bool stopped_ = false;
};

} // namespace egressd::dns
