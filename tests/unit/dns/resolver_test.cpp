#include "dns/resolver.hpp"
#include "tests/unit/dns/support/resolver_world.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace egressd;
using namespace egressd::dns;
using namespace egressd::dns::test;

TEST_CASE("both families are asked once and come back, IPv6 first") {
    World world;
    world.server.script(
        "x.test", Type::aaaa,
        {{address_record("x.test", "2001:db8::2", 60), address_record("x.test", "2001:db8::1", 60)}});
    world.server.script(
        "x.test", Type::a,
        {{address_record("x.test", "192.0.2.2", 60), address_record("x.test", "192.0.2.1", 60),
          address_record("x.test", "192.0.2.2", 60)}});
    CHECK(world.lookup("x.test") == "2001:db8::2 2001:db8::1 192.0.2.2 192.0.2.1");
    CHECK(world.server.queries("x.test", Type::a) == 1);
    CHECK(world.server.queries("x.test", Type::aaaa) == 1);
    CHECK(world.server.queries() == 2);
}

TEST_CASE("a name with one family only resolves") {
    World world;
    world.server.script("four.test", Type::a, {{address_record("four.test", "192.0.2.1", 60)}});
    world.server.script("six.test", Type::aaaa, {{address_record("six.test", "2001:db8::1", 60)}});
    CHECK(world.lookup("four.test") == "192.0.2.1");
    CHECK(world.lookup("six.test") == "2001:db8::1");
}

TEST_CASE("aliases are followed, and the smallest TTL on the way counts") {
    World world;
    world.server.script("x.test", Type::a,
                        {{alias_record("x.test", "y.test", 40), alias_record("y.test", "z.test", 10),
                          address_record("z.test", "192.0.2.1", 100)}});
    CHECK(world.lookup("x.test") == "192.0.2.1");
    world.now += 9s;
    CHECK(world.lookup("x.test") == "192.0.2.1");
    CHECK(world.server.queries("x.test", Type::a) == 1);
    world.now += 1s;
    CHECK(world.lookup("x.test") == "192.0.2.1");
    CHECK(world.server.queries("x.test", Type::a) == 2);
    CHECK(world.server.queries("z.test", Type::a) == 0);
}

TEST_CASE("an answer is used until its TTL has passed, then asked for again") {
    World world;
    script_both(world.server, 30);
    CHECK(world.lookup("x.test") == "2001:db8::1 192.0.2.1");
    world.server.script("x.test", Type::a, {{address_record("x.test", "192.0.2.9", 30)}});
    world.now += 29s;
    CHECK(world.lookup("x.test") == "2001:db8::1 192.0.2.1");
    CHECK(world.server.queries() == 2);
    world.now += 1s;
    CHECK(world.lookup("x.test") == "2001:db8::1 192.0.2.9");
    CHECK(world.server.queries() == 4);
}

TEST_CASE("an answer with TTL 0, or with one that RFC 2181 8 calls 0, is not kept") {
    for (const std::uint32_t ttl : {0U, 0x80000001U}) {
        World world;
        script_both(world.server, ttl);
        world.lookup("x.test");
        world.lookup("x.test");
        CHECK(world.server.queries("x.test", Type::a) == 2);
    }
}

TEST_CASE("a name that does not exist is asked for again after some seconds only") {
    World world;
    CHECK(world.lookup("x.test") == "! no such name (NXDOMAIN)");
    CHECK(world.lookup("x.test") == "! no such name (NXDOMAIN)");
    CHECK(world.server.queries() == 2);
    script_both(world.server, 60);
    world.now += negative_lifetime;
    CHECK(world.lookup("x.test") == "2001:db8::1 192.0.2.1");
}

TEST_CASE("a name without an address is told apart from one that does not exist") {
    World world;
    world.server.script("x.test", Type::a, {});
    CHECK(world.lookup("x.test") == "! the name has no address");
    CHECK(world.lookup("x.test") == "! the name has no address");
    CHECK(world.server.queries() == 2);
}

TEST_CASE("a server's failure is an error, and is not remembered") {
    World world;
    world.server.script("x.test", Type::a, {{}, server_failure});
    world.server.script("x.test", Type::aaaa, {{}, server_failure});
    CHECK(world.lookup("x.test") == "! the name servers failed, or could not be reached");
    script_both(world.server, 60);
    CHECK(world.lookup("x.test") == "2001:db8::1 192.0.2.1");
}

TEST_CASE("a failing server's place is taken by the next") {
    asio::io_context io{1};
    ScriptedDnsServer failing{io};
    failing.script("x.test", Type::a, {{}, server_failure});
    failing.script("x.test", Type::aaaa, {{}, server_failure});
    ScriptedDnsServer good{io};
    script_both(good, 60);
    ResolverOptions options;
    options.system = false;
    options.servers = {failing.address(), good.address()};
    Resolver resolver(io, options);
    std::string result;
    asio::co_spawn(io, ask(&resolver, "x.test"),
                   [&](std::exception_ptr, std::string value) { result = value; });
    while (result.empty()) {
        io.run_one();
    }
    CHECK(result == "2001:db8::1 192.0.2.1");
    CHECK(failing.queries("x.test", Type::a) >= 1);
}

TEST_CASE("a silent server is an error when the time is over") {
    World world(impatient(150ms, 5'000ms));
    world.server.script("x.test", Type::a, {{}, no_error, every});
    world.server.script("x.test", Type::aaaa, {{}, no_error, every});
    const auto before = std::chrono::steady_clock::now();
    CHECK(world.lookup("x.test") == "! the name servers did not answer in time");
    const auto took = std::chrono::steady_clock::now() - before;
    CHECK(took >= 150ms);
    CHECK(took < 3s);
    // Nothing was remembered, and the queries that are still under way do not disturb the next lookup.
    script_both(world.server, 60);
    CHECK(world.lookup("x.test") == "2001:db8::1 192.0.2.1");
}

TEST_CASE("an answer that comes after the deadline is not used") {
    World world(impatient(60ms, 150ms));
    for (const Type type : {Type::a, Type::aaaa}) {
        world.server.script("x.test", type, {{}, name_error, 1});
    }
    CHECK(world.lookup("x.test") == "! the name servers did not answer in time");
    // The second try is answered when nobody waits any more.
    while (world.server.queries("x.test", Type::a) < 2 || world.server.queries("x.test", Type::aaaa) < 2) {
        world.io.run_one();
    }
    world.io.poll();
    script_both(world.server, 60);
    CHECK(world.lookup("x.test") == "2001:db8::1 192.0.2.1");
}

TEST_CASE("a lost datagram is sent again") {
    World world(impatient(5'000ms, 60ms));
    script_both(world.server, 60);
    world.server.script("x.test", Type::a, {{address_record("x.test", "192.0.2.1", 60)}, no_error, 1});
    world.server.script("x.test", Type::aaaa, {{address_record("x.test", "2001:db8::1", 60)}, no_error, 1});
    CHECK(world.lookup("x.test") == "2001:db8::1 192.0.2.1");
    CHECK(world.server.queries("x.test", Type::a) == 2);
}

TEST_CASE("a family whose servers are silent does not hold up the other, and is asked for again soon") {
    World world(impatient(10'000ms, 10'000ms));
    script_both(world.server, 200);
    world.server.script("x.test", Type::aaaa, {{}, no_error, every});
    const auto before = std::chrono::steady_clock::now();
    CHECK(world.lookup("x.test") == "192.0.2.1");
    CHECK(std::chrono::steady_clock::now() - before < 5s);
    CHECK(world.lookup("x.test") == "192.0.2.1");
    CHECK(world.server.queries("x.test", Type::a) == 1);
    script_both(world.server, 200);
    world.now += negative_lifetime;
    CHECK(world.lookup("x.test") == "2001:db8::1 192.0.2.1");
}

TEST_CASE("a truncated answer is asked for again over TCP") {
    World world;
    Reply reply;
    for (int i = 1; i <= 200; ++i) {
        reply.records.push_back(address_record("x.test", "192.0.2." + std::to_string(i), 60));
    }
    reply.truncated = true;
    world.server.script("x.test", Type::a, reply);
    const std::string result = world.lookup("x.test");
    CHECK(result.starts_with("192.0.2.1 192.0.2.2 "));
    CHECK(result.ends_with(" 192.0.2." + std::to_string(max_addresses_per_family)));
    CHECK(world.server.tcp_queries() == 1);
}

TEST_CASE("an answer with a foreign id is not taken") {
    World world(impatient(150ms, 5'000ms));
    script_both(world.server, 60);
    Reply forged{{address_record("x.test", "192.0.2.66", 60)}};
    forged.wrong_id = true;
    world.server.script("x.test", Type::a, forged);
    world.server.script("x.test", Type::aaaa, {{}, no_error, every});
    CHECK(world.lookup("x.test") == "! the name servers did not answer in time");
}

TEST_CASE("a server that is not there is an error at once") {
    ResolverOptions options;
    {
        asio::io_context io{1};
        options.servers = {ScriptedDnsServer{io}.address()};
    }
    World world(options);
    CHECK(world.lookup("x.test") == "! the name servers failed, or could not be reached");
}

TEST_CASE("static hosts are answered without a query") {
    ResolverOptions options;
    options.hosts["origin.test"] = {asio::ip::make_address("127.0.0.2"), asio::ip::make_address("10.0.0.1")};
    World world(options);
    CHECK(world.lookup("origin.test") == "127.0.0.2 10.0.0.1");
    CHECK(world.server.queries() == 0);
    CHECK(world.lookup("a.origin.test") == "! no such name (NXDOMAIN)");
    CHECK(world.server.queries() == 2);
}

TEST_CASE("localhost and what is below it is this machine, without a query") {
    World world;
    CHECK(world.lookup("localhost") == "::1 127.0.0.1");
    CHECK(world.lookup("a.b.localhost") == "::1 127.0.0.1");
    CHECK(world.server.queries() == 0);
    world.lookup("notlocalhost");
    CHECK(world.server.queries() == 2);
}

TEST_CASE("what is not a canonical name is never sent") {
    World world;
    const std::string names[] = {"",
                                 "X.test",
                                 "x.test.",
                                 "192.0.2.1",
                                 "2001:db8::1",
                                 "x..test",
                                 "x .test",
                                 "x%2e.test",
                                 "*.test",
                                 "x\\046test",
                                 "x.test/",
                                 "1.2",
                                 {"x\0.test", 7},
                                 std::string(300, 'x')};
    for (const std::string& name : names) {
        INFO(name);
        CHECK(world.lookup(name) == "self: only a canonical name can be looked up");
    }
    CHECK(world.server.queries() == 0);
}

TEST_CASE("the name is asked as it is, without a search list") {
    World world;
    CHECK(world.lookup("single") == "! no such name (NXDOMAIN)");
    CHECK(world.server.queries("single", Type::a) == 1);
    CHECK(world.server.queries() == 2);
}
