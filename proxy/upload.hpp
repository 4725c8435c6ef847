// How does a request's body reach the origin? Beside the response, which may begin, and even end, before the
// body does (RFC 9112 9.3, RFC 9110 10.1.1): an upload is a coroutine of its own that the exchange waits for
// before it ends.
#pragma once

#include "proxy/framing.hpp"
#include "proxy/session.hpp"

#include <boost/asio/steady_timer.hpp>

#include <string>

namespace egressd::proxy {

class Upload {
public:
    explicit Upload(Session& session);

    /// Starts sending the body that follows the request's head; the origin is the session's.
    void start(Exchange& exchange, const Framing& framing);
    /// Until the body is sent or given up; at once when none was started.
    net::awaitable<void> finished();

    bool running() const { return running_; }
    /// The body was read to its end and sent: the client's connection stands at the next request.
    bool complete() const { return complete_; }
    /// Set when the client broke off inside its body.
    const net::error_code& client_error() const { return client_error_; }
    /// Set when the client sent a body that is not what its head announced.
    const std::string& malformed() const { return malformed_; }

private:
    net::awaitable<void> run(Exchange* exchange, Framing framing);
    net::awaitable<net::error_code> send_length(Exchange& exchange, std::uint64_t length);
    net::awaitable<net::error_code> send_chunked(Exchange& exchange);
    /// `content` of the bytes are body, the others its framing; the log counts bodies.
    net::awaitable<net::error_code> send(Exchange& exchange, std::string_view bytes, std::size_t content);
    void extend(const Exchange& exchange);

    Session& session_;
    boost::asio::steady_timer bell_;
    bool running_ = false;
    bool complete_ = true;
    net::error_code client_error_;
    std::string malformed_;
};

} // namespace egressd::proxy
