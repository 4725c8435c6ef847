// How is an origin reached? Resolve once, judge every address, dial one of those that passed (RFC 8305), or
// go through the operator's parent proxy; and keep idle HTTP connections for the next request of the same
// task to the same name and port.
#pragma once

#include "audit/entry.hpp"
#include "config/settings.hpp"
#include "net/connection.hpp"
#include "policy/policy.hpp"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace egressd::proxy {

class Session;
class Worker;

/// Why no connection could be had; what the client and the log are told.
struct Failure {
    policy::Reason reason = policy::Reason::upstream_failed;
    std::string message;
};
[[noreturn]] void throw_exception_from_error(const Failure& failure, const boost::source_location& location);

/// A connection to an origin, or to the parent proxy on its behalf.
struct Origin {
    Origin(net::tcp::socket socket, net::Timers& timers) : connection(std::move(socket), timers) {}

    net::Connection connection;
    std::string buffered; // read and not yet consumed
    std::string ip;       // the address that was dialled, for the log
    bool through_parent = false;
    bool in_absolute_form = false; // a parent proxy that is told where to each request goes
    bool reused = false;           // came from the pool: its peer may have closed it meanwhile
};

using OriginResult = boost::system::result<std::unique_ptr<Origin>, Failure>;

/// What is wanted of a connection to an origin.
enum class Way {
    plain,  // HTTP; a parent proxy gets it in absolute-form
    tunnel, // bytes of any kind; a parent has answered CONNECT with success
    secure, // as a tunnel, and TLS in it with the origin, verified
};

/// Dials `attempt`'s origin, or the parent proxy where the settings route it there.
net::awaitable<OriginResult> reach_origin(Session& session, const policy::Decision& decision,
                                          const policy::Attempt& attempt, Way way);

/// Idle connections of one worker.
class OriginPool {
public:
    static constexpr std::size_t max_idle_per_key = 128; // a busy agent's parallel requests to one API
    static constexpr std::size_t max_idle = 512;         // descriptors that do nothing
    static constexpr std::chrono::milliseconds idle_timeout{15'000}; // below what origins usually allow

    explicit OriginPool(net::Timers& timers);

    static std::string key(const policy::Attempt& attempt, Way way);

    /// A connection whose peer has not closed it, or nullptr.
    std::unique_ptr<Origin> take(const std::string& key);
    void give_back(const std::string& key, std::unique_ptr<Origin> origin);
    void clear();

private:
    void drop_expired();
    void sweep();

    struct Idle {
        std::unique_ptr<Origin> origin;
        std::chrono::steady_clock::time_point since;
    };
    std::unordered_map<std::string, std::vector<Idle>> idle_;
    std::size_t count_ = 0;
    net::Deadline next_sweep_;
};

} // namespace egressd::proxy
