// Two exchanges are open at a time: the one that asked for the connection, which ends with it, and the
// request inside that is under way. Nothing of the client's bytes reaches an origin but requests that were
// judged and written anew.
//
// The origin was reached, and its certificate verified, before the client saw any certificate of ours
// (passage.cpp): a client is never shown a valid leaf for an origin that has none.
#include "proxy/intercept.hpp"

#include "policy/rule.hpp"
#include "proxy/client_tls.hpp"
#include "proxy/hello.hpp"
#include "proxy/worker.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <utility>

namespace egressd::proxy {

namespace asio = boost::asio;
using net::awaitable;
using net::error_code;
using policy::Reason;

namespace {

constexpr std::size_t read_size = 4 * 1024; // nearly every request's head

constexpr char tls_handshake_record = 22; // RFC 8446 5.1

constexpr const char* remedy_for_trust = "; `eval \"$(egressd env)\"` makes clients trust egressd's "
                                         "certificates, `tls: tunnel` in the rule leaves this host "
                                         "uninspected";

/// RFC 7301: who offers protocols must offer one that can be inspected.
void judge_protocols(HelloJudgement& judgement) {
    const std::vector<std::string>& offered = judgement.alpn;
    if (offered.empty() || std::find(offered.begin(), offered.end(), alpn_http1) != offered.end())
        return;
    judgement.reason = Reason::inspection_impossible;
    judgement.detail =
        "the client speaks no HTTP/1.1 (ALPN), and nothing else can be inspected; `tls: tunnel` in the "
        "rule leaves this host uninspected";
    judgement.alert = tls_no_application_protocol;
}

/// Behind what was noted before.
void add_detail(audit::Entry& entry, const std::string& text) {
    entry.detail = entry.detail.empty() ? text : entry.detail + "; " + text;
}

/// Puts down why the client's side of the handshake has failed.
void conclude_handshake(const Session& session, Exchange& exchange, const error_code& ec,
                        const TlsLayer& tls) {
    audit::Entry& entry = exchange.entry;
    if (session.interrupted()) {
        entry.conclude(*session.interrupted());
    } else if (ec == asio::error::timed_out) {
        entry.conclude(Reason::timeout);
        add_detail(entry, "the client did not finish the TLS handshake in time");
    } else if (tls.peer_alert()) {
        entry.conclude(Reason::tls_client_rejected);
        add_detail(entry, "the client refused the certificate for " + exchange.attempt.host.text() +
                              " (TLS alert " + std::to_string(*tls.peer_alert()) + ")" + remedy_for_trust);
    } else if (tls.peer_closed()) {
        entry.conclude(Reason::tls_client_rejected);
        add_detail(entry, "the client closed the connection when it saw the certificate for " +
                              exchange.attempt.host.text() + remedy_for_trust);
    } else {
        entry.refuse(Reason::request_malformed);
        add_detail(entry, "the client's TLS handshake has failed (" + tls.problem() + ")");
    }
}

/// The server's side of TLS with the client; true when it is open.
awaitable<bool> secure_client(Session& session, Exchange& exchange, Inside& inside) {
    Result<std::unique_ptr<TlsLayer>> layer = session.worker.client_tls().accept(
        inside.authority.host, session.client.descriptor(), std::move(session.buffered));
    session.buffered.clear();
    if (!layer) {
        note_refusal(exchange, refusal_of(Reason::inspection_impossible, layer.error().message));
        co_return false;
    }
    const TlsLayer& tls = **layer;
    session.client.expires_after(exchange.settings->limits.client_hello_timeout);
    const error_code ec = co_await session.client.secure(std::move(*layer));
    if (ec) {
        conclude_handshake(session, exchange, ec, tls);
        co_return false;
    }
    inside.tls_version = exchange.entry.tls_version = tls.version();
    inside.alpn = exchange.entry.alpn = tls.alpn();
    co_return true;
}

/// Reads the client's hello, judges it and opens TLS; true when that went well.
awaitable<bool> open_tls(Session& session, Exchange& exchange, Inside& inside) {
    exchange.entry.tls_mode = to_text(policy::Tls::inspect);
    HelloJudgement judgement = co_await read_hello(session, exchange);
    if (!judgement.reason)
        judge_protocols(judgement);
    if (judgement.reason) {
        co_await refuse_hello(session, exchange, std::move(judgement));
        co_return false;
    }
    inside.server_name = exchange.entry.sni;
    const bool open = co_await secure_client(session, exchange, inside);
    co_return open;
}

/// Waits for the first request's first byte. A client that refuses the certificate may do so only now.
awaitable<bool> await_request(Session& session, Exchange& exchange) {
    session.client.expires_after(exchange.settings->limits.keep_alive_timeout);
    session.between_requests = true;
    const error_code ec = co_await read_more(session.client, session.buffered, read_size);
    session.between_requests = false;
    if (!ec)
        co_return true;
    const auto* tls = static_cast<const TlsLayer*>(session.client.layer());
    if (tls != nullptr && tls->peer_alert())
        conclude_handshake(session, exchange, ec, *tls);
    else
        exchange.entry.conclude(reason_of(session, ec, Side::client));
    add_detail(exchange.entry, "no request came");
    co_return false;
}

} // namespace

Way way_inside(std::uint16_t port) {
    return port == policy::http_port ? Way::plain : Way::secure;
}

awaitable<void> serve_intercepted(Session& session, Exchange& exchange) {
    Inside inside;
    inside.authority = net::Authority{exchange.attempt.host, exchange.attempt.port};
    inside.secure = way_inside(exchange.attempt.port) == Way::secure;
    if (inside.secure) {
        const bool open = co_await open_tls(session, exchange, inside);
        if (!open)
            co_return;
    }
    note_inspection(exchange);
    session.inside = std::move(inside);
    const bool more = co_await await_request(session, exchange);
    if (!more)
        co_return;
    if (!session.inside->secure && session.buffered.front() == tls_handshake_record) {
        HelloJudgement judgement;
        judgement.reason = Reason::not_tls;
        judgement.detail =
            "TLS on port 80, where plain HTTP is expected; `tls: tunnel` in the rule lets it through";
        judgement.alert = tls_access_denied;
        co_await refuse_hello(session, exchange, std::move(judgement));
        co_return;
    }
    co_await session.serve_requests();
    // A request that a stop has cut off says so itself; between two requests nothing is lost by it.
    const std::optional<Reason> interrupted = session.interrupted();
    if (interrupted && *interrupted != Reason::shutdown)
        exchange.entry.conclude(*interrupted);
    session.client.shutdown_send(); // close_notify: what the client has is whole
}

} // namespace egressd::proxy
