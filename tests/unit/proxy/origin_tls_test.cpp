#include "proxy/origin_tls.hpp"
#include "tests/unit/proxy/tls_pair.hpp"

#include <boost/asio/error.hpp>
#include <catch2/catch.hpp>

using namespace egressd;
using namespace egressd::proxy;
using namespace egressd::proxy::test;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

/// What is told of a handshake with `asked` where `server` answers; empty when it succeeds.
std::string problem(TlsWorld& world, Server& server, std::string_view asked, OriginTls& client) {
    Ends ends(world.io, world.timers);
    const Handshake done = world.shake(ends, client.connect(authority(asked), ends.near.descriptor()),
                                       server.accept(ends.far.descriptor()));
    return done.client ? handshake_problem(tls_of(ends.near)) : std::string();
}

std::string problem(TlsWorld& world, Server& server, std::string_view asked) {
    return problem(world, server, asked, *world.origin_tls);
}

/// The same, where what comes back are bytes, and then an end.
std::string problem(TlsWorld& world, const std::string& bytes) {
    Ends ends(world.io, world.timers);
    std::optional<net::error_code> ec;
    start(world.io,
          ends.near.secure(world.origin_tls->connect(authority("a.example"), ends.near.descriptor())), ec);
    CHECK_FALSE(world.read(ends.far).second); // the hello
    if (!bytes.empty())
        CHECK_FALSE(world.write(ends.far, bytes));
    ends.far.shutdown_send();
    run_until(world.io, [&] { return ec.has_value(); });
    CHECK(*ec);
    return handshake_problem(tls_of(ends.near));
}

std::string sni_of(const SSL* ssl) {
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? "none" : name;
}

int refuse_protocols(SSL*, const unsigned char**, unsigned char*, const unsigned char*, unsigned, void*) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// A connection to `asked` with its session ticket read: was the session resumed?
bool resumes(TlsWorld& world, Server& server, std::string_view asked) {
    Ends ends(world.io, world.timers);
    SSL* seen = nullptr;
    const Handshake done =
        world.shake(ends, world.origin_tls->connect(authority(asked), ends.near.descriptor()),
                    server.accept(ends.far.descriptor(), &seen));
    REQUIRE_FALSE(done.client);
    REQUIRE_FALSE(done.server);
    CHECK_FALSE(world.write(ends.far, "x"));
    CHECK(world.read(ends.near).first == "x"); // the tickets came before it
    return SSL_session_reused(seen) == 1;
}

} // namespace

TEST_CASE("an origin is taken for whom its certificate names, and for nobody else") {
    TlsWorld world;
    Server name = world.server("a.example");
    Server address = world.server("192.0.2.7");
    CHECK(problem(world, name, "a.example").empty());
    CHECK(problem(world, name, "a.example:8443").empty());
    CHECK(problem(world, address, "192.0.2.7").empty());
    CHECK(problem(world, name, "b.example") == "has a certificate for another name");
    CHECK(problem(world, name, "x.a.example") == "has a certificate for another name");
    CHECK(problem(world, name, "example") == "has a certificate for another name");
    CHECK(problem(world, address, "192.0.2.8") == "has a certificate for another name");
    CHECK(problem(world, name, "192.0.2.7") == "has a certificate for another name");
}

TEST_CASE("an issuer that nobody trusts is told as such") {
    TlsWorld world;
    TlsWorld other;
    Server server = world.server("a.example");
    const std::string untrusted =
        "has a certificate whose issuer is not trusted, or whose intermediate certificate is "
        "missing (upstream.ca trusts more issuers)";
    const std::shared_ptr<OriginTls> roots_only = trusting({}).value();
    CHECK(problem(world, server, "a.example", *roots_only) == untrusted);
    CHECK(problem(world, server, "a.example", *other.origin_tls) == untrusted);
    const std::shared_ptr<OriginTls> both =
        trusting({other.files.certificate, world.files.certificate}).value();
    CHECK(problem(world, server, "a.example", *both).empty());
}

TEST_CASE("a certificate out of its time is told as such") {
    TlsWorld world;
    const auto now = std::chrono::system_clock::now();
    Server old(world.ca->issue(host("a.example"), now - 24h * 8).value(), world.ca->leaf_key());
    Server early(world.ca->issue(host("a.example"), now + 24h).value(), world.ca->leaf_key());
    CHECK(problem(world, old, "a.example") == "has a certificate that has expired");
    CHECK(problem(world, early, "a.example") == "has a certificate that is not valid yet");
}

TEST_CASE("an origin that is no TLS server as it should be") {
    TlsWorld world;
    CHECK(problem(world, "") == "closed the connection inside the TLS handshake");
    CHECK(problem(world, "\x16\x03\x03") == "closed the connection inside the TLS handshake");
    CHECK(problem(world, "HTTP/1.1 400 Bad Request\r\n\r\n") ==
          "does not speak TLS as it should (wrong version number)");
    Server server = world.server("a.example");
    SSL_CTX_set_alpn_select_cb(server.context(), refuse_protocols, nullptr);
    CHECK(problem(world, server, "a.example") == "refused the TLS handshake (alert 120)");
}

TEST_CASE("an origin with an old version of TLS is not talked to") {
    TlsWorld world;
    Server tls12 = world.server("a.example");
    SSL_CTX_set_max_proto_version(tls12.context(), TLS1_2_VERSION);
    CHECK(problem(world, tls12, "a.example").empty());
    Server tls11 = world.server("a.example");
    SSL_CTX_set_security_level(tls11.context(), 0);
    SSL_CTX_set_min_proto_version(tls11.context(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(tls11.context(), TLS1_1_VERSION);
    CHECK(problem(world, tls11, "a.example") == "refused the TLS handshake (alert 70)"); // protocol_version
}

TEST_CASE("a name goes out as SNI, an address without") {
    TlsWorld world;
    const auto sni = [&](std::string_view asked) {
        Server server = world.server(authority(asked).host.text());
        Ends ends(world.io, world.timers);
        SSL* seen = nullptr;
        const Handshake done =
            world.shake(ends, world.origin_tls->connect(authority(asked), ends.near.descriptor()),
                        server.accept(ends.far.descriptor(), &seen));
        CHECK_FALSE(done.server);
        return sni_of(seen);
    };
    CHECK(sni("a.example:8443") == "a.example");
    CHECK(sni("192.0.2.7") == "none");
    CHECK(sni("[2001:db8::7]") == "none");
}

TEST_CASE("a session is resumed for the host and port that it was made for, and no other") {
    TlsWorld world;
    Server server = world.server("a.example");
    CHECK_FALSE(resumes(world, server, "a.example"));
    CHECK_FALSE(resumes(world, server, "a.example:8443"));
    CHECK(resumes(world, server, "a.example"));
    CHECK(resumes(world, server, "a.example"));
    // Another name would be refused if the session of the first were not taken for its proof.
    CHECK(problem(world, server, "b.example") == "has a certificate for another name");
}

TEST_CASE("a session is used once") {
    TlsWorld world;
    Server server = world.server("a.example");
    SSL_CTX_set_num_tickets(server.context(), 1);
    CHECK_FALSE(resumes(world, server, "a.example"));
    SSL_CTX_set_num_tickets(server.context(), 0); // the next connection brings no new one
    CHECK(resumes(world, server, "a.example"));
    CHECK_FALSE(resumes(world, server, "a.example"));
}

TEST_CASE("a session outlives the connection's owner, not the settings that it was made with") {
    TlsWorld world;
    Server server = world.server("a.example");
    CHECK_FALSE(resumes(world, server, "a.example"));
    world.origin_tls = trusting({world.files.certificate}).value(); // a reload
    CHECK_FALSE(resumes(world, server, "a.example"));

    Ends ends(world.io, world.timers);
    const Handshake done =
        world.shake(ends, world.origin_tls->connect(authority("a.example"), ends.near.descriptor()),
                    server.accept(ends.far.descriptor()));
    REQUIRE_FALSE(done.client);
    world.origin_tls.reset();
    CHECK_FALSE(world.write(ends.far, "x"));
    CHECK(world.read(ends.near).first == "x"); // its tickets find a place still
}

TEST_CASE("a file that holds no certificate is named") {
    const Folder folder;
    write_text(folder.file("ca.pem"), "not a certificate\n");
    for (const std::string& file : {folder.file("ca.pem"), folder.file("missing.pem")}) {
        const auto made = trusting({file});
        REQUIRE(made.has_error());
        CHECK(made.error().message == "upstream.ca: " + file + " holds no certificate that can be used");
    }
}
