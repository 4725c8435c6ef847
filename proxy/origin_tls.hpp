// Is this the origin that was meant? TLS towards origins, verified: the system's roots and the operator's
// own, name, time, chain; TLS 1.2 at least. Sessions are kept for the next connection to the same host and
// port. One a worker.
#pragma once

#include "net/host.hpp"
#include "net/url.hpp"
#include "proxy/tls.hpp"
#include "proxy/trust.hpp"

#include <memory>
#include <string>

namespace egressd::proxy {

class OriginTls {
public:
    static Result<std::shared_ptr<OriginTls>> make(std::shared_ptr<const Trust> trust);

    /// The client's side of a handshake with `authority`; nullptr when there is no memory. Waits until the
    /// roots are read, some ms after a start.
    std::unique_ptr<TlsLayer> connect(const net::Authority& authority, int descriptor);

private:
    OriginTls(SslContextPtr context, std::shared_ptr<const Trust> trust);

    SslContextPtr context_;
    std::shared_ptr<const Trust> trust_; // until it has been given to the context
};

/// Why a handshake with an origin has failed, as the end of a sentence that begins with its name. A constant
/// text: nothing that the origin said.
std::string handshake_problem(const TlsLayer& tls);

} // namespace egressd::proxy
