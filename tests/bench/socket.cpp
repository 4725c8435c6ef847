#include "tests/bench/socket.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace egressd::bench {

namespace {

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

const sockaddr* generic(const sockaddr_in& endpoint) {
    return static_cast<const sockaddr*>(static_cast<const void*>(&endpoint));
}

Descriptor open_socket() {
    Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) {
        fail("socket");
    }
    return socket;
}

Moved outcome(ssize_t result) {
    if (result > 0) {
        return {Flow::moved, static_cast<std::size_t>(result)};
    }
    const bool blocked = result < 0 && (errno == EAGAIN || errno == EINTR);
    return {blocked ? Flow::blocked : Flow::closed, 0};
}

} // namespace

void Descriptor::close() {
    if (number_ >= 0) {
        ::close(std::exchange(number_, -1));
    }
}

sockaddr_in parse_endpoint(const std::string& text) {
    sockaddr_in endpoint = {};
    endpoint.sin_family = AF_INET;
    const std::size_t colon = text.find(':');
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    if (colon == std::string::npos || std::from_chars(text.data() + colon + 1, end, port).ptr != end ||
        port == 0 || ::inet_pton(AF_INET, text.substr(0, colon).c_str(), &endpoint.sin_addr) != 1) {
        throw std::runtime_error("'" + text + "' is not ADDRESS:PORT");
    }
    endpoint.sin_port = htons(port);
    return endpoint;
}

Descriptor listen_on(const sockaddr_in& endpoint) {
    Descriptor listener = open_socket();
    const int on = 1;
    ::setsockopt(listener.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    constexpr int backlog = 4096; // new tunnels come in bursts of as many as there are connections
    if (::bind(listener.number(), generic(endpoint), sizeof endpoint) != 0 ||
        ::listen(listener.number(), backlog) != 0) {
        fail("listen");
    }
    return listener;
}

Descriptor begin_connect(const sockaddr_in& endpoint) {
    Descriptor socket = open_socket();
    if (::connect(socket.number(), generic(endpoint), sizeof endpoint) != 0 && errno != EINPROGRESS) {
        socket.close();
    }
    return socket;
}

Descriptor accept_on(const Descriptor& listener) {
    return Descriptor(::accept4(listener.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

Moved receive(const Descriptor& socket, std::span<char> into) {
    return outcome(::recv(socket.number(), into.data(), into.size(), 0));
}

Moved send(const Descriptor& socket, std::string_view bytes) {
    return outcome(::send(socket.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

void raise_descriptor_limit() {
    rlimit limit = {};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

Poll::Poll() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (!epoll_.is_open()) {
        fail("epoll_create1");
    }
}

void Poll::add(const Descriptor& socket, std::uint32_t events, std::uint64_t tag) {
    epoll_event event = {events, {.u64 = tag}};
    if (::epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, socket.number(), &event) != 0) {
        fail("epoll_ctl");
    }
}

void Poll::change(const Descriptor& socket, std::uint32_t events, std::uint64_t tag) {
    epoll_event event = {events, {.u64 = tag}};
    if (::epoll_ctl(epoll_.number(), EPOLL_CTL_MOD, socket.number(), &event) != 0) {
        fail("epoll_ctl");
    }
}

std::span<const epoll_event> Poll::wait(Clock::time_point until) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    const int count = ::epoll_wait(epoll_.number(), events_, static_cast<int>(batch),
                                   static_cast<int>(std::clamp<long>(left, 0, 1000)));
    return {events_, count > 0 ? static_cast<std::size_t>(count) : 0};
}

} // namespace egressd::bench
