#include "net/connection.hpp"
#include "tests/unit/net/loopback.hpp"

#include <boost/asio/error.hpp>
#include <catch2/catch.hpp>

#include <array>

using namespace egressd;
using namespace egressd::test;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

struct Pair {
    asio::io_context io{1};
    net::Timers timers{io};
    Ends ends{io, timers};
    net::Connection& near = ends.near;
    net::Connection& far = ends.far;
    std::string space = std::string(64, '\0');

    net::Transfer read(net::Connection& from) { return run(io, from.read_some(asio::buffer(space))); }
    error_code write(net::Connection& to, const std::string& bytes) {
        return run(io, to.write(asio::buffer(bytes)));
    }
};

const std::string large = pattern(16 << 20, 1); // more than the buffers of two loopback sockets hold

} // namespace

TEST_CASE("bytes go in and come out") {
    Pair pair;
    CHECK_FALSE(pair.write(pair.near, "hello"));
    const net::Transfer transfer = pair.read(pair.far);
    CHECK_FALSE(transfer.ec);
    CHECK(pair.space.substr(0, transfer.size) == "hello");
}

TEST_CASE("several parts are written in order, empty ones among them") {
    Pair pair;
    const std::string none;
    const std::string head = "head ";
    const std::string tail = " tail";
    const std::array<asio::const_buffer, 6> parts{asio::buffer(none), asio::buffer(head),
                                                  asio::buffer(none), asio::buffer(large),
                                                  asio::buffer(tail), asio::buffer(none)};
    std::optional<error_code> written;
    std::optional<std::string> received;
    start(pair.io, pair.near.write(parts), written);
    start(pair.io, read_all(&pair.far), received);
    run_until(pair.io, [&] { return written.has_value(); });
    CHECK_FALSE(*written);
    pair.near.shutdown_send();
    run_until(pair.io, [&] { return received.has_value(); });
    CHECK((*received == head + large + tail));
}

TEST_CASE("more parts than one call takes are refused whole") {
    Pair pair;
    const std::string byte = "x";
    const std::vector<asio::const_buffer> parts(net::Connection::max_parts + 1, asio::buffer(byte));
    CHECK(run(pair.io, pair.near.write(parts)) == asio::error::invalid_argument);
    CHECK(pair.far.is_quiet());
    const std::vector<asio::const_buffer> most(net::Connection::max_parts, asio::buffer(byte));
    CHECK_FALSE(run(pair.io, pair.near.write(most)));
    CHECK(pair.read(pair.far).size == net::Connection::max_parts);
}

TEST_CASE("every wait ends with its deadline") {
    Pair pair;
    pair.near.expires_after(50ms);
    SECTION("a read") {
        CHECK(pair.read(pair.near).ec == asio::error::timed_out);
    }
    SECTION("a write to a peer that does not read") {
        CHECK(pair.write(pair.near, large) == asio::error::timed_out);
    }
    SECTION("a wait") {
        CHECK(run(pair.io, pair.near.wait(tcp::socket::wait_read)) == asio::error::timed_out);
    }
    SECTION("two at once") {
        std::optional<error_code> readable;
        std::optional<error_code> written;
        start(pair.io, pair.near.wait(tcp::socket::wait_read), readable);
        start(pair.io, pair.near.write(asio::buffer(large)), written);
        run_until(pair.io, [&] { return readable && written; });
        CHECK(*readable == asio::error::timed_out);
        CHECK(*written == asio::error::timed_out);
    }
    // The deadline stays passed for what comes later, until a new one is set.
    CHECK(pair.read(pair.near).ec == asio::error::timed_out);
    CHECK(pair.write(pair.near, "x") == asio::error::timed_out);
    CHECK_FALSE(pair.write(pair.far, "y"));
    pair.near.expires_after(10s);
    CHECK(pair.read(pair.near).size == 1);
}

TEST_CASE("a deadline that is taken back does not fire") {
    Pair pair;
    pair.near.expires_after(50ms);
    pair.near.expires_never();
    std::optional<net::Transfer> transfer;
    start(pair.io, pair.near.read_some(asio::buffer(pair.space)), transfer);
    bool passed = false;
    net::Deadline later(pair.timers, [&] { passed = true; });
    later.expires_after(200ms);
    run_until(pair.io, [&] { return passed; });
    CHECK_FALSE(transfer);
    CHECK_FALSE(pair.write(pair.far, "x"));
    run_until(pair.io, [&] { return transfer.has_value(); });
    CHECK(transfer->size == 1);
}

TEST_CASE("an interrupt ends the wait under way and all that follow") {
    Pair pair;
    std::optional<net::Transfer> transfer;
    std::optional<error_code> written;
    start(pair.io, pair.near.read_some(asio::buffer(pair.space)), transfer);
    start(pair.io, pair.near.write(asio::buffer(large)), written);
    bool passed = false;
    net::Deadline later(pair.timers, [&] { passed = true; });
    later.expires_after(0ms);
    run_until(pair.io, [&] { return passed; });
    REQUIRE_FALSE(transfer);
    CHECK_FALSE(pair.near.interrupted());

    pair.near.interrupt();
    run_until(pair.io, [&] { return transfer && written; });
    CHECK(transfer->ec == asio::error::operation_aborted);
    CHECK(*written == asio::error::operation_aborted);
    CHECK(pair.near.interrupted());
    pair.near.expires_after(10s);
    CHECK(pair.read(pair.near).ec == asio::error::operation_aborted);
    CHECK(pair.write(pair.near, "x") == asio::error::operation_aborted);
}

TEST_CASE("one direction may end before the other") {
    Pair pair;
    pair.near.shutdown_send();
    CHECK(pair.read(pair.far).ec == asio::error::eof);
    CHECK_FALSE(pair.write(pair.far, "still here"));
    CHECK(pair.read(pair.near).size == 10);
}

TEST_CASE("a reset is not an orderly end") {
    Pair pair;
    pair.near.reset();
    CHECK(pair.read(pair.far).ec == asio::error::connection_reset);
    // Neither does a write to it end the process by a signal.
    CHECK(pair.write(pair.far, "x") == asio::error::broken_pipe);
}

TEST_CASE("a connection is quiet until its peer sends or ends") {
    Pair pair;
    CHECK(pair.near.is_quiet());
    SECTION("bytes") {
        CHECK_FALSE(pair.write(pair.far, "x"));
        CHECK_FALSE(pair.near.is_quiet());
        CHECK(pair.read(pair.near).size == 1); // looking has taken nothing
        CHECK(pair.near.is_quiet());
    }
    SECTION("an end") {
        pair.far.close();
        CHECK_FALSE(pair.near.is_quiet());
    }
    SECTION("a reset") {
        pair.far.reset();
        CHECK_FALSE(pair.near.is_quiet());
    }
    SECTION("closed by ourselves") {
        pair.near.close();
        CHECK_FALSE(pair.near.is_quiet());
    }
}
