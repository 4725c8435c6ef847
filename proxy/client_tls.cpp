#include "proxy/client_tls.hpp"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace egressd::proxy {

namespace {

/// RFC 7301 3.2: of what the client offers, HTTP/1.1 or nothing; who offers nothing else has been refused
/// before.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* length, const unsigned char* offered,
                    unsigned offered_length, void*) {
    const std::string_view list(reinterpret_cast<const char*>(offered), offered_length);
    for (std::size_t at = 0; at < list.size();) {
        const std::size_t size = static_cast<unsigned char>(list[at]);
        if (list.substr(at + 1, size) == alpn_http1) {
            *chosen = offered + at + 1;
            *length = static_cast<unsigned char>(size);
            return SSL_TLSEXT_ERR_OK;
        }
        at += 1 + size;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// A session is resumed for the name that it was made for, and no other: its context is the name's hash.
bool bind_sessions(SSL* ssl, const net::Host& host) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    unsigned length = 0;
    return EVP_Digest(host.text().data(), host.text().size(), hash.data(), &length, EVP_sha256(), nullptr) ==
               1 &&
           SSL_set_session_id_context(ssl, hash.data(), length) == 1;
}

} // namespace

ClientTls::ClientTls(std::shared_ptr<const CertificateAuthority> authority)
    : leaves_(std::move(authority)), context_(make_context(TLS_server_method())) {
    if (!context_)
        throw std::runtime_error("OpenSSL gives no context for TLS");
    SSL_CTX_set_alpn_select_cb(context_.get(), choose_protocol, nullptr);
    SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_OFF); // tickets: the client keeps the state
    SSL_CTX_set_num_tickets(context_.get(), 1);
}

Result<std::unique_ptr<TlsLayer>> ClientTls::accept(const net::Host& host, int descriptor,
                                                    std::string received) {
    const Result<X509*> leaf = leaves_.leaf_for(host);
    if (!leaf)
        return leaf.error();
    SslPtr ssl(SSL_new(context_.get()));
    if (!ssl || SSL_use_certificate(ssl.get(), *leaf) != 1 ||
        SSL_use_PrivateKey(ssl.get(), leaves_.key()) != 1 || !bind_sessions(ssl.get(), host))
        return Error{Side::self, "OpenSSL does not take the certificate that was made for " + host.text()};
    SSL_set_accept_state(ssl.get());
    return std::make_unique<TlsLayer>(std::move(ssl), descriptor, std::move(received));
}

} // namespace egressd::proxy
