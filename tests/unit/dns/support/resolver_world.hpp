// A resolver whose only server is the scripted one, with a clock that stands still until a test moves it.
#pragma once

#include "dns/cache.hpp"
#include "dns/resolver.hpp"
#include "tests/unit/dns/support/scripted_dns_server.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <vector>

namespace egressd::dns::test {

using namespace std::chrono_literals;

inline std::string text(const Result<Addresses>& result) {
    if (result.has_error()) {
        return (result.error().side == Side::self ? "self: " : "! ") + result.error().message;
    }
    std::string joined;
    for (const auto& address : result.value()) {
        joined += (joined.empty() ? "" : " ") + address.to_string();
    }
    return joined;
}

inline asio::awaitable<std::string> ask(Resolver* resolver, std::string name) {
    const Result<Addresses> result = co_await resolver->resolve(std::move(name));
    co_return text(result);
}

class World {
public:
    explicit World(ResolverOptions options = {}) {
        options.system = false;
        if (options.servers.empty()) {
            options.servers = {server.address()};
        }
        options.now = [this] { return now; };
        resolver = std::make_unique<Resolver>(io, std::move(options));
    }

    /// Starts a lookup; its result is at the returned index once run() is back.
    std::size_t start(const std::string& name, asio::cancellation_slot slot = {}) {
        const std::size_t index = results.size();
        results.emplace_back("pending");
        ++pending_;
        asio::co_spawn(
            io, ask(resolver.get(), name),
            asio::bind_cancellation_slot(slot, [this, index](std::exception_ptr error, std::string result) {
                results[index] = error ? "exception" : result;
                --pending_;
            }));
        return index;
    }

    void run() {
        while (pending_ > 0) {
            io.run_one();
        }
    }

    std::string lookup(const std::string& name) {
        const std::size_t index = start(name);
        run();
        return results[index];
    }

    asio::io_context io{1};
    ScriptedDnsServer server{io};
    Cache::Time now{1h};
    std::vector<std::string> results;
    std::unique_ptr<Resolver> resolver;

private:
    std::size_t pending_ = 0;
};

inline ResolverOptions impatient(std::chrono::milliseconds timeout, std::chrono::milliseconds try_timeout) {
    ResolverOptions options;
    options.timeout = timeout;
    options.try_timeout = try_timeout;
    return options;
}

/// x.test → 2001:db8::1, 192.0.2.1
inline void script_both(ScriptedDnsServer& server, std::uint32_t ttl) {
    server.script("x.test", Type::aaaa, {{address_record("x.test", "2001:db8::1", ttl)}});
    server.script("x.test", Type::a, {{address_record("x.test", "192.0.2.1", ttl)}});
}

} // namespace egressd::dns::test
