// When is a wait over? Thousands of coarse deadlines a worker for the price of one timer: setting one is a
// few stores, so that every wait can have one. (One steady_timer or watchdog coroutine a connection costs
// microseconds each time it is moved.)
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>

namespace egressd::net {

class Deadline;

/// The timing wheel of one worker; used from its thread only, and outlives its deadlines.
class Timers {
public:
    /// A deadline fires at most two ticks late, never early.
    static constexpr std::chrono::milliseconds tick{100};

    explicit Timers(boost::asio::io_context& io);
    Timers(const Timers&) = delete;
    Timers& operator=(const Timers&) = delete;

private:
    friend class Deadline;
    static constexpr std::size_t slots = 512; // 51 s a turn; longer deadlines go round again

    std::uint64_t tick_of(std::chrono::steady_clock::time_point when) const;
    void link(Deadline& deadline);
    void arm();
    void on_tick();
    void run_slot(std::uint64_t at);

    boost::asio::steady_timer timer_;
    std::chrono::steady_clock::time_point epoch_;
    std::array<Deadline*, slots> heads_{};
    std::uint64_t done_ = 0; // the last tick that was run
    std::size_t linked_ = 0;
    bool armed_ = false;
};

/// One movable point in time with one thing to do. Destroying or cancelling it forgets it.
class Deadline {
public:
    Deadline(Timers& timers, std::function<void()> on_expiry);
    ~Deadline() { cancel(); }
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    void expires_after(std::chrono::milliseconds delay);
    void cancel();

private:
    friend class Timers;
    void unlink();

    Timers& timers_;
    std::function<void()> on_expiry_;
    std::chrono::steady_clock::time_point expiry_;
    std::uint64_t slot_tick_ = 0; // the tick at which the wheel looks at it; not after expiry_'s tick
    Deadline* previous_ = nullptr;
    Deadline* next_ = nullptr;
    bool linked_ = false;
};

} // namespace egressd::net
