// What addresses does a name have? The resolver that egressd asks on its own behalf, after a name was let
// through and its attempt is in the log. It classifies nothing and decides nothing: the caller judges every
// address before it dials one.
#pragma once

#include "dns/answer.hpp"
#include "net/result.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace egressd::dns {

/// Names that are looked up at one time: an agent with more open is asking for names, not for connections. It
/// also keeps the 16 bits of query ids sparse, in which c-ares searches for a free one.
inline constexpr std::size_t max_lookups = 4096;

/// Once one family has an address, the other one's servers get this much more (RFC 8305 3 has 50 ms for a
/// host that is near its resolver): some name servers never answer AAAA, and must not cost every new
/// connection a timeout.
inline constexpr std::chrono::milliseconds straggler_wait{250};

struct ResolverOptions {
    bool system = true;               // servers of /etc/resolv.conf
    std::vector<std::string> servers; // else "address:port" / "[address]:port", in order
    std::map<std::string, std::vector<boost::asio::ip::address>>
        hosts;                                    // static answers, never asked upstream
    std::chrono::milliseconds timeout{5'000};     // of a whole lookup
    std::chrono::milliseconds try_timeout{1'500}; // until a server is asked again, or the next one
    std::function<std::chrono::steady_clock::time_point()> now =
        &std::chrono::steady_clock::now; // the cache's clock
};

/// One a worker: used from its io_context's thread only.
class Resolver {
public:
    /// Throws std::runtime_error (start-up only) where there is no usable server.
    Resolver(boost::asio::io_context& io, ResolverOptions options);
    /// Fails what is pending, as cancel() does; waiting coroutines may outlive the resolver.
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    /// The addresses of `name`, the canonical text of a net::Host that is not an address: IPv6 first, then
    /// IPv4, each in the servers' order (not RFC 6724: its sorting costs system calls for each address, and
    /// the dialer tries both families anyway), without duplicates, at most 32. From `hosts`; for localhost
    /// and what is below it always ::1 and 127.0.0.1 (RFC 6761 6.3); else from the cache or from one query a
    /// type. Concurrent calls for one name share one lookup. No search list and no hosts file: the name that
    /// was judged is the name that is asked. Error (Side::origin): no such name, no address, timeout, servers
    /// failed; the message says which, without the name. Error (Side::self): not a canonical name, or too
    /// many lookups.
    boost::asio::awaitable<Result<Addresses>> resolve(std::string name);
    /// The same, with how long it holds.
    boost::asio::awaitable<Outcome> look_up(std::string name);
    /// What look_up() would say without asking anybody; nullopt where it would ask.
    std::optional<Outcome> known(const std::string& name);

    /// Fails what is pending; for stop.
    void cancel();

private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace egressd::dns
