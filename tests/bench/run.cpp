#include "tests/bench/run.hpp"

#include <stdexcept>

namespace egressd::bench {

namespace {

constexpr std::size_t piece = 256 * 1024; // as in origin.cpp
constexpr auto opening_limit = std::chrono::seconds(10);

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

} // namespace

Exchanges run_exchanges(const std::vector<Script>& scripts, std::size_t connections,
                        std::chrono::milliseconds duration) {
    struct Slot {
        Tunnel tunnel;
        std::size_t script = 0;
    };
    Exchanges result;
    Poll poll;
    std::vector<Slot> slots(connections);
    std::size_t next = 0;
    const auto begin = [&](std::size_t tag) {
        slots[tag].script = next++ % scripts.size();
        slots[tag].tunnel.begin(scripts[slots[tag].script], poll, tag);
    };
    const Clock::time_point start = Clock::now();
    const Clock::time_point end = start + duration;
    for (std::size_t tag = 0; tag < slots.size(); ++tag) {
        begin(tag);
    }
    while (Clock::now() < end) {
        for (const epoll_event& event : poll.wait(end)) {
            Tunnel& tunnel = slots[event.data.u64].tunnel;
            const Tunnel::Progress progress =
                tunnel.advance(scripts[slots[event.data.u64].script], event.events);
            if (progress == Tunnel::Progress::pending) {
                continue;
            }
            result.done += progress == Tunnel::Progress::done ? 1 : 0;
            if (progress == Tunnel::Progress::failed && ++result.failed == 1) {
                result.failure = tunnel.reply().empty() ? "no reply" : tunnel.reply();
            }
            tunnel.close();
            begin(event.data.u64);
        }
    }
    result.seconds = seconds_since(start);
    return result;
}

std::vector<Tunnel> open_idle(const Script& script, std::size_t count, std::chrono::milliseconds limit) {
    constexpr std::size_t at_once = 64; // fewer than any listen backlog
    Poll poll;
    std::vector<Tunnel> tunnels(count);
    const Clock::time_point end = Clock::now() + limit;
    std::size_t begun = 0;
    std::size_t done = 0;
    while (done < count) {
        for (; begun < count && begun - done < at_once; ++begun) {
            tunnels[begun].begin(script, poll, begun);
        }
        for (const epoll_event& event : poll.wait(end)) {
            Tunnel& tunnel = tunnels[event.data.u64];
            const Tunnel::Progress progress = tunnel.advance(script, event.events);
            if (progress == Tunnel::Progress::failed) {
                throw std::runtime_error("tunnel " + std::to_string(done + 1) +
                                         " was not opened: " + tunnel.reply());
            }
            done += progress == Tunnel::Progress::done ? 1 : 0;
        }
        if (Clock::now() > end) {
            throw std::runtime_error("only " + std::to_string(done) + " tunnels were open in time");
        }
    }
    return tunnels;
}

Bulk run_bulk(Script script, Direction direction, std::size_t connections,
              std::chrono::milliseconds duration) {
    const std::string order = std::exchange(script.hello, std::string());
    std::vector<Tunnel> tunnels = open_idle(script, connections, opening_limit);
    Poll poll;
    for (std::size_t tag = 0; tag < tunnels.size(); ++tag) {
        if (send(tunnels[tag].socket(), order).bytes != order.size()) {
            throw std::runtime_error("a tunnel closed before its first byte");
        }
        poll.add(tunnels[tag].socket(), direction == Direction::down ? EPOLLIN : EPOLLOUT, tag);
    }
    Bulk result;
    std::vector<char> buffer(piece, 'y');
    const Clock::time_point start = Clock::now();
    const Clock::time_point end = start + duration;
    while (Clock::now() < end) {
        for (const epoll_event& event : poll.wait(end)) {
            const Descriptor& socket = tunnels[event.data.u64].socket();
            const Moved moved = direction == Direction::down
                                    ? receive(socket, buffer)
                                    : send(socket, std::string_view(buffer.data(), buffer.size()));
            if (moved.flow == Flow::closed) {
                throw std::runtime_error("a tunnel closed in the middle of its stream");
            }
            result.bytes += moved.bytes;
        }
    }
    result.seconds = seconds_since(start);
    return result;
}

} // namespace egressd::bench
