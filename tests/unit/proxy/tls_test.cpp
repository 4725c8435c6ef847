#include "proxy/client_hello.hpp"
#include "proxy/tls.hpp"
#include "tests/unit/proxy/tls_pair.hpp"

#include <boost/asio/error.hpp>
#include <catch2/catch.hpp>

using namespace egressd;
using namespace egressd::proxy;
using namespace egressd::proxy::test;
using namespace std::chrono_literals;
using egressd::test::pattern;
using egressd::test::read_all;
using egressd::test::send_all;
namespace asio = boost::asio;

namespace {

/// An open connection between egressd's two sides.
struct Open : TlsWorld {
    Ends ends{io, timers};
    net::Connection& near = ends.near;
    net::Connection& far = ends.far;

    Open() {
        const Handshake done = shake(ends, "a.example", "a.example");
        REQUIRE_FALSE(done.client);
        REQUIRE_FALSE(done.server);
    }

    std::string move(net::Connection& from, net::Connection& to, const std::string& bytes) {
        std::optional<net::error_code> sent;
        std::optional<std::string> received;
        start(io, send_all(&from, bytes), sent);
        start(io, read_all(&to), received);
        run_until(io, [&] { return sent && received; });
        CHECK_FALSE(*sent);
        return *received;
    }
};

} // namespace

TEST_CASE("both sides agree on the newest TLS and on HTTP/1.1") {
    Open open;
    for (net::Connection* end : {&open.near, &open.far}) {
        CHECK(tls_of(*end).version() == "TLSv1.3");
        CHECK(tls_of(*end).alpn() == "http/1.1");
        CHECK_FALSE(tls_of(*end).peer_alert());
        CHECK_FALSE(tls_of(*end).peer_closed());
        CHECK(tls_of(*end).verify_result() == X509_V_OK);
    }
}

TEST_CASE("bytes go in and come out, in both directions, and not as they are") {
    Open open;
    CHECK_FALSE(open.write(open.near, "request"));
    char raw[256];
    open.await_bytes(open.far);
    const ssize_t size = ::recv(open.far.descriptor(), raw, sizeof raw, MSG_PEEK | MSG_DONTWAIT);
    REQUIRE(size > 0);
    CHECK(std::string_view(raw, static_cast<std::size_t>(size)).find("request") == std::string_view::npos);
    CHECK(open.read(open.far).first == "request");
    CHECK_FALSE(open.write(open.far, "answer"));
    CHECK(open.read(open.near).first == "answer");
}

TEST_CASE("more than records and socket buffers hold arrives whole") {
    const std::string large = pattern(8 << 20, 7);
    SECTION("to the origin") {
        Open open;
        CHECK((open.move(open.near, open.far, large) == large));
    }
    SECTION("from the origin") {
        Open open;
        CHECK((open.move(open.far, open.near, large) == large));
    }
}

TEST_CASE("a hello that was read before TLS began belongs to it") {
    TlsWorld world;
    Ends ends(world.io, world.timers);
    const std::size_t piece = GENERATE(as<std::size_t>(), 10, 100, 64 * 1024);
    std::optional<net::error_code> near;
    start(world.io,
          ends.near.secure(world.origin_tls->connect(authority("a.example"), ends.near.descriptor())), near);
    std::string received;
    ClientHelloReader reader;
    while (reader.state() == ClientHelloReader::State::need_more) {
        std::string space(piece, '\0');
        const net::Transfer transfer = run(world.io, ends.far.read_some(asio::buffer(space)));
        REQUIRE_FALSE(transfer.ec);
        received.append(space, 0, transfer.size);
        reader.feed(std::string_view(space).substr(0, transfer.size));
        if (piece == 10)
            break; // TLS reads the rest itself
    }
    const net::error_code far = run(
        world.io,
        ends.far.secure(world.client_tls.accept(host("a.example"), ends.far.descriptor(), received).value()));
    CHECK_FALSE(far);
    run_until(world.io, [&] { return near.has_value(); });
    CHECK_FALSE(*near);
    CHECK_FALSE(world.write(ends.near, "request"));
    CHECK(world.read(ends.far).first == "request");
}

TEST_CASE("an orderly end is the end of the stream, and of one direction only") {
    Open open;
    CHECK_FALSE(open.write(open.near, "last"));
    open.near.shutdown_send();
    CHECK(open.read(open.far).first == "last");
    CHECK(open.read(open.far).second == asio::error::eof);
    CHECK_FALSE(open.write(open.far, "answer"));
    CHECK(open.read(open.near).first == "answer");
}

TEST_CASE("a connection that is cut is not the end of the stream") {
    Open open;
    open.await_bytes(open.near);
    CHECK(open.near.is_quiet()); // the session ticket is read: nothing unread makes a RST of the FIN
    CHECK_FALSE(open.write(open.near, "first part"));
    SECTION("by a FIN without close_notify") {
        open.near.close();
        CHECK(open.read(open.far).first == "first part");
    }
    SECTION("by a RST") {
        CHECK(open.read(open.far).first == "first part");
        open.near.reset();
    }
    const net::error_code ec = open.read(open.far).second;
    CHECK(ec == asio::error::connection_reset);
    CHECK(open.read(open.far).second != asio::error::eof); // nor does it become one
}

TEST_CASE("bytes that are not TLS's are an error, not data") {
    Open open;
    const std::string forged(100, 'x');
    REQUIRE(::send(open.near.descriptor(), forged.data(), forged.size(), MSG_NOSIGNAL) == 100);
    const auto [bytes, ec] = open.read(open.far);
    CHECK(bytes.empty());
    CHECK(ec == asio::error::invalid_argument);
}

TEST_CASE("a connection is quiet until its peer says something, or ends") {
    Open open;
    open.await_bytes(open.near); // the session ticket
    CHECK(open.near.has_unread());
    CHECK(open.near.is_quiet());
    CHECK_FALSE(open.near.has_unread());
    CHECK(open.far.is_quiet());
    SECTION("data") {
        CHECK_FALSE(open.write(open.far, "HTTP/1.1 408 x"));
        open.await_bytes(open.near);
        CHECK_FALSE(open.near.is_quiet());
        CHECK_FALSE(open.near.is_quiet());
        CHECK(open.read(open.near).first == "HTTP/1.1 408 x"); // it was not taken away
    }
    SECTION("an orderly end") {
        open.far.shutdown_send();
        open.await_bytes(open.near);
        CHECK_FALSE(open.near.is_quiet());
    }
    SECTION("a cut") {
        open.far.close();
        open.await_bytes(open.near);
        CHECK_FALSE(open.near.is_quiet());
        CHECK_FALSE(open.near.is_quiet());
    }
}

TEST_CASE("a handshake that does not end has a deadline") {
    TlsWorld world;
    Ends ends(world.io, world.timers);
    ends.near.expires_after(50ms);
    CHECK(run(world.io, ends.near.secure(world.origin_tls->connect(
                            authority("a.example"), ends.near.descriptor()))) == asio::error::timed_out);
}
