// May this ClientHello pass? Read before any byte of a TLS connection goes anywhere, and held against the
// name that was asked for. The same for tunnels, whose bytes go on unread, and for inspected connections.
#pragma once

#include "proxy/client_hello.hpp"
#include "proxy/session.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace egressd::proxy {

/// Why a connection's first bytes may not pass; no reason: they may.
struct HelloJudgement {
    std::optional<policy::Reason> reason;
    std::string detail;
    std::string_view alert; // what the client is told; empty where it does not speak TLS
    std::vector<std::string> alpn;
};

/// One name in CONNECT and SNI, TLS 1.2 at least. An address has no SNI (RFC 6066 3), and then needs none.
HelloJudgement judge_hello(const ClientHello& hello, const net::Host& allowed);

/// Reads the ClientHello into the session's buffer and judges it.
net::awaitable<HelloJudgement> read_hello(Session& session, Exchange& exchange);

/// Writes the refusal down and ends the handshake with an alert.
net::awaitable<void> refuse_hello(Session& session, Exchange& exchange, HelloJudgement judgement);

} // namespace egressd::proxy
