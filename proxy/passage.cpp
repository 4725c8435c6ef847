#include "proxy/passage.hpp"

#include "proxy/intercept.hpp"
#include "proxy/tunnel.hpp"
#include "proxy/worker.hpp"

#include <utility>

namespace egressd::proxy {

using net::awaitable;

namespace {

bool is_inspected(const Exchange& exchange) {
    return policy::treatment_of(exchange.decision.rule) == policy::Tls::inspect;
}

} // namespace

awaitable<std::optional<Failure>> open_passage(Session& session, Exchange& exchange) {
    std::optional<Failure> failure;
    const bool inspected = is_inspected(exchange);
    const Way way = inspected ? way_inside(exchange.attempt.port) : Way::tunnel;
    const std::string key = OriginPool::key(exchange.attempt, way);
    if (inspected)
        session.origin = session.worker.pool().take(key);
    if (!session.origin) {
        OriginResult reached = co_await reach_origin(session, exchange.decision, exchange.attempt, way);
        if (reached)
            session.origin = std::move(*reached);
        else
            failure = reached.error();
    }
    if (failure)
        co_return failure;
    exchange.entry.ip = session.origin->ip;
    // A connection that an older policy has judged is not for requests under a new one.
    if (inspected && exchange.settings == session.worker.settings())
        session.worker.pool().give_back(key, std::move(session.origin));
    co_return failure;
}

awaitable<void> serve_passage(Session& session, Exchange& exchange) {
    if (is_inspected(exchange))
        co_await serve_intercepted(session, exchange);
    else
        co_await serve_tunnel(session, exchange);
}

} // namespace egressd::proxy
