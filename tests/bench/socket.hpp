// The few socket calls that both ends of the benchmark need: non-blocking IPv4 sockets and an epoll set. It
// knows nothing of what is said over them. Plain system calls, so that the generator costs as little of the
// measured machine as it can.
#pragma once

#include <chrono>
#include <cstdint>
#include <netinet/in.h>
#include <span>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <utility>

namespace egressd::bench {

using Clock = std::chrono::steady_clock;

/// Owns one descriptor.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { close(); }

    void close();
    bool is_open() const { return number_ >= 0; }
    int number() const { return number_; }

private:
    int number_ = -1;
};

/// How a read or write ended. `blocked`: nothing to do until epoll says so; `closed`: end of stream or an
/// error.
enum class Flow { moved, blocked, closed };

struct Moved {
    Flow flow = Flow::blocked;
    std::size_t bytes = 0;
};

/// "127.0.0.1:8080"; throws std::runtime_error for anything that is not an IPv4 address and a port.
sockaddr_in parse_endpoint(const std::string& text);

Descriptor listen_on(const sockaddr_in& endpoint);

/// Begins a connection; EPOLLOUT tells its end. A closed descriptor when it failed at once.
Descriptor begin_connect(const sockaddr_in& endpoint);

/// The next connection, or a closed descriptor when there is none.
Descriptor accept_on(const Descriptor& listener);

Moved receive(const Descriptor& socket, std::span<char> into);
Moved send(const Descriptor& socket, std::string_view bytes);

/// Raises the soft descriptor limit to the hard one: 5,000 tunnels need as many descriptors.
void raise_descriptor_limit();

class Poll {
public:
    Poll();

    /// `tag` comes back with each event.
    void add(const Descriptor& socket, std::uint32_t events, std::uint64_t tag);
    void change(const Descriptor& socket, std::uint32_t events, std::uint64_t tag);

    /// Waits until `until` at most.
    std::span<const epoll_event> wait(Clock::time_point until);

private:
    static constexpr std::size_t batch = 256;
    Descriptor epoll_;
    epoll_event events_[batch] = {};
};

} // namespace egressd::bench
