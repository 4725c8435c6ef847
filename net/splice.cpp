#include "net/splice.hpp"

#include <boost/asio/error.hpp>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace egressd::net {

namespace asio = boost::asio;

Pipe::~Pipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
}

std::unique_ptr<Pipe> PipePool::take() {
    if (!idle_.empty()) {
        std::unique_ptr<Pipe> pipe = std::move(idle_.back());
        idle_.pop_back();
        return pipe;
    }
    int ends[2];
    if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0)
        return nullptr;
    // Refused beyond the user's share of pipe memory: then the default size serves.
    ::fcntl(ends[1], F_SETPIPE_SZ, wanted_capacity);
    const int capacity = ::fcntl(ends[1], F_GETPIPE_SZ);
    return std::unique_ptr<Pipe>(
        new Pipe(ends[0], ends[1], capacity > 0 ? static_cast<std::size_t>(capacity) : 4096));
}

void PipePool::give_back(std::unique_ptr<Pipe> pipe) {
    if (idle_.size() < max_idle)
        idle_.push_back(std::move(pipe));
}

namespace {

/// A tunnel that always has more waits for its turn again after this much: one fast peer must not hold up a
/// worker's other sessions.
constexpr int max_moves = 16;

/// A move of less has most likely taken all there was: the next wait says so for the price of looking again.
constexpr std::size_t small_move = 4096;

enum class Step { moved, would_block, end, failed };

struct Splice {
    Step step = Step::failed;
    std::size_t size = 0;
    error_code ec;
};

Splice splice_some(int from, int to, std::size_t size) {
    const ssize_t result = ::splice(from, nullptr, to, nullptr, size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (result > 0)
        return {Step::moved, static_cast<std::size_t>(result), {}};
    if (result == 0)
        return {Step::end, 0, {}};
    if (errno == EAGAIN || errno == EINTR)
        return {Step::would_block, 0, {}};
    return {Step::failed, 0, error_code(errno, boost::system::system_category())};
}

/// Empties the pipe into `to`.
awaitable<error_code> drain(Connection& to, const Pipe& pipe, std::size_t held) {
    while (held > 0) {
        const Splice out = splice_some(pipe.read_end(), to.descriptor(), held);
        if (out.step == Step::failed || out.step == Step::end)
            co_return out.ec ? out.ec : error_code(asio::error::broken_pipe);
        held -= out.size;
        if (out.step == Step::moved)
            continue;
        const error_code ec = co_await to.wait(tcp::socket::wait_write);
        if (ec)
            co_return ec;
    }
    co_return error_code();
}

/// Without a descriptor left for a pipe, one piece goes through memory: slower, but the tunnel lives.
awaitable<Transfer> copy_some(Connection& from, Connection& to) {
    constexpr std::size_t piece = 16 * 1024;
    const std::unique_ptr<char[]> buffer = std::make_unique<char[]>(piece);
    Transfer transfer = co_await from.read_some(asio::buffer(buffer.get(), piece));
    if (!transfer.ec)
        transfer.ec = co_await to.write(asio::buffer(buffer.get(), transfer.size));
    co_return transfer;
}

} // namespace

awaitable<error_code> relay(Connection& from, Connection& to, PipePool& pipes, RelayLimits limits,
                            std::uint64_t& moved) {
    const auto count = [&](std::size_t size) {
        moved += size;
        from.expires_after(limits.idle);
        to.expires_after(limits.idle);
    };
    for (;;) {
        const error_code waited = co_await from.wait(tcp::socket::wait_read);
        if (waited)
            co_return waited;
        std::unique_ptr<Pipe> pipe = pipes.take();
        if (!pipe) {
            const Transfer copied = co_await copy_some(from, to);
            if (copied.ec == asio::error::eof) {
                to.shutdown_send();
                co_return error_code();
            }
            if (copied.ec)
                co_return copied.ec;
            count(copied.size);
            continue;
        }
        for (int moves = 0; moves < max_moves; ++moves) {
            const Splice in = splice_some(from.descriptor(), pipe->write_end(), pipe->capacity());
            if (in.step == Step::would_block)
                break;
            if (in.step == Step::failed)
                co_return in.ec;
            if (in.step == Step::end) {
                pipes.give_back(std::move(pipe));
                to.shutdown_send();
                co_return error_code();
            }
            const error_code drained = co_await drain(to, *pipe, in.size);
            if (drained)
                co_return drained; // the pipe may hold bytes: it is closed, not given back
            count(in.size);
            if (in.size < small_move)
                break;
        }
        pipes.give_back(std::move(pipe));
    }
}

} // namespace egressd::net
