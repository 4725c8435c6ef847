// How do the bytes of an opaque tunnel move? In the kernel, by splice(2), without ever being copied into this
// process. A pipe is borrowed from the worker's pool only while bytes are in it, so that an idle tunnel holds
// two sockets and nothing else.
#pragma once

#include "net/connection.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace egressd::net {

/// A pipe(2), non-blocking, empty whenever it lies in the pool.
class Pipe {
public:
    ~Pipe();
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    int read_end() const { return ends_[0]; }
    int write_end() const { return ends_[1]; }
    std::size_t capacity() const { return capacity_; }

private:
    friend class PipePool;
    Pipe(int read_end, int write_end, std::size_t capacity)
        : ends_{read_end, write_end}, capacity_(capacity) {}
    int ends_[2];
    std::size_t capacity_;
};

class PipePool {
public:
    /// More moves fewer times; the kernel grants an unprivileged user 64 MiB of pipes in all, then
    /// default-sized ones.
    static constexpr std::size_t wanted_capacity = 512 * 1024;
    static constexpr std::size_t max_idle = 4;

    /// nullptr when no descriptor is left.
    std::unique_ptr<Pipe> take();
    /// `pipe` must be empty; one that may hold bytes is to be destroyed instead.
    void give_back(std::unique_ptr<Pipe> pipe);

private:
    std::vector<std::unique_ptr<Pipe>> idle_;
};

/// When a tunnel counts as idle: a move in either direction starts the time anew for both.
struct RelayLimits {
    std::chrono::milliseconds idle{};
};

/// Moves bytes from `from` to `to` until `from` ends (then `to` gets a FIN), adding to `moved`. Each move
/// pushes both connections' deadlines on by `limits.idle`. Returns no error for an orderly end. The
/// process ignores SIGPIPE: splice(2) can't be told not to raise it.
awaitable<error_code> relay(Connection& from, Connection& to, PipePool& pipes, RelayLimits limits,
                            std::uint64_t& moved);

} // namespace egressd::net
