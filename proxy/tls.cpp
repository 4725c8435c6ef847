// The BIO below is the only thing between OpenSSL and the socket. It never blocks (MSG_DONTWAIT), so that
// waiting stays with net::Connection and its deadlines, and it first hands out what somebody else has read: a
// ClientHello is looked at before there is any TLS.
#include "proxy/tls.hpp"

#include <boost/asio/error.hpp>
#include <openssl/err.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <sys/socket.h>
#include <utility>

namespace egressd::proxy {

namespace asio = boost::asio;
using net::error_code;
using net::Progress;

namespace {

constexpr int alert_reason_base =
    1000; // SSL_AD_REASON_OFFSET: how OpenSSL counts the alerts that it receives

int clamped(std::size_t size) {
    return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

} // namespace

SslContextPtr make_context(const SSL_METHOD* method) {
    SslContextPtr context(SSL_CTX_new(method));
    if (!context)
        return nullptr;
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    // An idle connection keeps no buffers; a retried write may come from another address.
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context.get(), 1); // a record's header and body in one call
    return context;
}

/// What the BIO reads from and writes to.
struct TlsLayer::Wire {
    int descriptor = -1;
    std::string received;
    std::size_t taken = 0; // of `received`

    static BIO_METHOD* method();
    static Wire& of(BIO* bio) { return *static_cast<Wire*>(BIO_get_data(bio)); }
    static int read(BIO* bio, char* out, int size);
    static int write(BIO* bio, const char* data, int size);
    static long control(BIO* bio, int command, long, void*);
};

int TlsLayer::Wire::read(BIO* bio, char* out, int size) {
    Wire& wire = of(bio);
    BIO_clear_retry_flags(bio);
    const std::size_t wanted = static_cast<std::size_t>(std::max(size, 0));
    if (wire.taken < wire.received.size()) {
        const std::size_t count = std::min(wanted, wire.received.size() - wire.taken);
        std::memcpy(out, wire.received.data() + wire.taken, count);
        wire.taken += count;
        if (wire.taken == wire.received.size())
            std::string().swap(wire.received);
        if (wire.received.empty())
            wire.taken = 0;
        return static_cast<int>(count);
    }
    const ssize_t result = ::recv(wire.descriptor, out, wanted, MSG_DONTWAIT);
    if (result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        BIO_set_retry_read(bio);
    return static_cast<int>(result);
}

int TlsLayer::Wire::write(BIO* bio, const char* data, int size) {
    BIO_clear_retry_flags(bio);
    const ssize_t result = ::send(of(bio).descriptor, data, static_cast<std::size_t>(std::max(size, 0)),
                                  MSG_DONTWAIT | MSG_NOSIGNAL);
    if (result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        BIO_set_retry_write(bio);
    return static_cast<int>(result);
}

long TlsLayer::Wire::control(BIO*, int command, long, void*) {
    return command == BIO_CTRL_FLUSH ? 1 : 0; // OpenSSL flushes after each flight and takes 0 for a failure
}

BIO_METHOD* TlsLayer::Wire::method() {
    static BIO_METHOD* const method = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "egressd socket");
        BIO_meth_set_read(made, read);
        BIO_meth_set_write(made, write);
        BIO_meth_set_ctrl(made, control);
        return made;
    }();
    return method;
}

TlsLayer::TlsLayer(SslPtr ssl, int descriptor, std::string received)
    : wire_(new Wire{descriptor, std::move(received)}), ssl_(std::move(ssl)) {
    BIO* bio = BIO_new(Wire::method());
    BIO_set_data(bio, wire_.get());
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
}

TlsLayer::~TlsLayer() {
    // Without this OpenSSL takes the session for broken, and it is never resumed.
    if (!ended_)
        SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

Progress TlsLayer::outcome(int result) {
    Progress step;
    const int kind = SSL_get_error(ssl_.get(), result);
    if (kind == SSL_ERROR_NONE)
        return step;
    if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) {
        step.state = kind == SSL_ERROR_WANT_READ ? Progress::State::wants_read : Progress::State::wants_write;
        return step;
    }
    step.ec = failure(kind);
    return step;
}

error_code TlsLayer::failure(int kind) {
    const int error = errno;
    if (kind == SSL_ERROR_ZERO_RETURN)
        return asio::error::eof;
    ended_ = true;
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const int reason = ERR_GET_REASON(code);
    if (code == 0 || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        peer_closed_ = true;
        const bool told = code == 0 && error != 0;
        return told ? error_code(error, boost::system::system_category())
                    : error_code(asio::error::connection_reset); // cut off: not an end that can be trusted
    }
    const bool is_alert = reason >= alert_reason_base && reason < alert_reason_base + 256;
    if (is_alert)
        peer_alert_ = reason - alert_reason_base;
    const char* text = ERR_reason_error_string(code);
    problem_ = text == nullptr ? "unknown failure" : text;
    return is_alert ? error_code(asio::error::connection_reset) : error_code(asio::error::invalid_argument);
}

Progress TlsLayer::handshake() {
    ERR_clear_error();
    errno = 0;
    return outcome(SSL_do_handshake(ssl_.get()));
}

Progress TlsLayer::read(asio::mutable_buffer buffer) {
    if (unread_end_)
        return *unread_end_;
    Progress step = read_record(buffer);
    // Behind a full record there is often the next one.
    for (Progress more = step; more.size == SSL3_RT_MAX_PLAIN_LENGTH && step.size < buffer.size();) {
        more = read_record(buffer + step.size);
        step.size += more.size;
        // OpenSSL tells how a connection has ended once.
        if (more.ec)
            unread_end_ = more;
    }
    return step;
}

Progress TlsLayer::read_record(asio::mutable_buffer buffer) {
    ERR_clear_error();
    errno = 0;
    const int result = SSL_read(ssl_.get(), buffer.data(), clamped(buffer.size()));
    Progress step = outcome(result);
    if (result > 0)
        step.size = static_cast<std::size_t>(result);
    return step;
}

Progress TlsLayer::write(asio::const_buffer part) {
    ERR_clear_error();
    errno = 0;
    const int result = SSL_write(ssl_.get(), part.data(), clamped(part.size()));
    Progress step = outcome(result);
    if (result > 0)
        step.size = static_cast<std::size_t>(result);
    return step;
}

void TlsLayer::shut_down() {
    if (ended_ || SSL_in_init(ssl_.get()))
        return;
    ERR_clear_error();
    SSL_shutdown(ssl_.get()); // sends close_notify; the peer's is not waited for
    ERR_clear_error();
}

bool TlsLayer::is_quiet() {
    if (ended_ || unread_end_)
        return false;
    ERR_clear_error();
    errno = 0;
    char byte = 0;
    // Reads what is TLS's own (session tickets) and stops where the peer's bytes, or its end, would come.
    const int result = SSL_peek(ssl_.get(), &byte, 1);
    return result <= 0 && outcome(result).state == Progress::State::wants_read;
}

std::string TlsLayer::version() const {
    return SSL_get_version(ssl_.get());
}

std::string TlsLayer::alpn() const {
    const unsigned char* name = nullptr;
    unsigned length = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &length);
    return {reinterpret_cast<const char*>(name), length};
}

long TlsLayer::verify_result() const {
    return SSL_get_verify_result(ssl_.get());
}

} // namespace egressd::proxy
