// A turn reads up to 64 datagrams with one recvmmsg(2), has each answered, and sends what can be said at once
// with one sendmmsg(2), from the very structures that were read into: peer and local address stand there
// already. What has to wait gets a coroutine of its own. A reply for which the socket has no room is dropped,
// as the network would: the client asks again.
#include "dns/datagrams.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace egressd::dns {

namespace asio = boost::asio;
using asio::ip::udp;

namespace {

constexpr std::size_t batch_size = 64;
/// After so many batches without a pause others of the worker have their turn.
constexpr unsigned batches_in_a_row = 8;
/// What the kernel keeps of a burst while the worker does something else: thousands of queries. It may lower
/// it to net.core.rmem_max.
constexpr int receive_buffer = 4 * 1024 * 1024;

} // namespace

struct DatagramServer::Route {
    sockaddr_storage peer{};
    socklen_t peer_size = 0;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(in6_pktinfo))> control{};
    std::size_t control_size = 0;

    msghdr head_for(iovec& data) {
        msghdr head{};
        head.msg_name = &peer;
        head.msg_namelen = peer_size;
        head.msg_iov = &data;
        head.msg_iovlen = 1;
        head.msg_control = control_size > 0 ? control.data() : nullptr;
        head.msg_controllen = control_size;
        return head;
    }

    udp::endpoint endpoint() const {
        udp::endpoint result;
        std::memcpy(result.data(), &peer, peer_size);
        result.resize(peer_size);
        return result;
    }
};

namespace {

/// The interface is left open: a reply goes the way that its address has.
void forget_interface(msghdr& head) {
    for (cmsghdr* each = CMSG_FIRSTHDR(&head); each != nullptr; each = CMSG_NXTHDR(&head, each)) {
        if (each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_PKTINFO) {
            in_pktinfo info{};
            std::memcpy(&info, CMSG_DATA(each), sizeof info);
            info.ipi_ifindex = 0;
            std::memcpy(CMSG_DATA(each), &info, sizeof info);
        }
    }
}

bool set_option(int descriptor, int level, int name) {
    const int on = 1;
    return ::setsockopt(descriptor, level, name, &on, sizeof on) == 0;
}

/// Of a wildcard's socket the reply must come from the address that was asked. IPv6 sends from no address
/// that is only routed here, unless it is told that it may.
bool keep_address(int descriptor, bool v6) {
    if (!v6)
        return set_option(descriptor, IPPROTO_IP, IP_PKTINFO);
    return set_option(descriptor, IPPROTO_IPV6, IPV6_RECVPKTINFO) &&
           set_option(descriptor, IPPROTO_IPV6, IPV6_FREEBIND);
}

udp protocol_of(int descriptor) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
    return address.ss_family == AF_INET6 ? udp::v6() : udp::v4();
}

} // namespace

struct DatagramServer::Batch {
    std::array<std::array<char, max_query + 1>, batch_size>
        requests; // one more: what is longer is seen to be
    std::array<std::array<char, max_reply>, batch_size> replies;
    std::array<Route, batch_size> routes;
    std::array<iovec, batch_size> incoming;
    std::array<iovec, batch_size> outgoing;
    std::array<mmsghdr, batch_size> received;
    std::array<mmsghdr, batch_size> sent;

    /// Returns how many have come.
    std::size_t receive(int descriptor) {
        for (std::size_t i = 0; i < batch_size; ++i) {
            incoming[i] = {requests[i].data(), requests[i].size()};
            routes[i].peer_size = sizeof routes[i].peer;
            routes[i].control_size = routes[i].control.size();
            received[i] = {routes[i].head_for(incoming[i]), 0};
        }
        const int count = ::recvmmsg(descriptor, received.data(), batch_size, MSG_DONTWAIT, nullptr);
        for (int i = 0; i < count; ++i) {
            const auto at = static_cast<std::size_t>(i);
            routes[at].peer_size = received[at].msg_hdr.msg_namelen;
            routes[at].control_size = received[at].msg_hdr.msg_controllen;
            forget_interface(received[at].msg_hdr);
        }
        return count > 0 ? static_cast<std::size_t>(count) : 0;
    }
};

Opened open_datagrams(const udp::endpoint& endpoint) {
    const bool v6 = endpoint.protocol() == udp::v6();
    const int descriptor =
        ::socket(endpoint.protocol().family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return {-1, errno};
    ::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const bool told = !endpoint.address().is_unspecified() || keep_address(descriptor, v6);
    if (told && set_option(descriptor, SOL_SOCKET, SO_REUSEPORT) &&
        ::bind(descriptor, endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0)
        return {descriptor, 0};
    const int error = errno;
    ::close(descriptor);
    return {-1, error};
}

DatagramServer::DatagramServer(asio::io_context& io, int descriptor, Responder& responder, OnEnd on_end)
    : io_(io), socket_(io, protocol_of(descriptor), descriptor), responder_(responder),
      on_end_(std::move(on_end)), batch_(std::make_unique<Batch>()) {}

DatagramServer::~DatagramServer() = default;

void DatagramServer::start() {
    asio::co_spawn(io_, serve(), on_end_);
}

void DatagramServer::stop() {
    stopped_ = true;
    close_if_done();
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

void DatagramServer::close_if_done() {
    boost::system::error_code ignored;
    if (stopped_ && waiting_ == 0)
        socket_.close(ignored);
}

asio::awaitable<void> DatagramServer::serve() {
    boost::system::error_code ec;
    while (!stopped_) {
        co_await socket_.async_wait(udp::socket::wait_read, asio::redirect_error(asio::use_awaitable, ec));
        for (unsigned turn = 0; turn < batches_in_a_row && !stopped_; ++turn) {
            const bool more = serve_batch();
            if (!more)
                break;
        }
    }
}

/// True where more may be waiting.
bool DatagramServer::serve_batch() {
    Batch& batch = *batch_;
    const std::size_t count = batch.receive(socket_.native_handle());
    std::size_t said = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const udp::endpoint peer = batch.routes[i].endpoint();
        const Asked asked{
            {batch.requests[i].data(), batch.received[i].msg_len}, peer.address(), peer.port(), false};
        Taken taken = responder_.take(asked, batch.replies[i]);
        if (taken.waiting) {
            ++waiting_;
            asio::co_spawn(io_,
                           reply_later(std::move(taken.waiting), std::make_unique<Route>(batch.routes[i])),
                           on_end_);
        }
        if (taken.size == 0)
            continue;
        batch.outgoing[said] = {batch.replies[i].data(), taken.size};
        batch.sent[said] = {batch.routes[i].head_for(batch.outgoing[said]), 0};
        ++said;
    }
    for (std::size_t done = 0; done < said;) {
        const int sent = ::sendmmsg(socket_.native_handle(), batch.sent.data() + done,
                                    static_cast<unsigned>(said - done), MSG_DONTWAIT | MSG_NOSIGNAL);
        // One that cannot be sent must not keep the others from it.
        done += sent > 0 ? static_cast<std::size_t>(sent) : 1;
    }
    return count == batch_size;
}

asio::awaitable<void> DatagramServer::reply_later(std::unique_ptr<Waiting> waiting,
                                                  std::unique_ptr<Route> route) {
    std::string reply = co_await waiting->reply();
    iovec data{reply.data(), reply.size()};
    const msghdr head = route->head_for(data);
    if (!reply.empty() && socket_.is_open())
        ::sendmsg(socket_.native_handle(), &head, MSG_DONTWAIT | MSG_NOSIGNAL);
    --waiting_;
    close_if_done();
}

} // namespace egressd::dns
