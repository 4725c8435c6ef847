// TLS over a non-blocking socket, for both ends of the benchmark: what a context accepts, and the same Flow
// and Moved as a plain socket has. It knows nothing of HTTP, and the socket stays its owner's.
#pragma once

#include "tests/bench/socket.hpp"

#include <openssl/ssl.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace egressd::bench {

struct FreeTls {
    void operator()(SSL* tls) const { ::SSL_free(tls); }
    void operator()(SSL_CTX* context) const { ::SSL_CTX_free(context); }
};
using TlsContext = std::unique_ptr<SSL_CTX, FreeTls>;

/// A client that trusts only the certificates of `ca_file`, offers ALPN http/1.1 and never resumes a session,
/// so that every new connection costs a full handshake. Throws std::runtime_error.
TlsContext client_context(const std::string& ca_file);

/// A server with this certificate and key (PEM files). Throws std::runtime_error.
TlsContext server_context(const std::string& certificate_file, const std::string& key_file);

class TlsStream {
public:
    TlsStream() = default;

    /// Becomes a client of `name`, which is sent as SNI and which the certificate must have.
    void begin_client(SSL_CTX& context, const Descriptor& socket, const std::string& name);
    void begin_server(SSL_CTX& context, const Descriptor& socket);

    /// `moved` when the handshake is done.
    Flow handshake();
    Moved read(std::span<char> into);
    Moved write(std::string_view bytes);

    /// Says goodbye (close_notify) without waiting for an answer.
    void end();

private:
    void begin(SSL_CTX& context, const Descriptor& socket);
    Flow outcome(int result);

    std::unique_ptr<SSL, FreeTls> tls_;
};

/// What OpenSSL has to say about the last failure, and forgets it.
std::string tls_error();

} // namespace egressd::bench
