#include "proxy/socks5.hpp"

#include "proxy/commit.hpp"
#include "proxy/listener.hpp"
#include "proxy/passage.hpp"
#include "proxy/socks5_message.hpp"
#include "proxy/worker.hpp"

#include <boost/asio/error.hpp>

#include <utility>
#include <variant>

namespace egressd::proxy {

namespace asio = boost::asio;
using net::awaitable;
using net::error_code;
using policy::Reason;
using socks5::Parse;
using socks5::Reply;

namespace {

Reply reply_for(Reason reason) {
    switch (reason) {
    case Reason::request_malformed:
        return Reply::general_failure;
    case Reason::resolve_failed:
        return Reply::host_unreachable;
    case Reason::upstream_failed:
        return Reply::connection_refused;
    case Reason::timeout:
        return Reply::ttl_expired;
    default:
        return Reply::not_allowed;
    }
}

/// A message that could not be had: the connection broke, or what came is not SOCKS5.
struct Broken {
    Reason reason = Reason::request_malformed;
    std::string message;
    std::optional<Reply> reply = Reply::general_failure; // none where the protocol has no place for one
};

/// Reads one message and takes it out of the buffer.
template <class Value>
awaitable<std::optional<Broken>> read_message(Session& session, Parse<Value> (*parse)(std::string_view),
                                              Value& value) {
    using State = typename Parse<Value>::State;
    std::optional<Broken> broken;
    for (;;) {
        Parse<Value> parsed = parse(session.buffered);
        if (parsed.state == State::complete) {
            session.buffered.erase(0, parsed.length);
            value = std::move(parsed.value);
            co_return broken;
        }
        if (parsed.state == State::malformed) {
            broken = Broken{Reason::request_malformed, std::string(parsed.problem), parsed.reply};
            co_return broken;
        }
        const error_code ec = co_await read_more(session.client, session.buffered, socks5::max_message);
        if (ec) {
            broken = Broken{reason_of(session, ec, Side::client),
                            "the SOCKS5 handshake did not come to its end", Reply::general_failure};
            co_return broken;
        }
    }
}

/// Greeting and, for a client that insists on it, a login; no task is told apart by one yet, so any is taken.
awaitable<std::optional<Broken>> shake_hands(Session& session, socks5::Login& name) {
    socks5::Greeting greeting;
    std::optional<Broken> broken = co_await read_message(session, socks5::parse_greeting, greeting);
    if (broken)
        co_return broken;
    const bool login = !greeting.offers_none && greeting.offers_password;
    const socks5::Method method = greeting.offers_none ? socks5::Method::none
                                  : login              ? socks5::Method::password
                                                       : socks5::Method::not_acceptable;
    const std::string chosen = socks5::choose(method);
    error_code ec = co_await session.client.write(asio::buffer(chosen));
    if (method == socks5::Method::not_acceptable) {
        broken = Broken{Reason::request_malformed, "the client offers no authentication method that is known",
                        std::nullopt};
        co_return broken;
    }
    if (login && !ec) {
        broken = co_await read_message(session, socks5::parse_login, name);
        if (broken)
            co_return broken;
        const std::string accepted = socks5::login_result(true);
        ec = co_await session.client.write(asio::buffer(accepted));
    }
    if (ec)
        broken = Broken{reason_of(session, ec, Side::client), "the client is gone", Reply::general_failure};
    co_return broken;
}

/// Fills the exchange's attempt, or says why the name is none.
std::optional<Refusal> read_attempt(Exchange& exchange, const socks5::Request& request) {
    if (const asio::ip::address* address = std::get_if<asio::ip::address>(&request.host)) {
        exchange.attempt.host = net::Host::of(*address);
    } else {
        const Result<net::Host> host = net::Host::parse(std::get<std::string>(request.host));
        if (!host)
            return refusal_of(Reason::name_invalid, host.error().message);
        exchange.attempt.host = *host;
    }
    exchange.attempt.port = request.port;
    return std::nullopt;
}

awaitable<void> refuse_socks5(Session& session, Exchange& exchange, Refusal refusal,
                              std::optional<Reply> reply) {
    note_refusal(exchange, refusal);
    if (session.interrupted() || !reply)
        co_return;
    const std::string bytes = socks5::to_wire(*reply);
    const error_code ignored = co_await session.client.write(asio::buffer(bytes));
    (void)ignored; // there is nobody else to tell
    session.client.shutdown_send();
}

/// Judges, dials, answers; true when the way is open.
awaitable<bool> open(Session& session, Exchange& exchange, const socks5::Request& request, HeadSaid said) {
    std::optional<Refusal> refusal = read_attempt(exchange, request);
    if (!refusal)
        refusal = name_synthetic(session, exchange, said);
    if (!refusal)
        refusal = co_await admit(session, exchange, said);
    if (!refusal) {
        const std::optional<Failure> failure = co_await open_passage(session, exchange);
        if (failure)
            refusal = refusal_of(*failure, exchange);
    }
    if (refusal) {
        const Reply reply = reply_for(refusal->reason);
        co_await refuse_socks5(session, exchange, std::move(*refusal), reply);
        co_return false;
    }
    session.client.expires_after(exchange.settings->limits.client_hello_timeout);
    const std::string succeeded = socks5::to_wire(Reply::succeeded);
    const error_code ec = co_await session.client.write(asio::buffer(succeeded));
    if (ec)
        exchange.entry.conclude(reason_of(session, ec, Side::client));
    co_return !ec;
}

} // namespace

awaitable<void> serve_socks5(Session& session) {
    Exchange exchange(session.worker.shared().log, session.peer());
    begin(session, exchange, policy::Protocol::socks5);
    const ExchangeScope scope(session, exchange);
    session.client.expires_after(exchange.settings->limits.header_timeout);
    socks5::Login login;
    std::optional<Broken> broken = co_await shake_hands(session, login);
    socks5::Request request;
    if (!broken)
        broken = co_await read_message(session, socks5::parse_request, request);
    if (broken) {
        Refusal refusal = refusal_of(broken->reason, broken->message);
        co_await refuse_socks5(session, exchange, std::move(refusal), broken->reply);
        co_return;
    }
    HeadSaid said;
    said.socks_user = login.user;
    if (const std::string* name = std::get_if<std::string>(&request.host))
        said.spelled_host = *name;
    const bool opened = co_await open(session, exchange, request, said);
    if (opened)
        co_await serve_passage(session, exchange);
}

} // namespace egressd::proxy
