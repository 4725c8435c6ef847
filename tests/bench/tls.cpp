#include "tests/bench/tls.hpp"

#include <openssl/err.h>

#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/socket.h>

namespace egressd::bench {

namespace {

constexpr std::string_view alpn = "\x08http/1.1"; // RFC 7301: each protocol after its length

void require(bool done, const std::string& what) {
    if (!done) {
        throw std::runtime_error(what + ": " + tls_error());
    }
}

TlsContext make_context(const SSL_METHOD* method) {
    TlsContext context(::SSL_CTX_new(method));
    require(context != nullptr, "SSL_CTX_new");
    ::SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    ::SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    ::SSL_CTX_set_read_ahead(context.get(), 1); // header and body of a record in one system call
    ::SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    return context;
}

} // namespace

TlsContext client_context(const std::string& ca_file) {
    TlsContext context = make_context(::TLS_client_method());
    require(::SSL_CTX_load_verify_file(context.get(), ca_file.c_str()) == 1, ca_file);
    ::SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    ::SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
    const auto* const protocols = reinterpret_cast<const unsigned char*>(alpn.data());
    ::SSL_CTX_set_alpn_protos(context.get(), protocols, static_cast<unsigned>(alpn.size()));
    return context;
}

TlsContext server_context(const std::string& certificate_file, const std::string& key_file) {
    TlsContext context = make_context(::TLS_server_method());
    require(::SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) == 1,
            certificate_file);
    require(::SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) == 1, key_file);
    return context;
}

void TlsStream::begin(SSL_CTX& context, const Descriptor& socket) {
    const int on = 1; // as every TLS client and server does: a request follows the handshake's last message
    ::setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    tls_.reset(::SSL_new(&context));
    require(tls_ != nullptr && ::SSL_set_fd(tls_.get(), socket.number()) == 1, "SSL_new");
}

void TlsStream::begin_client(SSL_CTX& context, const Descriptor& socket, const std::string& name) {
    begin(context, socket);
    // SSL_set_tlsext_host_name without its C cast; OpenSSL copies the name.
    require(::SSL_ctrl(tls_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                       const_cast<char*>(name.c_str())) == 1,
            "SNI");
    require(::SSL_set1_host(tls_.get(), name.c_str()) == 1, "SSL_set1_host");
    ::SSL_set_connect_state(tls_.get());
}

void TlsStream::begin_server(SSL_CTX& context, const Descriptor& socket) {
    begin(context, socket);
    ::SSL_set_accept_state(tls_.get());
}

Flow TlsStream::outcome(int result) {
    if (result > 0) {
        return Flow::moved;
    }
    const int error = ::SSL_get_error(tls_.get(), result);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? Flow::blocked : Flow::closed;
}

Flow TlsStream::handshake() {
    ::ERR_clear_error(); // SSL_get_error is only right with an empty queue
    return outcome(::SSL_do_handshake(tls_.get()));
}

Moved TlsStream::read(std::span<char> into) {
    ::ERR_clear_error();
    std::size_t bytes = 0;
    const Flow flow = outcome(::SSL_read_ex(tls_.get(), into.data(), into.size(), &bytes));
    return {flow, bytes};
}

Moved TlsStream::write(std::string_view bytes) {
    ::ERR_clear_error();
    std::size_t written = 0;
    const Flow flow = outcome(::SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &written));
    return {flow, written};
}

void TlsStream::end() {
    ::ERR_clear_error();
    ::SSL_shutdown(tls_.get());
}

std::string tls_error() {
    const unsigned long code = ::ERR_get_error();
    ::ERR_clear_error();
    return code == 0 ? "closed" : ::ERR_reason_error_string(code);
}

} // namespace egressd::bench
