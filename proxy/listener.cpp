#include "proxy/listener.hpp"

#include "dns/datagrams.hpp"
#include "net/host.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace egressd::proxy {

using boost::asio::ip::tcp;

namespace {

constexpr int backlog = 4096; // the kernel lowers it to net.core.somaxconn

constexpr int tries_for_a_port = 16; // one that is free for TCP may be taken for UDP

Error failed(const policy::Endpoint& endpoint, const std::string& name, int error) {
    std::string message = "cannot listen on " + to_text(endpoint) + ": " + std::strerror(error);
    if (error == EADDRINUSE)
        message += "; another process has this port (is egressd already running?): stop it, or set listen." +
                   name + " to another port";
    if (error == EACCES)
        message +=
            "; ports below 1024 need CAP_NET_BIND_SERVICE: set listen." + name + " to a port above 1023";
    if (error == EADDRNOTAVAIL)
        message += "; no interface of this machine has this address: set listen." + name +
                   " to one that it has, such as 127.0.0.1:" + std::to_string(endpoint.port);
    return {Side::self, message};
}

} // namespace

Result<std::unique_ptr<Listener>> Listener::open(std::string name, const policy::Endpoint& endpoint,
                                                 std::size_t datagrams) {
    int error = 0;
    for (int tries = 0; tries < (endpoint.port == 0 ? tries_for_a_port : 1); ++tries) {
        Result<std::unique_ptr<Listener>> listener = open_stream(name, endpoint);
        if (!listener)
            return listener;
        error = (*listener)->open_datagrams(datagrams);
        if (error == 0)
            return listener;
    }
    return failed(endpoint, name, error);
}

Result<std::unique_ptr<Listener>> Listener::open_stream(std::string name, const policy::Endpoint& endpoint) {
    const tcp::endpoint wanted(endpoint.address, endpoint.port);
    const int descriptor =
        ::socket(wanted.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return failed(endpoint, name, errno);
    // From here the descriptor has an owner.
    std::unique_ptr<Listener> listener(new Listener(std::move(name), endpoint, descriptor));
    const int on = 1;
    if (::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        // Accepted sockets inherit it, which saves a call for each.
        ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        ::bind(descriptor, wanted.data(), static_cast<socklen_t>(wanted.size())) != 0 ||
        ::listen(descriptor, backlog) != 0)
        return failed(endpoint, listener->name_, errno);
    tcp::endpoint bound;
    auto size = static_cast<socklen_t>(bound.capacity());
    if (::getsockname(descriptor, bound.data(), &size) != 0)
        return failed(endpoint, listener->name_, errno);
    listener->endpoint_.port = bound.port();
    return listener;
}

/// An errno, or 0.
int Listener::open_datagrams(std::size_t count) {
    while (datagrams_.size() < count) {
        const dns::Opened opened = dns::open_datagrams({endpoint_.address, endpoint_.port});
        if (opened.descriptor < 0)
            return opened.error;
        datagrams_.push_back(opened.descriptor);
    }
    return 0;
}

Listener::Listener(std::string name, policy::Endpoint endpoint, int descriptor)
    : name_(std::move(name)), endpoint_(std::move(endpoint)), descriptor_(descriptor) {}

Listener::~Listener() {
    close();
}

void Listener::close() {
    if (descriptor_ >= 0)
        ::close(descriptor_);
    descriptor_ = -1;
    for (int& descriptor : datagrams_) {
        if (descriptor >= 0)
            ::close(descriptor);
        descriptor = -1;
    }
}

std::vector<policy::Endpoint> Listener::reachable_at() const {
    std::vector<policy::Endpoint> all{endpoint_};
    ifaddrs* interfaces = nullptr;
    if (!endpoint_.address.is_unspecified() || ::getifaddrs(&interfaces) != 0)
        return all;
    for (const ifaddrs* each = interfaces; each != nullptr; each = each->ifa_next) {
        const int family = each->ifa_addr == nullptr ? AF_UNSPEC : each->ifa_addr->sa_family;
        if (family != AF_INET && family != AF_INET6)
            continue;
        tcp::endpoint address;
        address.resize(family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
        std::memcpy(address.data(), each->ifa_addr, address.size());
        all.push_back({address.address(), endpoint_.port});
    }
    ::freeifaddrs(interfaces);
    return all;
}

int Listener::duplicate() const {
    return ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
}

int Listener::duplicate_datagrams(std::size_t index) const {
    return ::fcntl(datagrams_[index], F_DUPFD_CLOEXEC, 0);
}

std::string to_text(const policy::Endpoint& endpoint) {
    return net::Authority{net::Host::of(endpoint.address), endpoint.port}.text();
}

} // namespace egressd::proxy
