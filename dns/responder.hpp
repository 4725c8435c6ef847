// Who answers? What the two servers, over datagrams and over streams, have in common: they bring the octets
// of a message and take those of its reply. They know no policy; whoever answers knows no socket.
#pragma once

#include "dns/message.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace egressd::dns {

/// A message that came. Views, good until the next message is read.
struct Asked {
    std::string_view message;
    boost::asio::ip::address client;
    std::uint16_t client_port = 0;
    bool in_stream = false; // else a datagram, whose sender may be anybody
};

/// A question that waits for somebody: the log, or a name server.
class Waiting {
public:
    virtual ~Waiting() = default;
    Waiting() = default;
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

    /// The octets of the reply, once.
    virtual boost::asio::awaitable<std::string> reply() = 0;
};

/// Either a reply of `size` octets, or a question that waits; neither where no reply is due.
struct Taken {
    std::size_t size = 0;
    std::unique_ptr<Waiting> waiting;
};

class Responder {
public:
    virtual ~Responder() = default;
    Responder() = default;
    Responder(const Responder&) = delete;
    Responder& operator=(const Responder&) = delete;

    /// Writes the reply into `out` where it can be had at once.
    virtual Taken take(const Asked& asked, std::span<char, max_reply> out) = 0;
};

} // namespace egressd::dns
