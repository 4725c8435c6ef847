#include "proxy/client_tls.hpp"
#include "tests/unit/proxy/tls_pair.hpp"

#include <boost/asio/error.hpp>
#include <catch2/catch.hpp>

using namespace egressd;
using namespace egressd::proxy;
using namespace egressd::proxy::test;
namespace asio = boost::asio;

namespace {

struct FreeSession {
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using SessionPtr = std::unique_ptr<SSL_SESSION, FreeSession>;

SessionPtr* newest = nullptr; // where the client under test keeps its session

int keep(SSL*, SSL_SESSION* session) {
    newest->reset(session);
    return 1;
}

/// A client of the test's own.
struct Client {
    SslContextPtr context = make_context(TLS_client_method());
    SessionPtr session;
    std::string protocols; // ALPN, as on the wire

    Client() {
        newest = &session;
        SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(context.get(), keep);
    }

    std::unique_ptr<TlsLayer> connect(int descriptor, SSL** seen) {
        SslPtr ssl(SSL_new(context.get()));
        SSL_set_connect_state(ssl.get());
        if (session)
            SSL_set_session(ssl.get(), session.get());
        if (!protocols.empty())
            SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(protocols.data()),
                                static_cast<unsigned>(protocols.size()));
        *seen = ssl.get();
        return std::make_unique<TlsLayer>(std::move(ssl), descriptor, std::string());
    }
};

/// One connection of `client` to egressd as `shown`.
struct Connected {
    Ends ends;
    SSL* seen = nullptr;
    Handshake done;

    Connected(TlsWorld& world, Client& client, std::string_view shown) : ends(world.io, world.timers) {
        done = world.shake(ends, client.connect(ends.near.descriptor(), &seen),
                           world.client_tls.accept(host(shown), ends.far.descriptor(), "").value());
    }
};

bool resumes(TlsWorld& world, Client& client, std::string_view shown) {
    Connected connected(world, client, shown);
    REQUIRE_FALSE(connected.done.client);
    REQUIRE_FALSE(connected.done.server);
    CHECK_FALSE(world.write(connected.ends.far, "x"));
    CHECK(world.read(connected.ends.near).first == "x"); // the ticket came before it
    return SSL_session_reused(connected.seen) == 1;
}

} // namespace

TEST_CASE("a client sees a leaf for the host that it asked for") {
    TlsWorld world;
    Client client;
    for (const char* name : {"a.example", "b.example", "192.0.2.7"}) {
        CAPTURE(name);
        Connected connected(world, client, name);
        client.session.reset();
        REQUIRE_FALSE(connected.done.client);
        X509* const leaf = SSL_get0_peer_certificate(connected.seen);
        REQUIRE(leaf != nullptr);
        const bool matches = host(name).is_address() ? X509_check_ip_asc(leaf, name, 0) == 1
                                                     : X509_check_host(leaf, name, 0, 0, nullptr) == 1;
        CHECK(matches);
        CHECK(X509_check_host(leaf, "c.example", 0, 0, nullptr) == 0);
    }
}

TEST_CASE("a client resumes its session with the host that it was made for, and no other") {
    TlsWorld world;
    Client client;
    CHECK_FALSE(resumes(world, client, "a.example"));
    CHECK(resumes(world, client, "a.example"));
    CHECK_FALSE(resumes(world, client, "b.example"));
    CHECK(resumes(world, client, "b.example"));
    CHECK_FALSE(resumes(world, client, "a.example"));
}

TEST_CASE("of the protocols that a client offers HTTP/1.1 is chosen, wherever it stands") {
    TlsWorld world;
    Client client;
    const std::string http1 = "\x08http/1.1";
    const std::string http2 = "\x02h2";
    for (const std::string& protocols : {http1, http2 + http1, http1 + http2}) {
        client.protocols = protocols;
        Connected connected(world, client, "a.example");
        REQUIRE_FALSE(connected.done.client);
        CHECK(tls_of(connected.ends.near).alpn() == "http/1.1");
        CHECK(tls_of(connected.ends.far).alpn() == "http/1.1");
    }
    client.protocols.clear();
    Connected silent(world, client, "a.example");
    CHECK_FALSE(silent.done.client);
    CHECK(tls_of(silent.ends.far).alpn().empty());
    client.protocols = http2;
    Connected other(world, client, "a.example");
    CHECK(other.done.server);
    CHECK(tls_of(other.ends.near).peer_alert() == 120);
}

TEST_CASE("a client that does not trust the leaf says so") {
    TlsWorld world;
    Client client;
    SSL_CTX_set_verify(client.context.get(), SSL_VERIFY_PEER, nullptr);
    Connected connected(world, client, "a.example");
    CHECK(connected.done.server == asio::error::connection_reset);
    CHECK(tls_of(connected.ends.far).peer_alert() == 48); // unknown_ca
    CHECK_FALSE(tls_of(connected.ends.far).peer_closed());
}

TEST_CASE("a client that goes away inside the handshake is told from one that refuses") {
    TlsWorld world;
    Client client;
    Ends ends(world.io, world.timers);
    SSL* seen = nullptr;
    const std::unique_ptr<TlsLayer> layer = client.connect(ends.near.descriptor(), &seen);
    layer->handshake(); // the hello is out
    std::optional<net::error_code> far;
    start(world.io,
          ends.far.secure(world.client_tls.accept(host("a.example"), ends.far.descriptor(), "").value()),
          far);
    world.await_bytes(ends.near); // our flight
    ends.near.shutdown_send();
    run_until(world.io, [&] { return far.has_value(); });
    CHECK(*far == asio::error::connection_reset);
    CHECK(tls_of(ends.far).peer_closed());
    CHECK_FALSE(tls_of(ends.far).peer_alert());
}

TEST_CASE("a client of an old version of TLS gets no handshake") {
    TlsWorld world;
    Client client;
    SSL_CTX_set_security_level(client.context.get(), 0);
    SSL_CTX_set_min_proto_version(client.context.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(client.context.get(), TLS1_1_VERSION);
    Connected connected(world, client, "a.example");
    CHECK(connected.done.server);
    CHECK(tls_of(connected.ends.near).peer_alert() == 70); // protocol_version
}
