// How is a question put to the name servers? c-ares on an Asio loop: its sockets, its one timer, retries, the
// next server, TCP after truncation. It asks for exactly one name and one type at a time, and knows nothing
// of caches or of who waits.
#pragma once

#include "dns/answer.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace egressd::dns {

class Channel {
public:
    enum class Type { a, aaaa };
    /// Called once for each query, from inside c-ares and maybe from inside query() itself: it must not call
    /// the channel, must not throw, and must not resume a coroutine.
    using Done = std::function<void(Answer)>;

    /// `servers` as "address:port" or "[address]:port"; empty: those of /etc/resolv.conf. Throws
    /// std::runtime_error (start-up only) where c-ares refuses them.
    Channel(boost::asio::io_context& io, const std::vector<std::string>& servers,
            std::chrono::milliseconds try_timeout);
    /// Completes what is pending as cancelled.
    ~Channel();
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    void query(const std::string& name, Type type, Done done);

    /// Completes what is pending as cancelled.
    void cancel();

private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace egressd::dns
