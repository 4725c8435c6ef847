#include "proxy/origin.hpp"
#include "tests/unit/net/loopback.hpp"

#include <catch2/catch.hpp>

using namespace egressd;
using namespace egressd::proxy;
using namespace egressd::test;

namespace {

struct Pool {
    boost::asio::io_context io{1};
    net::Timers timers{io};
    OriginPool pool{timers};

    /// Gives a new connection to the pool; the far end of it.
    tcp::socket add(const std::string& key, const std::string& ip = "") {
        std::pair<tcp::socket, tcp::socket> sockets = connected(io);
        auto origin = std::make_unique<Origin>(std::move(sockets.first), timers);
        origin->ip = ip;
        pool.give_back(key, std::move(origin));
        return std::move(sockets.second);
    }
};

bool is_ended(tcp::socket& far) {
    char byte = 0;
    error_code ec;
    far.non_blocking(true);
    far.read_some(boost::asio::buffer(&byte, 1), ec);
    return ec == boost::asio::error::eof;
}

} // namespace

TEST_CASE("a connection comes back under its key only, and once") {
    Pool pool;
    const tcp::socket far = pool.add("a", "192.0.2.1");
    CHECK(pool.pool.take("b") == nullptr);
    const std::unique_ptr<Origin> taken = pool.pool.take("a");
    REQUIRE(taken);
    CHECK(taken->ip == "192.0.2.1");
    CHECK(taken->reused);
    CHECK(pool.pool.take("a") == nullptr);
}

TEST_CASE("connections of one task are not another's, nor another port's or name's") {
    policy::Attempt attempt;
    attempt.task = "one";
    attempt.host = net::Host::parse("a.example").value();
    attempt.port = 80;
    policy::Attempt task = attempt;
    task.task = "two";
    policy::Attempt port = attempt;
    port.port = 8080;
    policy::Attempt host = attempt;
    host.host = net::Host::parse("b.example").value();
    for (const Way way : {Way::plain, Way::secure}) {
        CHECK(OriginPool::key(attempt, way) == OriginPool::key(policy::Attempt(attempt), way));
        for (const policy::Attempt& other : {task, port, host})
            CHECK(OriginPool::key(other, way) != OriginPool::key(attempt, way));
    }
}

TEST_CASE("a connection in plain text is not for requests that belong inside TLS, nor the other way round") {
    policy::Attempt attempt;
    attempt.task = "one";
    attempt.host = net::Host::parse("a.example").value();
    attempt.port = 8443;
    CHECK(OriginPool::key(attempt, Way::plain) != OriginPool::key(attempt, Way::secure));
}

TEST_CASE("a connection that is not fit for use is not handed out") {
    Pool pool;
    tcp::socket good = pool.add("a", "good");
    tcp::socket bad = pool.add("a", "bad");
    SECTION("closed by its peer") {
        bad.close();
    }
    SECTION("with bytes that nobody asked for") {
        boost::asio::const_buffer bytes("HTTP/1.1 408 x\r\n", 16);
        bad.write_some(bytes);
    }
    SECTION("reset") {
        bad.set_option(boost::asio::socket_base::linger(true, 0));
        bad.close();
    }
    const std::unique_ptr<Origin> taken = pool.pool.take("a");
    REQUIRE(taken);
    CHECK(taken->ip == "good");
    CHECK(pool.pool.take("a") == nullptr);
}

TEST_CASE("the pool is bounded, and what it does not keep is closed") {
    Pool pool;
    std::vector<tcp::socket> far;
    for (std::size_t i = 0; i < OriginPool::max_idle_per_key; ++i)
        far.push_back(pool.add("a"));
    CHECK_FALSE(is_ended(far.front()));
    tcp::socket surplus = pool.add("a");
    CHECK(is_ended(surplus));
    tcp::socket other = pool.add("b");
    CHECK_FALSE(is_ended(other));
    pool.pool.clear();
    CHECK(is_ended(far.front()));
    CHECK(is_ended(other));
    CHECK(pool.pool.take("a") == nullptr);
    const tcp::socket again = pool.add("a");
    CHECK(pool.pool.take("a") != nullptr);
}
