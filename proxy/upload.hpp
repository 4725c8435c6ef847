// How does a request's body reach the origin? First it is held until it is whole, or larger than
// secrets.hold, and looked at: a secret in it then stops the request before the origin has heard of it. What
// is larger goes on beside the response, which may begin, and even end, before the body does (RFC 9112 9.3,
// RFC 9110 10.1.1), and never further than the inspection has settled: an upload is a coroutine of its own
// that the exchange waits for before it ends.
#pragma once

#include "proxy/framing.hpp"
#include "proxy/inspection.hpp"
#include "proxy/session.hpp"

#include <boost/asio/steady_timer.hpp>

#include <optional>
#include <string>

namespace egressd::proxy {

class Upload {
public:
    /// Of the body that follows the exchange's head; both outlive the upload.
    Upload(Session& session, Exchange& exchange, const Framing& framing);

    /// Reads until the body is whole or as much is held as is to be judged at once; sends nothing. Behind it,
    /// failed() says whether the request can go on.
    net::awaitable<void> hold();
    /// Starts sending to the session's origin, to which the head has gone. Holds first, where that is still
    /// to do.
    void start();
    /// Until the body is sent or given up; at once when none was started.
    net::awaitable<void> finished();
    /// The origin will get no more of it.
    void abandon() { abandoned_ = true; }

    /// The body was read to its end and sent: the client's connection stands at the next request.
    bool complete() const { return complete_; }
    /// Nothing more can be had of the body, or may leave; one of the following three says why.
    bool failed() const { return client_error_ || !malformed_.empty() || refusal(); }
    /// Set when the client broke off inside its body.
    const net::error_code& client_error() const { return client_error_; }
    /// Set when the client sent a body that is not what its head announced.
    const std::string& malformed() const { return malformed_; }
    /// Set when something in it may not leave.
    const std::optional<Refusal>& refusal() const { return inspection_.refusal(); }

private:
    net::awaitable<void> run();
    net::awaitable<net::error_code> send_all();
    net::awaitable<net::error_code> send_settled();
    net::awaitable<net::error_code> fill();
    net::awaitable<net::error_code> read_piece();
    void look();
    Result<void> take_piece();
    bool must_hold() const;
    std::size_t wanted() const;

    Session& session_;
    Exchange& exchange_;
    Framing framing_;
    BodyInspection inspection_;
    std::optional<ChunkedDecoder> decoder_; // of a chunked body
    boost::asio::steady_timer bell_;
    std::string held_;       // of the body: read, and not yet sent
    std::size_t unseen_ = 0; // of what is held, at its end: not yet inspected
    std::uint64_t left_ = 0; // to be read, with BodyKind::length
    std::uint64_t sent_ = 0;
    bool hungry_ = false; // what is in the session's buffer is too little
    bool ended_ = false;  // read to its end
    bool judged_ = false; // the inspection knows of the end
    bool running_ = false;
    bool complete_ = false;
    bool abandoned_ = false;
    net::error_code client_error_;
    std::string malformed_;
};

} // namespace egressd::proxy
