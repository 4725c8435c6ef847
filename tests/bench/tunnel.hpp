// One connection of the load generator, from connect to the point where its script is done: CONNECT and its
// reply, a hello and its answer, or a refusal read to its end. It knows nothing of how many there are and
// what they are counted for.
#pragma once

#include "tests/bench/socket.hpp"

#include <string>

namespace egressd::bench {

/// What every connection of a run does. An empty `connect` goes to the endpoint itself, without a proxy; an
/// empty `hello` stops once the proxy has replied.
struct Script {
    sockaddr_in endpoint = {};
    std::string connect;        // the CONNECT header block
    std::string status = "200"; // the expected status of its reply
    std::string hello;
    std::size_t answer = 0; // bytes that the origin sends back to the hello
};

class Tunnel {
public:
    enum class Progress { pending, done, failed };

    /// Begins to connect; `tag` names it in `poll`, edge-triggered.
    Progress begin(const Script& script, Poll& poll, std::uint64_t tag);

    /// Goes on after an event.
    Progress advance(const Script& script, std::uint32_t events);

    void close() { socket_.close(); }
    const Descriptor& socket() const { return socket_; }

    /// What the proxy said, for a message about a failure.
    const std::string& reply() const { return reply_; }

private:
    enum class State { connecting, replying, answering };

    Progress connected(const Script& script);
    Progress read_reply(const Script& script);
    Progress replied(const Script& script);
    Progress send_hello(const Script& script);
    Progress read_answer(const Script& script);

    Descriptor socket_;
    State state_ = State::connecting;
    std::string reply_;
    std::size_t answered_ = 0;
};

} // namespace egressd::bench
