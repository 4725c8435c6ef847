#include "net/connection.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <string>
#include <sys/socket.h>
#include <sys/uio.h>
#include <utility>

namespace egressd::net {

namespace asio = boost::asio;

namespace {

/// Every piece costs a layer a record and a call, so that small ones go together: a head and a short body.
constexpr std::size_t max_joined = 16 * 1024;

/// Sends what the kernel takes at once; most writes end here, without a turn of the event loop.
error_code send_now(int descriptor, std::span<iovec> parts, std::size_t& sent) {
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t result = ::sendmsg(descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (result >= 0) {
        sent = static_cast<std::size_t>(result);
        return {};
    }
    sent = 0;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return {};
    return {errno, boost::system::system_category()};
}

/// Drops the first `size` bytes of `parts`.
std::span<iovec> drop_front(std::span<iovec> parts, std::size_t size) {
    while (!parts.empty() && size >= parts.front().iov_len) {
        size -= parts.front().iov_len;
        parts = parts.subspan(1);
    }
    if (!parts.empty()) {
        parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + size;
        parts.front().iov_len -= size;
    }
    return parts;
}

} // namespace

Connection::Connection(tcp::socket socket, Timers& timers)
    : socket_(std::move(socket)), deadline_(timers, [this] {
          timed_out_ = true;
          error_code ignored;
          socket_.cancel(ignored);
      }) {}

error_code Connection::stopped() const {
    if (interrupted_)
        return asio::error::operation_aborted;
    if (timed_out_)
        return asio::error::timed_out;
    return {};
}

awaitable<error_code> Connection::secure(std::unique_ptr<Layer> layer) {
    layer_ = std::move(layer);
    for (;;) {
        error_code ec = stopped();
        if (ec)
            co_return ec;
        const Progress step = layer_->handshake();
        if (step.state == Progress::State::done)
            co_return step.ec;
        ec = co_await wait_for(step);
        if (ec)
            co_return ec;
    }
}

awaitable<error_code> Connection::wait_for(Progress step) {
    const tcp::socket::wait_type what =
        step.state == Progress::State::wants_write ? tcp::socket::wait_write : tcp::socket::wait_read;
    const error_code ec = co_await wait(what);
    co_return ec;
}

awaitable<Transfer> Connection::read_layer(asio::mutable_buffer buffer) {
    Transfer transfer;
    for (;;) {
        const Progress step = layer_->read(buffer);
        transfer.ec = step.ec;
        transfer.size = step.size;
        if (step.state == Progress::State::done)
            co_return transfer;
        transfer.ec = co_await wait_for(step);
        if (transfer.ec)
            co_return transfer;
    }
}

awaitable<error_code> Connection::write_layer(asio::const_buffer part) {
    while (part.size() > 0) {
        error_code ec = stopped();
        if (ec)
            co_return ec;
        const Progress step = layer_->write(part);
        if (step.state == Progress::State::done) {
            if (step.ec)
                co_return step.ec;
            part += step.size;
            continue;
        }
        ec = co_await wait_for(step);
        if (ec)
            co_return ec;
    }
    co_return error_code();
}

awaitable<error_code> Connection::write_layer(std::span<const asio::const_buffer> parts) {
    std::string joined;
    for (const asio::const_buffer& part : parts) {
        if (joined.size() + part.size() > max_joined && !joined.empty()) {
            const error_code ec = co_await write_layer(asio::buffer(joined));
            if (ec)
                co_return ec;
            joined.clear();
        }
        if (part.size() <= max_joined) {
            joined.append(static_cast<const char*>(part.data()), part.size());
            continue;
        }
        const error_code ec = co_await write_layer(part);
        if (ec)
            co_return ec;
    }
    const error_code ec = co_await write_layer(asio::buffer(joined));
    co_return ec;
}

awaitable<Transfer> Connection::read_some(asio::mutable_buffer buffer) {
    Transfer transfer;
    transfer.ec = stopped();
    if (transfer.ec)
        co_return transfer;
    if (layer_) {
        transfer = co_await read_layer(buffer);
        co_return transfer;
    }
    transfer.size =
        co_await socket_.async_read_some(buffer, asio::redirect_error(asio::use_awaitable, transfer.ec));
    if (transfer.ec == asio::error::operation_aborted && timed_out_ && !interrupted_)
        transfer.ec = asio::error::timed_out;
    co_return transfer;
}

awaitable<error_code> Connection::write(asio::const_buffer part) {
    const std::array<asio::const_buffer, 1> parts{part};
    const error_code ec = co_await write(std::span<const asio::const_buffer>(parts));
    co_return ec;
}

awaitable<error_code> Connection::write(std::span<const asio::const_buffer> parts) {
    if (parts.size() > max_parts)
        co_return error_code(asio::error::invalid_argument);
    if (layer_) {
        const error_code ec = co_await write_layer(parts);
        co_return ec;
    }
    std::array<iovec, max_parts> vectors{};
    const std::size_t count = parts.size();
    for (std::size_t i = 0; i < count; ++i)
        vectors[i] = iovec{const_cast<void*>(parts[i].data()), parts[i].size()};
    std::span<iovec> left(vectors.data(), count);
    left = drop_front(left, 0);
    while (!left.empty()) {
        error_code ec = stopped();
        if (ec)
            co_return ec;
        std::size_t sent = 0;
        ec = send_now(descriptor(), left, sent);
        if (ec)
            co_return ec;
        left = drop_front(left, sent);
        if (left.empty() || sent > 0)
            continue;
        ec = co_await wait(tcp::socket::wait_write);
        if (ec)
            co_return ec;
    }
    co_return error_code();
}

awaitable<error_code> Connection::wait(tcp::socket::wait_type what) {
    error_code ec = stopped();
    if (ec)
        co_return ec;
    co_await socket_.async_wait(what, asio::redirect_error(asio::use_awaitable, ec));
    if (ec == asio::error::operation_aborted && timed_out_ && !interrupted_)
        ec = asio::error::timed_out;
    co_return ec;
}

void Connection::interrupt() {
    interrupted_ = true;
    error_code ignored;
    socket_.cancel(ignored);
}

void Connection::shutdown_send() {
    if (layer_)
        layer_->shut_down();
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void Connection::reset() {
    error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    close();
}

void Connection::close() {
    deadline_.cancel();
    error_code ignored;
    socket_.close(ignored);
}

bool Connection::is_quiet() {
    if (layer_)
        return layer_->is_quiet();
    char byte = 0;
    const ssize_t result = ::recv(descriptor(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool Connection::has_unread() {
    char byte = 0;
    return ::recv(descriptor(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

} // namespace egressd::net
