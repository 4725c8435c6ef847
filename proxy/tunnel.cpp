#include "proxy/tunnel.hpp"

#include "net/splice.hpp"
#include "proxy/hello.hpp"
#include "proxy/worker.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <utility>

namespace egressd::proxy {

namespace asio = boost::asio;
using net::awaitable;
using net::error_code;
using policy::Reason;

namespace {

/// One direction's result, and a bell for whoever waits for it.
struct Backward {
    explicit Backward(asio::io_context& io) : bell(io, asio::steady_timer::time_point::max()) {}
    asio::steady_timer bell;
    error_code ec;
    bool done = false;
};

awaitable<void> relay_back(Session* session, Origin* origin, net::RelayLimits limits, std::uint64_t* moved,
                           Backward* backward) {
    backward->ec =
        co_await net::relay(origin->connection, session->client, session->worker.pipes(), limits, *moved);
    if (backward->ec)
        session->client.interrupt();
}

/// Sends on what was read ahead on either side.
awaitable<error_code> send_ahead(Session& session, Exchange& exchange) {
    Origin& origin = *session.origin;
    error_code ec = co_await origin.connection.write(asio::buffer(session.buffered));
    if (ec)
        co_return ec;
    exchange.entry.bytes_up += session.buffered.size();
    ec = co_await session.client.write(asio::buffer(origin.buffered));
    if (ec)
        co_return ec;
    exchange.entry.bytes_down += origin.buffered.size();
    co_return ec;
}

/// What an idle tunnel need not keep.
void release_buffers(Session& session, Exchange& exchange) {
    std::string().swap(session.buffered);
    std::string().swap(session.origin->buffered);
    exchange.head = RequestHead();
    std::string().swap(exchange.head_bytes);
}

void conclude(Session& session, Exchange& exchange, const error_code& forward, const error_code& backward) {
    if (session.interrupted()) {
        exchange.entry.conclude(*session.interrupted());
    } else if (forward == asio::error::timed_out || backward == asio::error::timed_out) {
        exchange.entry.conclude(Reason::timeout);
        exchange.entry.detail = "nothing moved through the tunnel for limits.idle_timeout";
    }
}

awaitable<void> relay_both(Session& session, Exchange& exchange) {
    Origin& origin = *session.origin;
    const net::RelayLimits limits{exchange.settings->limits.idle_timeout};
    session.client.expires_after(limits.idle);
    origin.connection.expires_after(limits.idle);
    error_code forward = co_await send_ahead(session, exchange);
    if (forward) {
        conclude(session, exchange, forward, error_code());
        co_return;
    }
    release_buffers(session, exchange);

    Backward backward(session.worker.io());
    const auto on_done = [&backward](std::exception_ptr failure) {
        if (failure)
            backward.ec = asio::error::fault;
        backward.done = true;
        backward.bell.cancel();
    };
    asio::co_spawn(session.worker.io(),
                   relay_back(&session, &origin, limits, &exchange.entry.bytes_down, &backward), on_done);
    forward = co_await net::relay(session.client, origin.connection, session.worker.pipes(), limits,
                                  exchange.entry.bytes_up);
    if (forward)
        origin.connection.interrupt();
    while (!backward.done) {
        error_code ignored;
        co_await backward.bell.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    conclude(session, exchange, forward, backward.ec);
}

} // namespace

awaitable<void> serve_tunnel(Session& session, Exchange& exchange) {
    const policy::Rule* rule = exchange.decision.rule;
    const bool raw = rule != nullptr && rule->tls == policy::Tls::raw;
    exchange.entry.tls_mode = raw ? "raw" : "tunnel";
    exchange.entry.inspection = audit::Inspection::none;
    exchange.entry.inspection_reason = exchange.entry.tls_mode;
    if (!raw) {
        HelloJudgement judgement = co_await read_hello(session, exchange);
        if (judgement.reason) {
            co_await refuse_hello(session, exchange, std::move(judgement));
            co_return;
        }
    }
    co_await relay_both(session, exchange);
}

} // namespace egressd::proxy
