// What does one client connection hold? The client's socket and bytes, the request under way with its entry
// in the log, and the ways to end it from outside. The life of a request is in session.cpp; what HTTP,
// CONNECT and SOCKS5 do differently is in forward, connect and socks5.
#pragma once

#include "audit/entry.hpp"
#include "config/settings.hpp"
#include "net/connection.hpp"
#include "policy/policy.hpp"
#include "proxy/http1.hpp"
#include "proxy/inspection.hpp"
#include "proxy/origin.hpp"
#include "proxy/refusal.hpp"
#include "proxy/target.hpp"
#include "proxy/websocket_handshake.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace egressd::proxy {

class Listener;
class Worker;

/// One request: from its first byte to its end record, which the entry's destructor files.
struct Exchange {
    Exchange(audit::Log& log, std::string client) : entry(log, std::move(client)) {}

    audit::Entry entry;
    std::shared_ptr<const config::Settings>
        settings;           // the policy that judged this request, whatever is loaded meanwhile
    std::string head_bytes; // what `head` points into
    RequestHead head;
    policy::Attempt attempt;
    policy::Decision decision;
    std::optional<WebSocketOffer> websocket; // the request is for one
    std::string_view peer;                   // "address:port" of the client, whose session outlives this
    std::shared_ptr<Scanning> scanning;      // nullptr: nothing is looked for
    std::vector<scan::Coding> codings;       // of the body, innermost first
    bool conceal_target = false;             // path or method holds a secret, which no record may
    bool conceal_query = false;
    bool conceal_host = false;
    bool wants_json = false;
    bool attempt_filed = false;
    bool may_bring_more = true; // bytes of the request may still be on their way
    bool replied = false;       // a byte of the final reply has gone out: nothing else can be said
};

/// What the requests inside an inspected connection have in common: what CONNECT or SOCKS5 has asked for.
struct Inside {
    net::Authority authority;
    bool secure = true; // TLS; else plain HTTP, on its own port
    std::string server_name;
    std::string tls_version;
    std::string alpn;
};

class Session {
public:
    /// `peer`: "address:port" of the client, for the log.
    Session(Worker& worker, net::tcp::socket socket, std::string peer, const Listener& listener);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// Serves the client until it is done.
    net::awaitable<void> run();
    /// Serves requests, one after the other. The first one begins in `buffered`.
    net::awaitable<void> serve_requests();

    const std::string& peer() const { return peer_; }

    /// Ends what is under way; `reason` goes into the end record.
    void interrupt(policy::Reason reason);
    /// Interrupts with policy-changed when `settings` would deny what is under way.
    void recheck(const config::Settings& settings);
    /// True between requests: nothing is lost by closing.
    bool is_idle() const { return exchange == nullptr || between_requests; }
    std::optional<policy::Reason> interrupted() const { return interrupted_; }

    Worker& worker;
    const Listener& listener;
    net::Connection client;
    std::string buffered;                          // read from the client and not yet consumed
    std::unique_ptr<Origin> origin;                // of the exchange under way
    Exchange* exchange = nullptr;                  // the one under way, once its first byte is read
    boost::asio::steady_timer* dialling = nullptr; // what a dial waits on, to be cancelled by interrupt()
    std::optional<Inside> inside;                  // set once an inspected connection is open
    bool between_requests = false;                 // of an inspected connection, whose own exchange goes on

private:
    net::awaitable<bool> serve_request();

    std::string peer_;
    std::optional<policy::Reason> interrupted_;
};

/// While it lives, the session knows its exchange; then the origin that was left over is closed, and the
/// exchange around it, if any, is the session's again.
class ExchangeScope {
public:
    ExchangeScope(Session& session, Exchange& exchange);
    ~ExchangeScope();
    ExchangeScope(const ExchangeScope&) = delete;
    ExchangeScope& operator=(const ExchangeScope&) = delete;

private:
    Session& session_;
    Exchange* around_;
};

/// Judges the exchange's attempt and what its head says, and writes it down before anything may leave. Empty:
/// let through. Every protocol's way in.
net::awaitable<std::optional<Refusal>> admit(Session& session, Exchange& exchange, const HeadSaid& said);

/// The refusal for a request that can't be judged; what it named, as far as it is known, goes into the
/// exchange's attempt.
Refusal refusal_of(const BadTarget& bad, Exchange& exchange);
/// The refusal for an origin that could not be reached; the exchange's rule and host stand in it.
Refusal refusal_of(const Failure& failure, const Exchange& exchange);

/// An address that stands for a name (dns/synthetic.hpp) becomes that name in the exchange's attempt, and
/// what is searched for secrets is the name. A refusal where the address was given to nobody.
std::optional<Refusal> name_synthetic(const Session& session, Exchange& exchange, HeadSaid& said);

/// What every exchange starts with: the policy in force, the listener's task.
void begin(const Session& session, Exchange& exchange, policy::Protocol protocol);

/// What stands in Via fields, or nothing: inside TLS a client and its origin have no proxy that they know of,
/// and some origins send no compressed answer to one.
std::string_view pseudonym_for(const Session& session);

/// Puts a refusal into the log, whatever the client can be told of it.
void note_refusal(Exchange& exchange, const Refusal& refusal);

/// Says no in HTTP; `close` ends the connection behind it, with patience for a client that is still sending.
net::awaitable<void> refuse(Session& session, Exchange& exchange, Refusal refusal, bool close);

/// Ends the sending side, then reads and drops what the client still sends, within bounds: closing at once
/// could reset the connection under what was just said.
net::awaitable<void> linger(Session& session);

/// Reads at least one byte more into `buffered`; true on success.
net::awaitable<net::error_code> read_more(net::Connection& connection, std::string& buffered,
                                          std::size_t at_most);

/// The end record's reason for an I/O error on the client's or the origin's side.
policy::Reason reason_of(const Session& session, const net::error_code& ec, Side side);

} // namespace egressd::proxy
