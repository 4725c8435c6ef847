// Two ends of one TLS connection over loopback, for the tests of TLS: egressd's own sides, or ends of the
// test's, whose SSL can be looked at. A CA in a folder of the test's signs what the server shows.
#pragma once

#include "proxy/client_tls.hpp"
#include "proxy/origin_tls.hpp"
#include "tests/unit/net/loopback.hpp"
#include "tests/unit/proxy/folder.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace egressd::proxy::test {

using egressd::test::Ends;
using egressd::test::run;
using egressd::test::run_until;
using egressd::test::start;

inline net::Host host(std::string_view text) {
    return net::Host::parse(text).value();
}

inline net::Authority authority(std::string_view text) {
    return net::parse_authority(text, 443).value();
}

/// Towards origins whose issuers are in these files.
inline Result<std::shared_ptr<OriginTls>> trusting(const std::vector<std::string>& ca_files) {
    const Result<std::shared_ptr<const Trust>> trust = Trust::load(ca_files);
    if (!trust)
        return trust.error();
    return OriginTls::make(*trust);
}

/// A server of the test's own with the certificate `leaf`; what it does not set is as in egressd.
class Server {
public:
    Server(X509Ptr leaf, EVP_PKEY* key)
        : leaf_(std::move(leaf)), context_(make_context(TLS_server_method())) {
        SSL_CTX_use_certificate(context_.get(), leaf_.get());
        SSL_CTX_use_PrivateKey(context_.get(), key);
    }

    SSL_CTX* context() { return context_.get(); }

    /// `seen` stays valid as long as the layer.
    std::unique_ptr<TlsLayer> accept(int descriptor, SSL** seen = nullptr) {
        SslPtr ssl(SSL_new(context_.get()));
        SSL_set_accept_state(ssl.get());
        if (seen != nullptr)
            *seen = ssl.get();
        return std::make_unique<TlsLayer>(std::move(ssl), descriptor, std::string());
    }

private:
    X509Ptr leaf_;
    SslContextPtr context_;
};

/// The two sides' results of one handshake.
struct Handshake {
    net::error_code client;
    net::error_code server;
};

struct TlsWorld {
    boost::asio::io_context io{1};
    net::Timers timers{io};
    Folder folder;
    config::CaFiles files{folder.file("state/ca.pem"), folder.file("state/ca.key")};
    std::shared_ptr<const CertificateAuthority> ca = CertificateAuthority::open(files).value();
    ClientTls client_tls{ca};
    std::shared_ptr<OriginTls> origin_tls = trusting({files.certificate}).value();

    Server server(std::string_view name) { return Server(ca->issue(host(name)).value(), ca->leaf_key()); }

    /// `near` is the client of TLS.
    Handshake shake(Ends& ends, std::unique_ptr<TlsLayer> client, std::unique_ptr<TlsLayer> server) {
        std::optional<net::error_code> near;
        std::optional<net::error_code> far;
        start(io, ends.near.secure(std::move(client)), near);
        start(io, ends.far.secure(std::move(server)), far);
        run_until(io, [&] { return near && far; });
        return {*near, *far};
    }

    /// Both of egressd's sides.
    Handshake shake(Ends& ends, std::string_view asked, std::string_view shown) {
        return shake(ends, origin_tls->connect(authority(asked), ends.near.descriptor()),
                     client_tls.accept(host(shown), ends.far.descriptor(), "").value());
    }

    net::error_code write(net::Connection& to, const std::string& bytes) {
        return run(io, to.write(boost::asio::buffer(bytes)));
    }

    /// One read: what came, or the error.
    std::pair<std::string, net::error_code> read(net::Connection& from) {
        std::string space(64 * 1024, '\0');
        const net::Transfer transfer = run(io, from.read_some(boost::asio::buffer(space)));
        space.resize(transfer.size);
        return {space, transfer.ec};
    }

    /// Until bytes of the peer lie in the kernel, or its end.
    void await_bytes(net::Connection& from) { run(io, from.wait(net::tcp::socket::wait_read)); }
};

inline TlsLayer& tls_of(net::Connection& connection) {
    return static_cast<TlsLayer&>(*connection.layer());
}

} // namespace egressd::proxy::test
