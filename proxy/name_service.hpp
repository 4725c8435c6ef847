// Who answers the questions of one worker's clients, over UDP and TCP? It brings together the sockets (dns/),
// the replies that need no decision (dns/memo) and the life of those that do (name_query), and bounds them
// all.
#pragma once

#include "dns/datagrams.hpp"
#include "dns/memo.hpp"
#include "dns/responder.hpp"
#include "net/connection.hpp"

#include <memory>
#include <unordered_set>

namespace egressd::proxy {

class Listener;
class Worker;

class NameService final : public dns::Responder {
public:
    /// Questions that wait for the log or a name server at one time: as many as the resolver looks up.
    static constexpr std::size_t max_waiting = 4096;
    /// Connections over which questions come. A client's resolver opens one or two.
    static constexpr std::size_t max_streams = 256;

    /// Takes `datagrams`, a UDP socket. `listener` outlives it.
    NameService(Worker& worker, const Listener& listener, int datagrams);
    ~NameService() override;

    void start();
    dns::Taken take(const dns::Asked& asked, std::span<char, dns::max_reply> out) override;
    /// Serves a client over TCP.
    net::awaitable<void> serve(net::tcp::socket socket, net::tcp::endpoint peer);

    /// The policy has changed: everything is to be decided anew.
    void forget() { memo_.clear(); }
    /// Takes no new question; ends streams that wait for one.
    void drain();
    /// Ends all streams.
    void interrupt();
    bool is_done() const { return waiting_ == 0 && streams_.empty(); }

private:
    struct Stream;

    dns::Taken decide(const dns::Asked& asked, const dns::Parsed& parsed,
                      std::span<char, dns::max_reply> out);
    bool has_turn(dns::Memo::Time now);
    void reply_is_there();

    Worker& worker_;
    const Listener& listener_;
    dns::DatagramServer datagrams_;
    dns::Memo memo_;
    std::size_t waiting_ = 0;
    std::unordered_set<Stream*> streams_;
    double turns_; // questions that may still be decided, of `dns.rate` a second
    dns::Memo::Time turns_at_;
};

} // namespace egressd::proxy
