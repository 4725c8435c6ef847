// One plain HTTP request: judged, then sent to the origin anew while its response comes back.
//
//   read_request   target, framing, Expect, Upgrade: what cannot be forwarded is refused before it is judged
//   by name admit          the decision, what the head says, and the record of both hold           the body's
//   beginning, or all of it, before an origin hears of the request send           over a pooled connection or
//   a new one; the body, if any, goes beside the response deliver        the response, as it arrives finish
//   which of the two connections can be used again
#include "proxy/forward.hpp"

#include "proxy/download.hpp"
#include "proxy/intercept.hpp"
#include "proxy/media.hpp"
#include "proxy/message.hpp"
#include "proxy/parent.hpp"
#include "proxy/target.hpp"
#include "proxy/upload.hpp"
#include "proxy/websocket_relay.hpp"
#include "proxy/worker.hpp"

#include <boost/asio/error.hpp>

#include <utility>

namespace egressd::proxy {

using net::awaitable;
using net::error_code;
using policy::Reason;

namespace {

/// How long a client may go on sending a body that nobody wants any more.
constexpr std::chrono::milliseconds abandoned_upload{2'000};

struct Request {
    ForwardTarget target;
    Framing framing;
    bool client_persists = false;
};

bool client_persists(const RequestHead& head) {
    return head.version == 11 && !list_contains(head.fields, "Connection", "close") &&
           !list_contains(head.fields, "Proxy-Connection", "close");
}

std::optional<Refusal> check_options(const RequestHead& head) {
    const Result<void> options = check_connection_options(head.fields, Side::client);
    if (!options)
        return refusal_of(Reason::request_malformed, options.error().message);
    const std::string_view expect = field_value(head.fields, "Expect");
    if (!expect.empty() && (!same_name(expect, "100-continue") || count_fields(head.fields, "Expect") > 1)) {
        Refusal refusal =
            refusal_of(Reason::request_malformed, "the only expectation that HTTP defines is 100-continue");
        refusal.status = 417;
        return refusal;
    }
    return std::nullopt;
}

/// The client may wait for the origin's word before it sends a body.
bool expects_continue(const RequestHead& head) {
    return head.version == 11 && count_fields(head.fields, "Expect") > 0;
}

TargetResult<ForwardTarget> target_of(const Session& session, const RequestHead& head) {
    if (!session.inside)
        return forward_target(head);
    const bool secure = session.inside->secure;
    return inner_target(head, session.inside->authority, secure ? policy::https_port : policy::http_port);
}

/// Fills `request` and the exchange's attempt, or says why it can't be forwarded.
std::optional<Refusal> read_request(Session& session, Exchange& exchange, Request& request) {
    const Result<Framing> framing = request_framing(exchange.head);
    if (!framing)
        return refusal_of(Reason::request_malformed, framing.error().message);
    request.framing = *framing;
    exchange.may_bring_more = framing->kind == BodyKind::chunked || framing->length > 0;
    TargetResult<ForwardTarget> target = target_of(session, exchange.head);
    if (!target)
        return refusal_of(target.error(), exchange);
    request.target = std::move(*target);
    exchange.attempt.host = request.target.authority.host;
    exchange.attempt.port = request.target.authority.port;
    exchange.attempt.method = std::string(exchange.head.method);
    exchange.attempt.path = request.target.path;
    if (has_come_round(exchange.head, session.worker.shared().pseudonym))
        return refusal_of(Reason::self_connection, "this request has been through this egressd before");
    if (asks_for_dns(exchange.head.fields))
        return refusal_of(Reason::dns_tunnel, dns_refused);
    TargetResult<std::optional<WebSocketOffer>> websocket = websocket_offer(exchange.head, request.framing);
    if (!websocket)
        return refusal_of(websocket.error(), exchange);
    exchange.websocket = std::move(*websocket);
    if (exchange.websocket)
        exchange.attempt.protocol = policy::Protocol::ws;
    return check_options(exchange.head);
}

Way way_of(const Session& session) {
    return session.inside && session.inside->secure ? Way::secure : Way::plain;
}

/// A pooled connection, or a new one.
awaitable<std::optional<Failure>> have_origin(Session& session, Exchange& exchange, bool fresh) {
    std::optional<Failure> failure;
    if (!fresh)
        session.origin = session.worker.pool().take(OriginPool::key(exchange.attempt, way_of(session)));
    if (!session.origin) {
        OriginResult reached =
            co_await reach_origin(session, exchange.decision, exchange.attempt, way_of(session));
        if (!reached)
            failure = reached.error();
        else
            session.origin = std::move(*reached);
    }
    if (session.origin)
        exchange.entry.ip = session.origin->ip;
    co_return failure;
}

awaitable<error_code> send_head(Session& session, Exchange& exchange, const Request& request) {
    RequestWriting how;
    how.pseudonym = pseudonym_for(session);
    how.to_parent = session.origin->in_absolute_form;
    how.websocket = exchange.websocket.has_value();
    if (how.to_parent)
        how.parent_fields = parent_authorization(*exchange.settings->upstream_proxy);
    const std::string head = write_request(exchange.head, request.target, request.framing, how);
    session.origin->connection.expires_after(exchange.settings->limits.response_timeout);
    const error_code ec = co_await session.origin->connection.write(boost::asio::buffer(head));
    co_return ec;
}

/// RFC 9110 9.2.2: a request may be sent again when that cannot do a thing twice, and nothing of a body is
/// gone.
bool may_repeat(const Exchange& exchange, const Request& request) {
    const std::string_view method = exchange.head.method;
    return request.framing.kind == BodyKind::none &&
           (method == "GET" || method == "HEAD" || method == "OPTIONS");
}

/// Sends the request and relays the response, once.
awaitable<Delivery> exchange_once(Session& session, Exchange& exchange, const Request& request,
                                  Upload& upload) {
    Delivery delivery;
    delivery.ec = co_await send_head(session, exchange, request);
    if (delivery.ec)
        co_return delivery;
    upload.start();
    delivery = co_await deliver_response(session, exchange, request.client_persists);
    if (!upload.complete()) {
        // The origin has answered, or failed, before it had the whole body: it will not get the rest.
        upload.abandon();
        session.origin->connection.close();
        session.client.expires_after(abandoned_upload);
    }
    co_await upload.finished();
    const bool broken = delivery.outcome != Delivery::Outcome::complete;
    if (broken && (upload.client_error() || !upload.malformed().empty())) {
        // The origin's connection was reset because of it: not the origin's fault.
        delivery.outcome = Delivery::Outcome::client_failed;
        delivery.ec = upload.client_error();
        delivery.problem = upload.malformed();
    }
    if (!upload.complete()) {
        delivery.client_reusable = false;
        delivery.origin_reusable = false;
    }
    co_return delivery;
}

/// Ends an exchange whose body cannot go on.
awaitable<void> fail_upload(Session& session, Exchange& exchange, const Upload& upload) {
    if (session.origin)
        session.origin->connection.reset();
    const bool half_answered = exchange.replied;
    if (upload.refusal()) {
        Refusal refusal = *upload.refusal();
        co_await refuse(session, exchange, std::move(refusal), true);
    } else if (!upload.malformed().empty()) {
        Refusal refusal = refusal_of(Reason::request_malformed, upload.malformed());
        co_await refuse(session, exchange, std::move(refusal), true);
    } else {
        exchange.entry.conclude(reason_of(session, upload.client_error(), Side::client));
    }
    if (half_answered)
        session.client.reset(); // what is out must not look whole
}

/// What the client is told when its request has brought no response that could be relayed.
Refusal refusal_for(const Session& session, const Exchange& exchange, const Delivery& delivery) {
    const std::string& host = exchange.attempt.host.text();
    if (delivery.outcome == Delivery::Outcome::client_failed)
        return refusal_of(Reason::request_malformed, delivery.problem);
    if (delivery.outcome == Delivery::Outcome::bad_response)
        return refusal_of(
            Failure{delivery.reason, host + " sent a response that cannot be relayed: " + delivery.problem},
            exchange);
    if (reason_of(session, delivery.ec, Side::origin) == Reason::timeout)
        return refusal_of(
            Failure{Reason::timeout, host + " did not answer in time (limits.response_timeout)"}, exchange);
    return refusal_of(Failure{Reason::upstream_failed, host + " closed the connection without a response"},
                      exchange);
}

/// Ends an exchange whose response did not come through whole.
awaitable<void> fail(Session& session, Exchange& exchange, const Delivery& delivery) {
    session.origin->connection.reset();
    const bool client_gone = delivery.outcome == Delivery::Outcome::client_failed && delivery.problem.empty();
    if (session.interrupted()) {
        exchange.entry.conclude(*session.interrupted());
        if (exchange.replied)
            session.client.reset(); // what is out must not look whole
    } else if (client_gone) {
        exchange.entry.conclude(reason_of(session, delivery.ec, Side::client));
    } else if (exchange.replied) {
        // A part of the response is out: only the connection's end can say that it is not whole.
        exchange.entry.conclude(delivery.problem.empty() ? reason_of(session, delivery.ec, Side::origin)
                                                         : Reason::upstream_failed);
        exchange.entry.detail =
            delivery.problem.empty() ? "the origin broke off inside its response" : delivery.problem;
        session.client.reset();
    } else {
        Refusal refusal = refusal_for(session, exchange, delivery);
        co_await refuse(session, exchange, std::move(refusal), true);
    }
}

} // namespace

awaitable<bool> serve_forward(Session& session, Exchange& exchange) {
    Request request;
    request.client_persists = client_persists(exchange.head);
    std::optional<Refusal> refusal = read_request(session, exchange, request);
    const bool malformed = refusal.has_value();
    HeadSaid said;
    said.spelled_host = spelled_host(exchange.head);
    said.method = exchange.head.method;
    said.query = request.target.query;
    if (!refusal)
        refusal = co_await admit(session, exchange, said);
    if (refusal) {
        // A body that is still to come stands between this request and the next one.
        const bool close = malformed || exchange.may_bring_more || !request.client_persists;
        co_await refuse(session, exchange, std::move(*refusal), close);
        co_return !close;
    }
    Upload upload(session, exchange, request.framing);
    if (!expects_continue(exchange.head))
        co_await upload.hold();
    if (upload.failed()) {
        co_await fail_upload(session, exchange, upload);
        co_return false;
    }
    Delivery delivery;
    for (bool fresh = false;; fresh = true) {
        const std::optional<Failure> failure = co_await have_origin(session, exchange, fresh);
        if (failure) {
            Refusal told = refusal_of(*failure, exchange);
            co_await refuse(session, exchange, std::move(told), true);
            co_return false;
        }
        const bool reused = session.origin->reused;
        delivery = co_await exchange_once(session, exchange, request, upload);
        const bool stale = reused && delivery.outcome == Delivery::Outcome::no_response &&
                           !session.interrupted() && delivery.ec != boost::asio::error::timed_out;
        if (!stale || !may_repeat(exchange, request))
            break;
        session.origin.reset();
    }
    if (upload.refusal()) {
        co_await fail_upload(session, exchange, upload);
        co_return false;
    }
    if (delivery.outcome == Delivery::Outcome::switched) {
        co_await relay_websocket(session, exchange);
        co_return false;
    }
    if (delivery.outcome != Delivery::Outcome::complete) {
        co_await fail(session, exchange, delivery);
        co_return false;
    }
    exchange.entry.conclude(session.interrupted().value_or(Reason::allowed));
    // A connection that an older policy has judged is not for requests under a new one.
    if (delivery.origin_reusable && exchange.settings == session.worker.settings())
        session.worker.pool().give_back(OriginPool::key(exchange.attempt, way_of(session)),
                                        std::move(session.origin));
    co_return delivery.client_reusable;
}

} // namespace egressd::proxy
