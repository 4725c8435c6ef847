// How does TLS lie over a connection? One OpenSSL session as a layer of net::Connection, the same for both
// sides; and what is known when a handshake has failed. Whom to trust and what to show is for client_tls and
// origin_tls.
#pragma once

#include "net/connection.hpp"

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>

namespace egressd::proxy {

struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslPtr = std::unique_ptr<SSL, FreeSsl>;
using SslContextPtr = std::unique_ptr<SSL_CTX, FreeSsl>;

/// A context for one side with what holds for both: TLS 1.2 or newer, no compression, no renegotiation,
/// HTTP/1.1. nullptr when there is no memory.
SslContextPtr make_context(const SSL_METHOD* method);

class TlsLayer final : public net::Layer {
public:
    /// `ssl` has its side set. `descriptor` stays the connection's. `received`: bytes that were read from the
    /// socket already and belong to TLS.
    TlsLayer(SslPtr ssl, int descriptor, std::string received);
    ~TlsLayer() override;

    net::Progress handshake() override;
    net::Progress read(boost::asio::mutable_buffer buffer) override;
    net::Progress write(boost::asio::const_buffer part) override;
    void shut_down() override;
    bool is_quiet() override;

    /// "TLSv1.3", after the handshake.
    std::string version() const;
    /// The protocol that ALPN chose, or empty.
    std::string alpn() const;

    /// Of a failed handshake: the description of the fatal alert that the peer has sent (RFC 8446 6).
    std::optional<int> peer_alert() const { return peer_alert_; }
    /// The peer closed without a word.
    bool peer_closed() const { return peer_closed_; }
    /// The X509_V_ERR_ code of the peer's certificate; X509_V_OK where that was not the matter.
    long verify_result() const;
    /// OpenSSL's words for any other failure: constants of the library, nothing that the peer said.
    const std::string& problem() const { return problem_; }

private:
    struct Wire;
    net::Progress read_record(boost::asio::mutable_buffer buffer);
    net::Progress outcome(int result);
    net::error_code failure(int kind);

    std::unique_ptr<Wire> wire_;
    SslPtr ssl_;
    std::optional<net::Progress> unread_end_; // how the connection has ended behind what was read
    std::optional<int> peer_alert_;
    bool peer_closed_ = false;
    bool ended_ = false; // nothing may be written any more, not even an alert
    std::string problem_;
};

} // namespace egressd::proxy
