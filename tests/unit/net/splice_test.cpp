#include "net/splice.hpp"
#include "tests/unit/net/loopback.hpp"

#include <boost/asio/error.hpp>
#include <catch2/catch.hpp>

#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <iterator>
#include <sys/resource.h>
#include <unistd.h>

using namespace egressd;
using namespace egressd::test;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

std::size_t open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// client - inner.near | relays | outer.near - origin: a tunnel as the proxy has it.
struct Tunnel {
    Tunnel(asio::io_context& io, net::Timers& timers) : inner(io, timers), outer(io, timers) {}

    void open(asio::io_context& io, net::PipePool& pipes, std::chrono::milliseconds idle = 30s) {
        inner.near.expires_after(idle);
        outer.near.expires_after(idle);
        start(io, net::relay(inner.near, outer.near, pipes, {idle}, moved_up), up);
        start(io, net::relay(outer.near, inner.near, pipes, {idle}, moved_down), down);
    }

    Ends inner;
    Ends outer;
    net::Connection& client = inner.far;
    net::Connection& origin = outer.far;
    std::optional<error_code> up;
    std::optional<error_code> down;
    std::uint64_t moved_up = 0;
    std::uint64_t moved_down = 0;
};

struct Loop {
    Loop() { std::signal(SIGPIPE, SIG_IGN); } // as the daemon does: splice(2) has no MSG_NOSIGNAL

    asio::io_context io{1};
    net::Timers timers{io};
    net::PipePool pipes;
};

struct Traffic {
    error_code sent_up;
    error_code sent_down;
    std::string at_origin;
    std::string at_client;
};

/// Sends `up` and `down` through the tunnel at the same time, to their ends.
Traffic move_traffic(Loop& loop, Tunnel& tunnel, const std::string& up, const std::string& down) {
    std::optional<error_code> sent_up;
    std::optional<error_code> sent_down;
    start(loop.io, send_all(&tunnel.client, up), sent_up);
    start(loop.io, send_all(&tunnel.origin, down), sent_down);
    // Nobody reads until both senders are stuck: the relay must bear back-pressure in both directions.
    bool stuck = false;
    net::Deadline pause(loop.timers, [&] { stuck = true; });
    pause.expires_after(200ms);
    run_until(loop.io, [&] { return stuck; });
    std::optional<std::string> at_origin;
    std::optional<std::string> at_client;
    start(loop.io, read_all(&tunnel.origin), at_origin);
    start(loop.io, read_all(&tunnel.client), at_client);
    run_until(loop.io, [&] { return tunnel.up && tunnel.down && at_origin && at_client; });
    return {*sent_up, *sent_down, std::move(*at_origin), std::move(*at_client)};
}

/// The same, and expects the bytes unchanged.
void check_traffic(Loop& loop, Tunnel& tunnel, const std::string& up, const std::string& down) {
    const Traffic traffic = move_traffic(loop, tunnel, up, down);
    CHECK_FALSE(traffic.sent_up);
    CHECK_FALSE(traffic.sent_down);
    CHECK_FALSE(*tunnel.up);
    CHECK_FALSE(*tunnel.down);
    CHECK((traffic.at_origin == up));
    CHECK((traffic.at_client == down));
    CHECK(tunnel.moved_up == up.size());
    CHECK(tunnel.moved_down == down.size());
}

/// Leaves this process without a free descriptor while it lives.
class NoDescriptors {
public:
    NoDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        rlimit few = before_;
        few.rlim_cur = 64;
        ::setrlimit(RLIMIT_NOFILE, &few);
        for (int descriptor = ::open("/dev/null", O_RDONLY); descriptor >= 0;
             descriptor = ::open("/dev/null", O_RDONLY))
            held_.push_back(descriptor);
    }
    ~NoDescriptors() {
        for (const int descriptor : held_)
            ::close(descriptor);
        ::setrlimit(RLIMIT_NOFILE, &before_);
    }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;

private:
    rlimit before_{};
    std::vector<int> held_;
};

} // namespace

TEST_CASE("bytes pass a relay unchanged in both directions, under back-pressure") {
    Loop loop;
    Tunnel tunnel(loop.io, loop.timers);
    tunnel.open(loop.io, loop.pipes);
    check_traffic(loop, tunnel, pattern(24 << 20, 1), pattern((20 << 20) + 1, 2));
}

TEST_CASE("without a descriptor for a pipe the bytes pass all the same") {
    Loop loop;
    Tunnel tunnel(loop.io, loop.timers);
    Tunnel before(loop.io, loop.timers);
    const std::string up = pattern(9 << 20, 3);
    // UBSan needs a pipe for each type that it sees for the first time: it shall have seen them all.
    net::PipePool other;
    before.open(loop.io, other);
    move_traffic(loop, before, up, "down");
    bool had_pipe = true;
    Traffic traffic;
    {
        const NoDescriptors none;
        had_pipe = loop.pipes.take() != nullptr;
        tunnel.open(loop.io, loop.pipes);
        traffic = move_traffic(loop, tunnel, up, "down");
    }
    CHECK_FALSE(had_pipe);
    CHECK_FALSE(*tunnel.up);
    CHECK((traffic.at_origin == up));
    CHECK(traffic.at_client == "down");
    CHECK(tunnel.moved_up == up.size());
}

TEST_CASE("a half-closed tunnel carries the other direction on") {
    Loop loop;
    Tunnel tunnel(loop.io, loop.timers);
    tunnel.open(loop.io, loop.pipes);
    CHECK_FALSE(run(loop.io, send_all(&tunnel.client, "request")));
    CHECK(run(loop.io, read_all(&tunnel.origin)) == "request");
    run_until(loop.io, [&] { return tunnel.up.has_value(); });
    CHECK_FALSE(*tunnel.up);
    CHECK_FALSE(tunnel.down);
    CHECK_FALSE(run(loop.io, send_all(&tunnel.origin, "answer")));
    CHECK(run(loop.io, read_all(&tunnel.client)) == "answer");
    run_until(loop.io, [&] { return tunnel.down.has_value(); });
    CHECK_FALSE(*tunnel.down);
}

TEST_CASE("idle tunnels hold no pipe, before and after traffic") {
    Loop loop;
    constexpr std::size_t count = 40;
    std::vector<std::unique_ptr<Tunnel>> tunnels;
    for (std::size_t i = 0; i < count; ++i)
        tunnels.push_back(std::make_unique<Tunnel>(loop.io, loop.timers));
    const std::size_t before = open_descriptors();
    for (const auto& tunnel : tunnels)
        tunnel->open(loop.io, loop.pipes);
    std::string space(16, '\0');
    const auto everyone_speaks = [&] {
        for (const auto& tunnel : tunnels) {
            CHECK_FALSE(run(loop.io, tunnel->client.write(asio::buffer("ping", 4))));
            CHECK(run(loop.io, tunnel->origin.read_some(asio::buffer(space))).size == 4);
        }
    };
    everyone_speaks();
    const std::size_t after = open_descriptors();
    // The pool keeps a few; every pipe is two descriptors.
    CHECK(after - before <= 2 * net::PipePool::max_idle);
    CHECK(after - before < 2 * count);
    everyone_speaks();
    CHECK(open_descriptors() == after);
    for (const auto& tunnel : tunnels) {
        tunnel->inner.near.interrupt();
        tunnel->outer.near.interrupt();
        run_until(loop.io, [&] { return tunnel->up && tunnel->down; });
        CHECK(*tunnel->up == asio::error::operation_aborted);
    }
}

TEST_CASE("a tunnel in which nothing moves ends at its idle limit") {
    Loop loop;
    Tunnel tunnel(loop.io, loop.timers);
    const auto start_time = std::chrono::steady_clock::now();
    tunnel.open(loop.io, loop.pipes, 300ms);
    run_until(loop.io, [&] { return tunnel.up && tunnel.down; });
    CHECK(std::chrono::steady_clock::now() - start_time >= 300ms);
    CHECK(*tunnel.up == asio::error::timed_out);
    CHECK(*tunnel.down == asio::error::timed_out);
}

TEST_CASE("bytes that could not be delivered do not turn up in another tunnel") {
    Loop loop;
    Tunnel broken(loop.io, loop.timers);
    broken.outer.near.expires_after(30s);
    // The origin is gone, and egressd knows: the pipe is filled, and can't be emptied.
    broken.origin.reset();
    std::string space(16, '\0');
    CHECK(run(loop.io, broken.outer.near.read_some(asio::buffer(space))).ec == asio::error::connection_reset);
    CHECK_FALSE(run(loop.io, broken.client.write(asio::buffer("secret", 6))));
    CHECK(run(loop.io, net::relay(broken.inner.near, broken.outer.near, loop.pipes, {30s}, broken.moved_up)));
    CHECK(broken.moved_up == 0);

    Tunnel next(loop.io, loop.timers);
    next.open(loop.io, loop.pipes);
    check_traffic(loop, next, "mine", "yours");
}

TEST_CASE("a relay that is cut off tells its error") {
    Loop loop;
    Tunnel tunnel(loop.io, loop.timers);
    tunnel.open(loop.io, loop.pipes);
    tunnel.client.reset();
    run_until(loop.io, [&] { return tunnel.up.has_value(); });
    CHECK(*tunnel.up == asio::error::connection_reset);
    tunnel.inner.near.interrupt();
    tunnel.outer.near.interrupt();
    run_until(loop.io, [&] { return tunnel.down.has_value(); });
}
