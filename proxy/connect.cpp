#include "proxy/connect.hpp"

#include "proxy/framing.hpp"
#include "proxy/passage.hpp"
#include "proxy/target.hpp"
#include "proxy/worker.hpp"

#include <string_view>
#include <utility>

namespace egressd::proxy {

using net::awaitable;
using policy::Reason;

namespace {

constexpr std::string_view established = "HTTP/1.1 200 Connection established\r\n\r\n";

/// The attempt that a CONNECT head makes, or why it makes none.
std::optional<Refusal> read_attempt(Session& session, Exchange& exchange) {
    const Result<Framing> framing = request_framing(exchange.head);
    if (!framing)
        return refusal_of(Reason::request_malformed, framing.error().message);
    const TargetResult<net::Authority> target = connect_target(exchange.head);
    exchange.attempt.protocol = policy::Protocol::connect;
    if (!target)
        return refusal_of(target.error(), exchange);
    exchange.may_bring_more = false;
    exchange.attempt.host = target->host;
    exchange.attempt.port = target->port;
    if (has_come_round(exchange.head, session.worker.shared().pseudonym))
        return refusal_of(Reason::self_connection, "this request has been through this egressd before");
    return std::nullopt;
}

} // namespace

awaitable<void> serve_connect(Session& session, Exchange& exchange) {
    std::optional<Refusal> refusal = read_attempt(session, exchange);
    HeadSaid said;
    said.spelled_host = spelled_host(exchange.head);
    if (!refusal)
        refusal = name_synthetic(session, exchange, said);
    if (!refusal)
        refusal = co_await admit(session, exchange, said);
    if (refusal) {
        co_await refuse(session, exchange, std::move(*refusal), true);
        co_return;
    }
    const std::optional<Failure> failure = co_await open_passage(session, exchange);
    if (failure) {
        Refusal told = refusal_of(*failure, exchange);
        co_await refuse(session, exchange, std::move(told), true);
        co_return;
    }
    exchange.replied = true;
    exchange.entry.status = 200;
    session.client.expires_after(exchange.settings->limits.client_hello_timeout);
    const net::error_code ec = co_await session.client.write(boost::asio::buffer(established));
    if (ec) {
        exchange.entry.conclude(reason_of(session, ec, Side::client));
        co_return;
    }
    co_await serve_passage(session, exchange);
}

} // namespace egressd::proxy
