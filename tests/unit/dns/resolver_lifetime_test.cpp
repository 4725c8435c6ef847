// How lookups are shared, cancelled, bounded, and outlived by those who wait.
#include "dns/resolver.hpp"
#include "tests/unit/dns/support/resolver_world.hpp"

#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>

#include <stdexcept>
#include <string>

using namespace egressd;
using namespace egressd::dns;
using namespace egressd::dns::test;

TEST_CASE("callers of one name share one lookup, also with TTL 0") {
    World world;
    script_both(world.server, 0);
    for (int i = 0; i < 100; ++i) {
        world.start("x.test");
    }
    world.run();
    CHECK(world.server.queries() == 2);
    for (const std::string& result : world.results) {
        CHECK(result == "2001:db8::1 192.0.2.1");
    }
}

TEST_CASE("cancel fails what is pending, and the resolver goes on") {
    World world;
    world.server.script("x.test", Type::a, {{}, no_error, every});
    world.server.script("x.test", Type::aaaa, {{}, no_error, every});
    world.start("x.test");
    world.start("x.test");
    asio::post(world.io, [&] { world.resolver->cancel(); });
    world.run();
    CHECK(world.results[0] == "! the lookup was cancelled");
    CHECK(world.results[1] == "! the lookup was cancelled");
    script_both(world.server, 60);
    CHECK(world.lookup("x.test") == "2001:db8::1 192.0.2.1");
}

TEST_CASE("a resolver may go while coroutines wait for it") {
    World world;
    world.server.script("x.test", Type::a, {{}, no_error, every});
    world.server.script("x.test", Type::aaaa, {{}, no_error, every});
    world.start("x.test");
    world.start("y.test");
    asio::post(world.io, [&] { world.resolver.reset(); });
    world.run();
    CHECK(world.results[0] == "! the lookup was cancelled");
    CHECK(world.results[1] == "! the lookup was cancelled");
    world.io.poll();
}

TEST_CASE("an event loop may go while lookups are pending") {
    World world;
    world.server.script("x.test", Type::a, {{}, no_error, every});
    world.start("x.test");
    world.io.poll();
    CHECK(world.results[0] == "pending"); // what is left is the sanitizers' business
}

TEST_CASE("a caller that is cancelled leaves the others their lookup") {
    World world;
    script_both(world.server, 60);
    asio::cancellation_signal signal;
    world.start("x.test", signal.slot());
    world.start("x.test");
    asio::post(world.io, [&] { signal.emit(asio::cancellation_type::terminal); });
    world.run();
    CHECK(world.results[0] == "! the lookup was cancelled");
    CHECK(world.results[1] == "2001:db8::1 192.0.2.1");
    CHECK(world.server.queries() == 2);
}

TEST_CASE("lookups at one time are bounded") {
    World world;
    for (std::size_t i = 0; i <= max_lookups; ++i) {
        const std::string name = "n" + std::to_string(i) + ".test";
        world.server.script(name, Type::a, {{}, no_error, every});
        world.server.script(name, Type::aaaa, {{}, no_error, every});
        world.start(name);
    }
    asio::post(world.io, [&] { world.resolver->cancel(); });
    world.run();
    CHECK(world.results.front() == "! the lookup was cancelled");
    CHECK(world.results.back() == "self: too many names are being looked up");
}

TEST_CASE("a resolver without a usable server does not start") {
    asio::io_context io{1};
    ResolverOptions options;
    options.system = false;
    CHECK_THROWS_AS(Resolver(io, options), std::runtime_error);
    options.servers = {"not an address"};
    CHECK_THROWS_AS(Resolver(io, options), std::runtime_error);
}
