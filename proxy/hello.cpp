#include "proxy/hello.hpp"

#include "proxy/refusal.hpp"

#include <utility>

namespace egressd::proxy {

namespace asio = boost::asio;
using net::awaitable;
using net::error_code;
using policy::Reason;

namespace {

constexpr std::size_t read_size = 16 * 1024; // a TLS record, as large as one may be

HelloJudgement refused(Reason reason, std::string detail) {
    HelloJudgement judgement;
    judgement.reason = reason;
    judgement.detail = std::move(detail);
    judgement.alert = tls_access_denied;
    return judgement;
}

} // namespace

HelloJudgement judge_hello(const ClientHello& hello, const net::Host& allowed) {
    if (!hello.offers_tls12)
        return refused(Reason::not_tls, "the client offers no TLS version from 1.2 on");
    HelloJudgement passes;
    passes.alpn = hello.alpn;
    if (!hello.server_name) {
        if (allowed.is_address())
            return passes;
        return refused(Reason::identity_mismatch, "the ClientHello names no host (no SNI)");
    }
    const Result<net::Host> name = net::Host::parse(*hello.server_name);
    if (name && !name->is_address() && *name == allowed)
        return passes;
    // The outer name of a real ECH hello is the cover that it hides behind; GREASE comes with the true name.
    const std::string shown = name ? name->text() : net::sanitised(*hello.server_name);
    return refused(hello.ech ? Reason::ech : Reason::identity_mismatch,
                   "the ClientHello names " + shown + ", the tunnel was opened for another host");
}

awaitable<HelloJudgement> read_hello(Session& session, Exchange& exchange) {
    HelloJudgement judgement;
    ClientHelloReader reader;
    session.client.expires_after(exchange.settings->limits.client_hello_timeout);
    std::size_t fed = 0;
    for (;;) {
        const ClientHelloReader::State state = reader.feed(std::string_view(session.buffered).substr(fed));
        fed = session.buffered.size();
        if (state == ClientHelloReader::State::complete)
            break;
        if (state == ClientHelloReader::State::not_tls) {
            judgement = refused(Reason::not_tls,
                                "the tunnel's first bytes are not TLS; `tls: raw` in the rule would let "
                                "any protocol through");
            judgement.alert = std::string_view();
            co_return judgement;
        }
        if (state == ClientHelloReader::State::malformed) {
            judgement = refused(Reason::request_malformed, std::string(reader.problem()));
            co_return judgement;
        }
        const error_code ec = co_await read_more(session.client, session.buffered, read_size);
        if (ec) {
            judgement =
                refused(reason_of(session, ec, Side::client), "no ClientHello came through the tunnel");
            if (fed == 0)
                judgement.alert = std::string_view();
            co_return judgement;
        }
    }
    const ClientHello& hello = reader.hello();
    if (hello.server_name)
        exchange.entry.sni = net::sanitised(*hello.server_name, net::max_name_length);
    judgement = judge_hello(hello, exchange.attempt.host);
    if (hello.ech && !judgement.reason)
        exchange.entry.detail = "the ClientHello carries an encrypted_client_hello extension whose outer "
                                "name is the allowed one (GREASE, or a cover equal to it)";
    co_return judgement;
}

awaitable<void> refuse_hello(Session& session, Exchange& exchange, HelloJudgement judgement) {
    exchange.entry.detail = judgement.detail;
    note_refusal(exchange, refusal_of(*judgement.reason, judgement.detail));
    if (session.origin)
        session.origin->connection.reset();
    if (judgement.alert.empty() || session.interrupted())
        co_return;
    session.client.expires_after(exchange.settings->limits.client_hello_timeout);
    const error_code ignored = co_await session.client.write(asio::buffer(judgement.alert));
    (void)ignored; // there is nobody else to tell
}

} // namespace egressd::proxy
