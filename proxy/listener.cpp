#include "proxy/listener.hpp"

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

Error failed(const policy::Endpoint& endpoint) {
    const int error = errno; // before anything else may touch it
    std::string message = "cannot listen on " + to_text(endpoint) + ": " + std::strerror(error);
    if (error == EADDRINUSE)
        message += "; another process has this port (is egressd already running?): stop it, or set "
                   "listen.proxy to another port";
    if (error == EACCES)
        message += "; ports below 1024 need CAP_NET_BIND_SERVICE: set listen.proxy to a port above 1023";
    if (error == EADDRNOTAVAIL)
        message += "; no interface of this machine has this address: set listen.proxy to one that it has, "
                   "such as 127.0.0.1:3128";
    return {Side::self, message};
}

} // namespace

Result<std::unique_ptr<Listener>> Listener::open(std::string name, const policy::Endpoint& endpoint) {
    const tcp::endpoint wanted(endpoint.address, endpoint.port);
    const int descriptor =
        ::socket(wanted.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return failed(endpoint);
    // From here the descriptor has an owner.
    std::unique_ptr<Listener> listener(new Listener(std::move(name), endpoint, descriptor));
    const int on = 1;
    if (::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        // Accepted sockets inherit it, which saves a call for each.
        ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        ::bind(descriptor, wanted.data(), static_cast<socklen_t>(wanted.size())) != 0 ||
        ::listen(descriptor, backlog) != 0)
        return failed(endpoint);
    tcp::endpoint bound;
    auto size = static_cast<socklen_t>(bound.capacity());
    if (::getsockname(descriptor, bound.data(), &size) != 0)
        return failed(endpoint);
    listener->endpoint_.port = bound.port();
    return listener;
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

std::string to_text(const policy::Endpoint& endpoint) {
    return net::Authority{net::Host::of(endpoint.address), endpoint.port}.text();
}

} // namespace egressd::proxy
