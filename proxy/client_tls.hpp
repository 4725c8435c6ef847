// What does a client see of TLS? The side that egressd shows to clients of inspected hosts: leaves of the
// installation's own authority, made for the name that was asked for. One a worker. Whether a name may be
// shown at all is decided before.
#pragma once

#include "proxy/certificates.hpp"
#include "proxy/tls.hpp"

#include <memory>
#include <string>

namespace egressd::proxy {

class ClientTls {
public:
    explicit ClientTls(std::shared_ptr<const CertificateAuthority> authority);

    /// The server's side of a handshake as `host`, on a connection from which `received` has been read. The
    /// error says what is missing on this machine.
    Result<std::unique_ptr<TlsLayer>> accept(const net::Host& host, int descriptor, std::string received);

private:
    Leaves leaves_;
    SslContextPtr context_;
};

/// The protocol that is spoken inside (RFC 7301 6).
inline constexpr std::string_view alpn_http1 = "http/1.1";

} // namespace egressd::proxy
