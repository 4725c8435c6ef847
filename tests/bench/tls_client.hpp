// One inspected connection of the load generator: CONNECT, a TLS handshake with whatever certificate the
// proxy shows (verified against its CA), then requests, one after the other. It knows nothing of how many
// connections there are and what is counted.
#pragma once

#include "tests/bench/tls.hpp"
#include "tests/bench/tunnel.hpp"

#include <string>

namespace egressd::bench {

/// What every connection of a run asks for.
struct TlsRequest {
    std::string path = "/";
    std::size_t body = 0;  // bytes to POST; none: GET
    std::string_view fill; // the body is this, over and over
};

/// Where a connection goes: `tunnel` ends when the way to the origin is open, `name` is who must answer
/// there.
struct TlsTarget {
    Script tunnel;
    std::string name;
    std::string request_head; // complete
};

/// `authority`: HOST:PORT of the origin.
TlsTarget make_target(const sockaddr_in& endpoint, bool through_proxy, const std::string& authority,
                      const TlsRequest& request);

class TlsClient {
public:
    using Progress = Tunnel::Progress;

    /// Begins to connect; `tag` names it in `poll`, edge-triggered. What it is given must outlive it.
    Progress begin(SSL_CTX& context, const TlsTarget& target, const TlsRequest& request, Poll& poll,
                   std::uint64_t tag);

    /// Goes on after an event; `done` when the answer to a request is complete, with status 200.
    Progress advance(std::uint32_t events);

    /// Sends the request once more on the same connection.
    Progress repeat();
    void close();

    /// Why it failed.
    const std::string& failure() const { return failure_; }

private:
    enum class State { tunnelling, shaking, sending, answering };

    Progress shake();
    Progress send_request();
    Progress read_answer();
    bool take(std::string_view bytes);
    Progress fail(std::string reason);

    Tunnel tunnel_;
    TlsStream stream_;
    SSL_CTX* context_ = nullptr;
    const TlsTarget* target_ = nullptr;
    const TlsRequest* request_ = nullptr;
    State state_ = State::tunnelling;
    std::size_t sent_ = 0;      // of head and body together
    std::string head_;          // of the answer, until it is complete
    bool in_body_ = false;      // the answer's head is complete
    std::size_t remaining_ = 0; // bytes of the answer's body that are still to come
    std::string failure_;
};

} // namespace egressd::bench
