#include "proxy/origin_tls.hpp"

#include "proxy/client_tls.hpp"

#include <boost/asio/ip/address.hpp>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <array>
#include <unordered_map>
#include <utility>

namespace egressd::proxy {

namespace {

struct FreeSession {
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using SessionPtr = std::unique_ptr<SSL_SESSION, FreeSession>;

/// The newest session for each host and port. A ticket is used once (RFC 8446 C.4). A resumed session was
/// verified when it was made, for the same name, and OpenSSL keeps no session beyond its lifetime, hours at
/// most.
class Sessions {
public:
    static constexpr std::size_t max_sessions = 1024; // some KiB each

    SessionPtr take(const std::string& key) {
        const auto found = sessions_.find(key);
        if (found == sessions_.end())
            return nullptr;
        SessionPtr session = std::move(found->second);
        sessions_.erase(found);
        return session;
    }

    void keep(const std::string& key, SessionPtr session) {
        if (sessions_.size() >= max_sessions && !sessions_.contains(key))
            sessions_.erase(sessions_.begin());
        sessions_[key] = std::move(session);
    }

private:
    std::unordered_map<std::string, SessionPtr> sessions_;
};

template <class T>
void free_extra(void*, void* held, CRYPTO_EX_DATA*, int, long, void*) {
    delete static_cast<T*>(held);
}

/// The context owns its Sessions, each connection the key under which its session is kept: a ticket may come
/// when the OriginTls that began the connection has been replaced by a reload.
int sessions_slot() {
    static const int slot = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_extra<Sessions>);
    return slot;
}

int key_slot() {
    static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_extra<std::string>);
    return slot;
}

Sessions& sessions_of(SSL_CTX* context) {
    return *static_cast<Sessions*>(SSL_CTX_get_ex_data(context, sessions_slot()));
}

int keep_session(SSL* ssl, SSL_SESSION* session) {
    const auto* key = static_cast<const std::string*>(SSL_get_ex_data(ssl, key_slot()));
    if (key == nullptr || SSL_SESSION_is_resumable(session) != 1)
        return 0;
    sessions_of(SSL_get_SSL_CTX(ssl)).keep(*key, SessionPtr(session));
    return 1; // ours now
}

/// Whom the certificate must be for. An address stands in the certificate as an address, and goes without SNI
/// (RFC 6066 3).
bool expect(SSL* ssl, const net::Host& host) {
    X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                                X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (host.is_address())
        return X509_VERIFY_PARAM_set1_ip_asc(wanted, host.text().c_str()) == 1;
    return X509_VERIFY_PARAM_set1_host(wanted, host.text().data(), host.text().size()) == 1 &&
           SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    const_cast<char*>(host.text().c_str())) == 1; // it copies the name
}

std::string certificate_problem(long code) {
    switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "has a certificate that has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "has a certificate that is not valid yet";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return "has a self-signed certificate that is not trusted";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return "has a certificate whose issuer is not trusted, or whose intermediate certificate is missing "
               "(upstream.ca "
               "trusts more issuers)";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "has a certificate for another name";
    case X509_V_ERR_INVALID_PURPOSE:
        return "has a certificate that is not meant for servers";
    default:
        return std::string("has an invalid certificate: ") + X509_verify_cert_error_string(code);
    }
}

} // namespace

OriginTls::OriginTls(SslContextPtr context, std::shared_ptr<const Trust> trust)
    : context_(std::move(context)), trust_(std::move(trust)) {}

Result<std::shared_ptr<OriginTls>> OriginTls::make(std::shared_ptr<const Trust> trust) {
    SslContextPtr context = make_context(TLS_client_method());
    const Error no_context{Side::self, "OpenSSL gives no context for TLS"};
    if (!context || SSL_CTX_set_ex_data(context.get(), sessions_slot(), new Sessions) != 1)
        return no_context;
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context.get(), keep_session);
    std::string protocols(1, static_cast<char>(alpn_http1.size()));
    protocols.append(alpn_http1);
    if (SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(protocols.data()),
                                static_cast<unsigned>(protocols.size())) != 0)
        return no_context;
    return std::shared_ptr<OriginTls>(new OriginTls(std::move(context), std::move(trust)));
}

std::unique_ptr<TlsLayer> OriginTls::connect(const net::Authority& authority, int descriptor) {
    if (const std::shared_ptr<const Trust> trust = std::exchange(trust_, nullptr))
        trust->give(SSL_CTX_get_cert_store(context_.get()));
    SslPtr ssl(SSL_new(context_.get()));
    std::string key = authority.text();
    if (!ssl || !expect(ssl.get(), authority.host))
        return nullptr;
    const SessionPtr session = sessions_of(context_.get()).take(key);
    if (session)
        SSL_set_session(ssl.get(), session.get());
    if (SSL_set_ex_data(ssl.get(), key_slot(), new std::string(std::move(key))) != 1)
        return nullptr;
    SSL_set_connect_state(ssl.get());
    return std::make_unique<TlsLayer>(std::move(ssl), descriptor, std::string());
}

std::string handshake_problem(const TlsLayer& tls) {
    if (tls.verify_result() != X509_V_OK)
        return certificate_problem(tls.verify_result());
    if (tls.peer_closed())
        return "closed the connection inside the TLS handshake";
    if (tls.peer_alert())
        return "refused the TLS handshake (alert " + std::to_string(*tls.peer_alert()) + ")";
    return "does not speak TLS as it should (" + tls.problem() + ")";
}

} // namespace egressd::proxy
