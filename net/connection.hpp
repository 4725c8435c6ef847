// What does every connection need? A socket whose every wait has a deadline and can be interrupted from
// outside. It knows no protocol: bytes in, bytes out, and why it stopped.
#pragma once

#include "net/deadline.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>

namespace egressd::net {

using boost::asio::awaitable;
using boost::asio::ip::tcp;
using boost::system::error_code;

/// What a read brought: `ec` set, or `size` > 0 bytes.
struct Transfer {
    error_code ec;
    std::size_t size = 0;
};

/// One try at moving bytes through a layer. Nothing is moved where it has to wait first.
struct Progress {
    enum class State { done, wants_read, wants_write };
    State state = State::done;
    error_code ec;        // when done: why nothing was moved
    std::size_t size = 0; // when done without an error
};

/// What lies between a socket and the bytes of its connection: TLS. It reads and writes the socket itself and
/// never blocks; the connection does the waiting.
class Layer {
public:
    virtual ~Layer() = default;
    Layer() = default;
    Layer(const Layer&) = delete;
    Layer& operator=(const Layer&) = delete;

    virtual Progress handshake() = 0;
    /// At least one byte; an orderly end is asio::error::eof, an end without notice another error.
    virtual Progress read(boost::asio::mutable_buffer buffer) = 0;
    /// A part of `part`; a try that had to wait is to be repeated with the same bytes.
    virtual Progress write(boost::asio::const_buffer part) = 0;
    /// Tells the peer, if that is possible now, that nothing more will be sent.
    virtual void shut_down() = 0;
    /// True while the peer has neither closed nor sent anything of its own.
    virtual bool is_quiet() = 0;
};

class Connection {
public:
    /// `socket` is open; Asio makes it non-blocking with the first wait, which comes before any splice.
    Connection(tcp::socket socket, Timers& timers);

    /// From here on all bytes go through `layer`, whose handshake is done first.
    awaitable<error_code> secure(std::unique_ptr<Layer> layer);
    /// nullptr where bytes go as they are.
    Layer* layer() { return layer_.get(); }

    /// At least one byte, or an error; the end of the stream is asio::error::eof, a passed deadline
    /// asio::error::timed_out.
    awaitable<Transfer> read_some(boost::asio::mutable_buffer buffer);

    static constexpr std::size_t max_parts = 8; // a message is a head, a chunk's size line, a body, an end

    /// All of `parts`, in order; more than max_parts is an error, and nothing is sent.
    awaitable<error_code> write(std::span<const boost::asio::const_buffer> parts);
    awaitable<error_code> write(boost::asio::const_buffer part);

    /// Until the socket is readable or writable; nothing is read.
    awaitable<error_code> wait(tcp::socket::wait_type what);

    /// What is waited for now and later must be done within `delay` from now; replaces the deadline before.
    void expires_after(std::chrono::milliseconds delay) {
        timed_out_ = false;
        deadline_.expires_after(delay);
    }
    void expires_never() { deadline_.cancel(); }

    /// Ends the wait under way and every later one with asio::error::operation_aborted.
    void interrupt();
    bool interrupted() const { return interrupted_; }

    /// Sends a FIN, after the layer's own end; what is still to be read can be read.
    void shutdown_send();
    /// Sends a RST instead of a FIN: the peer must not take what it has for a whole message.
    void reset();
    void close();

    /// True while the peer has neither closed nor sent anything: an idle pooled connection that is fit for
    /// use.
    bool is_quiet();
    /// True while bytes lie unread in the kernel: closing now would reset the connection under what was sent.
    bool has_unread();

    const tcp::socket& socket() const { return socket_; }
    int descriptor() { return socket_.native_handle(); }

private:
    error_code stopped() const;
    awaitable<error_code> wait_for(Progress step);
    awaitable<Transfer> read_layer(boost::asio::mutable_buffer buffer);
    awaitable<error_code> write_layer(boost::asio::const_buffer part);
    awaitable<error_code> write_layer(std::span<const boost::asio::const_buffer> parts);

    tcp::socket socket_;
    std::unique_ptr<Layer> layer_;
    Deadline deadline_;
    bool timed_out_ = false;
    bool interrupted_ = false;
};

} // namespace egressd::net
