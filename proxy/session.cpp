// The life of one request, as in the architecture's picture: read a head, check it, judge it, write it down,
// and only then reach out.
//
//   run            first byte: SOCKS5 or HTTP; then one request after the other on the same connection
//   serve_request  head → framing → method → CONNECT (connect.cpp) or a request for an origin (forward.cpp);
//   inside an
//                  inspected connection (intercept.cpp) the latter only
//   admit          decide → the attempt is durable in the log → let through, or a refusal
//
// Whatever happens, the exchange's entry files the end record when it goes out of scope.
#include "proxy/session.hpp"

#include "net/url.hpp"
#include "proxy/commit.hpp"
#include "proxy/connect.hpp"
#include "proxy/forward.hpp"
#include "proxy/framing.hpp"
#include "proxy/listener.hpp"
#include "proxy/socks5.hpp"
#include "proxy/target.hpp"
#include "proxy/worker.hpp"

#include <boost/asio/error.hpp>

#include <utility>

namespace egressd::proxy {

namespace asio = boost::asio;
using net::awaitable;
using net::error_code;
using policy::Reason;

namespace {

constexpr std::size_t read_size = 4 * 1024; // nearly every request's head in one read
constexpr std::chrono::milliseconds linger_time{2'000};
constexpr std::size_t linger_bytes = 1024 * 1024;
constexpr char socks5_version = 0x05;

enum class HeadState { complete, closed, timed_out, interrupted, too_large, malformed };
struct HeadRead {
    HeadState state = HeadState::closed;
    std::size_t size = 0;
    std::string message; // with HeadState::malformed
};

awaitable<HeadRead> read_head(Session& session, std::size_t limit) {
    HeadRead read;
    std::size_t scanned = 0;
    for (;;) {
        const Result<HeadEnd> end = find_head_end(session.buffered, HeadKind::request, scanned);
        if (!end) {
            read.state = HeadState::malformed;
            read.message = end.error().message;
            co_return read;
        }
        if (end->complete && end->size <= limit) {
            read.state = HeadState::complete;
            read.size = end->size;
            co_return read;
        }
        if (end->complete || session.buffered.size() > limit) {
            read.state = HeadState::too_large;
            co_return read;
        }
        const error_code ec = co_await read_more(session.client, session.buffered, read_size);
        if (ec) {
            read.state = ec == asio::error::timed_out ? HeadState::timed_out
                         : session.interrupted()      ? HeadState::interrupted
                                                      : HeadState::closed;
            co_return read;
        }
    }
}

Refusal refusal_of_head(const HeadRead& read) {
    Refusal refusal;
    if (read.state == HeadState::timed_out) {
        refusal = refusal_of(Reason::timeout, "the request's header did not arrive in time");
        refusal.status = 408;
    } else if (read.state == HeadState::too_large) {
        refusal =
            refusal_of(Reason::request_malformed, "the request's header is larger than limits.header_bytes");
        refusal.status = 431;
    } else {
        refusal = refusal_of(Reason::request_malformed, read.message);
    }
    return refusal;
}

/// Takes the head out of the session's buffer and parses it into the exchange.
std::optional<Refusal> take_head(Session& session, Exchange& exchange, std::size_t size) {
    exchange.head_bytes.assign(session.buffered, 0, size);
    session.buffered.erase(0, size);
    const Result<void> parsed =
        parse_request_head(exchange.head_bytes, exchange.settings->limits.header_fields, exchange.head);
    if (!parsed)
        return refusal_of(Reason::request_malformed, parsed.error().message);
    exchange.wants_json =
        field_value(exchange.head.fields, "Accept").find("application/json") != std::string_view::npos;
    const TargetResult<void> method = check_method(exchange.head.method);
    if (!method)
        return refusal_of(method.error().reason, method.error().message);
    return std::nullopt;
}

} // namespace

Session::Session(Worker& in, net::tcp::socket socket, std::string peer, const Listener& through)
    : worker(in), listener(through), client(std::move(socket), in.timers()), peer_(std::move(peer)) {
    worker.add(*this);
}

Session::~Session() {
    worker.remove(*this);
}

void Session::interrupt(Reason reason) {
    interrupted_ = reason;
    client.interrupt();
    if (origin)
        origin->connection.interrupt();
    if (dialling != nullptr)
        dialling->cancel();
}

void Session::recheck(const config::Settings& settings) {
    if (exchange == nullptr || !exchange->decision.lets_through() || exchange->attempt.port == 0)
        return;
    const policy::Decision now = settings.policy->decide(exchange->attempt);
    bool allowed = now.lets_through();
    if (allowed && origin && !origin->through_parent) {
        error_code ec;
        const asio::ip::address address = asio::ip::make_address(origin->ip, ec);
        allowed = !ec &&
                  settings.policy->judge_address(now, address, exchange->attempt.port, {}) == Reason::allowed;
    }
    const policy::Rule* before = exchange->decision.rule;
    if (allowed && before != nullptr && now.rule != nullptr)
        allowed = before->tls == now.rule->tls && before->secrets <= now.rule->secrets;
    if (!allowed)
        interrupt(Reason::policy_changed);
}

awaitable<void> Session::run() {
    client.expires_after(worker.settings()->limits.header_timeout);
    const error_code ec = co_await read_more(client, buffered, read_size);
    if (ec)
        co_return;
    if (buffered.front() == socks5_version) {
        co_await serve_socks5(*this);
        co_return;
    }
    co_await serve_requests();
}

awaitable<void> Session::serve_requests() {
    for (;;) {
        const bool again = co_await serve_request();
        if (!again || worker.draining())
            co_return;
        if (!buffered.empty())
            continue;
        client.expires_after(worker.settings()->limits.keep_alive_timeout);
        between_requests = true;
        const error_code idle = co_await read_more(client, buffered, read_size);
        between_requests = false;
        if (idle)
            co_return;
    }
}

awaitable<bool> Session::serve_request() {
    Exchange request(worker.shared().log, peer());
    begin(*this, request, policy::Protocol::http);
    const ExchangeScope scope(*this, request);
    client.expires_after(request.settings->limits.header_timeout);

    const HeadRead read = co_await read_head(*this, request.settings->limits.header_bytes);
    if (read.state == HeadState::closed || read.state == HeadState::interrupted) {
        request.entry.conclude(interrupted_.value_or(Reason::client_aborted));
        co_return false;
    }
    if (read.state != HeadState::complete) {
        Refusal refusal = refusal_of_head(read);
        co_await refuse(*this, request, std::move(refusal), true);
        co_return false;
    }
    std::optional<Refusal> malformed = take_head(*this, request, read.size);
    if (malformed) {
        co_await refuse(*this, request, std::move(*malformed), true);
        co_return false;
    }
    if (request.head.method == "CONNECT" && !inside) {
        co_await serve_connect(*this, request);
        co_return false;
    }
    const bool again = co_await serve_forward(*this, request);
    co_return again;
}

ExchangeScope::ExchangeScope(Session& session, Exchange& exchange)
    : session_(session), around_(session.exchange) {
    session_.exchange = &exchange;
}

ExchangeScope::~ExchangeScope() {
    session_.exchange = around_;
    session_.origin.reset();
}

namespace {

/// The decision, and what would be said of it; `report` is of a head that was looked at, whatever was
/// decided.
HeadReport judge_head(Session& session, Exchange& exchange, const HeadSaid& said) {
    audit::Journal& journal = session.worker.shared().log.journal;
    const bool must_be_written = exchange.settings->audit.on_failure == audit::OnFailure::deny;
    exchange.decision = exchange.settings->policy->decide(exchange.attempt);
    const policy::Rule* rule = exchange.decision.rule;
    if (exchange.decision.lets_through() && rule != nullptr && !rule->methods.empty() &&
        overrides_method(exchange.head.fields))
        exchange.decision = policy::Decision{policy::Verdict::deny, Reason::method, rule};
    if (exchange.decision.lets_through() && must_be_written && !journal.healthy())
        exchange.decision = policy::Decision{policy::Verdict::deny, Reason::audit_failed, rule};
    const bool let_through = exchange.decision.lets_through();
    exchange.scanning = session.worker.scanning();
    HeadReport report = inspect_head(exchange, said);
    if (let_through && report.refusal)
        exchange.decision = policy::Decision{policy::Verdict::deny, report.refusal->reason, rule};
    else
        report.refusal.reset();
    return report;
}

} // namespace

awaitable<std::optional<Refusal>> admit(Session& session, Exchange& exchange, const HeadSaid& said) {
    const bool must_be_written = exchange.settings->audit.on_failure == audit::OnFailure::deny;
    HeadReport report = judge_head(session, exchange, said);
    const policy::Rule* rule = exchange.decision.rule;
    std::optional<Refusal> refusal = std::move(report.refusal);
    std::string query_names = exchange.conceal_query ? std::string() : net::query_names(said.query);
    bool written = true;
    if (exchange.decision.lets_through()) {
        written = co_await attempt_written(session.worker, exchange, std::move(query_names));
    } else {
        file_attempt(exchange, query_names, audit::Journal::Done());
    }
    file_secrets(exchange, report.found, report.actions);
    if (refusal)
        co_return refusal;
    if (!written && must_be_written)
        exchange.decision = policy::Decision{policy::Verdict::deny, Reason::audit_failed, rule};
    if (exchange.decision.lets_through() && session.interrupted()) {
        refusal = refusal_of(*session.interrupted(), "ended while its attempt was being written down");
        co_return refusal;
    }
    if (exchange.decision.lets_through()) {
        exchange.entry.conclude(Reason::allowed);
        co_return refusal;
    }
    refusal = refusal_of(exchange.decision, exchange.attempt);
    if (exchange.conceal_target)
        refusal->fix.clear(); // it repeats them
    if (exchange.decision.reason == Reason::audit_failed)
        refusal->message = "the audit log cannot be written, and nothing is let through unrecorded";
    co_return refusal;
}

Refusal refusal_of(const BadTarget& bad, Exchange& exchange) {
    Refusal refusal = refusal_of(bad.reason, bad.message);
    if (bad.authority) {
        exchange.attempt.host = bad.authority->host;
        exchange.attempt.port = bad.authority->port;
        refusal.host = bad.authority->host.bracketed();
        refusal.port = bad.authority->port;
    }
    return refusal;
}

Refusal refusal_of(const Failure& failure, const Exchange& exchange) {
    Refusal refusal = refusal_of(failure.reason, failure.message);
    refusal.host = exchange.attempt.host.bracketed();
    refusal.port = exchange.attempt.port;
    if (exchange.decision.rule != nullptr)
        refusal.rule = exchange.decision.rule->source.text();
    return refusal;
}

std::optional<Refusal> name_synthetic(const Session& session, Exchange& exchange, HeadSaid& said) {
    const net::Host& host = exchange.attempt.host;
    const bool in_use = exchange.settings->dns.synthetic || exchange.settings->dns.sinkhole;
    if (!in_use || !host.is_address() || !dns::Synthetic::covers(host.address()))
        return std::nullopt;
    const std::optional<std::string> name = session.worker.shared().synthetic.name_of(host.address());
    const Result<net::Host> named = net::Host::parse(name.value_or(""));
    if (!named) {
        Refusal refusal = refusal_of(Reason::address_forbidden,
                                     "no name that was asked for has this address; ask DNS first");
        refusal.host = host.bracketed();
        refusal.port = exchange.attempt.port;
        return refusal;
    }
    exchange.attempt.host = *named;
    said.spelled_host = {};
    return std::nullopt;
}

void begin(const Session& session, Exchange& exchange, policy::Protocol protocol) {
    exchange.settings = session.worker.settings();
    exchange.attempt.task = session.listener.task();
    exchange.peer = session.peer();
    exchange.attempt.protocol = protocol;
    if (session.inside) {
        exchange.attempt.host = session.inside->authority.host;
        exchange.attempt.port = session.inside->authority.port;
    }
    if (session.inside && session.inside->secure) {
        exchange.entry.tls_mode = to_text(policy::Tls::inspect);
        exchange.entry.sni = session.inside->server_name;
        exchange.entry.tls_version = session.inside->tls_version;
        exchange.entry.alpn = session.inside->alpn;
    }
}

std::string_view pseudonym_for(const Session& session) {
    const bool hidden = session.inside && session.inside->secure;
    return hidden ? std::string_view() : std::string_view(session.worker.shared().pseudonym);
}

void note_refusal(Exchange& exchange, const Refusal& refusal) {
    file_refused_attempt(exchange, refusal);
    if (is_denial(refusal.reason))
        exchange.entry.refuse(refusal.reason);
    else
        exchange.entry.conclude(refusal.reason);
    if (exchange.entry.detail.empty())
        exchange.entry.detail = refusal.message;
}

awaitable<void> refuse(Session& session, Exchange& exchange, Refusal refusal, bool close) {
    note_refusal(exchange, refusal);
    if (exchange.replied || session.interrupted())
        co_return;
    exchange.replied = true;
    exchange.entry.status = refusal.status;
    const bool to_head = exchange.head.method == "HEAD";
    const std::string reply = http_reply(refusal, exchange.entry.id(), exchange.wants_json, to_head, close);
    session.client.expires_after(exchange.settings->limits.header_timeout);
    const error_code ec = co_await session.client.write(asio::buffer(reply));
    const bool may_bring_more = exchange.may_bring_more || !session.buffered.empty();
    if (!ec && close && (may_bring_more || session.client.has_unread()))
        co_await linger(session);
}

awaitable<void> linger(Session& session) {
    session.buffered.clear();
    session.client.shutdown_send();
    session.client.expires_after(linger_time);
    for (std::size_t dropped = 0; dropped < linger_bytes; dropped += read_size) {
        session.buffered.clear();
        const error_code ec = co_await read_more(session.client, session.buffered, read_size);
        if (ec)
            break;
    }
    session.buffered.clear();
}

awaitable<error_code> read_more(net::Connection& connection, std::string& buffered, std::size_t at_most) {
    const std::size_t before = buffered.size();
    buffered.resize(before + at_most);
    const net::Transfer transfer =
        co_await connection.read_some(asio::buffer(buffered.data() + before, at_most));
    buffered.resize(before + transfer.size);
    co_return transfer.ec;
}

Reason reason_of(const Session& session, const error_code& ec, Side side) {
    if (session.interrupted())
        return *session.interrupted();
    if (ec == asio::error::timed_out)
        return Reason::timeout;
    return side == Side::client ? Reason::client_aborted : Reason::upstream_failed;
}

} // namespace egressd::proxy
