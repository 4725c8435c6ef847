#include "net/deadline.hpp"
#include "tests/unit/net/loopback.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <vector>

using namespace egressd;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

struct Wheel {
    boost::asio::io_context io{1};
    net::Timers timers{io};

    void run_until(const std::function<bool()>& done) { test::run_until(io, done); }
};

} // namespace

TEST_CASE("a deadline fires once, and never before its time") {
    Wheel wheel;
    for (const auto delay : {0ms, 1ms, 99ms, 100ms, 101ms, 250ms}) {
        int fired = 0;
        Clock::time_point at;
        net::Deadline deadline(wheel.timers, [&] {
            ++fired;
            at = Clock::now();
        });
        const Clock::time_point start = Clock::now();
        deadline.expires_after(delay);
        wheel.run_until([&] { return fired > 0; });
        CHECK(at - start >= delay);

        int later = 0;
        net::Deadline sentinel(wheel.timers, [&] { ++later; });
        sentinel.expires_after(250ms);
        wheel.run_until([&] { return later > 0; });
        CHECK(fired == 1);
    }
}

TEST_CASE("a deadline that is moved fires at its last time only") {
    Wheel wheel;
    int fired = 0;
    Clock::time_point at;
    net::Deadline deadline(wheel.timers, [&] {
        ++fired;
        at = Clock::now();
    });

    SECTION("later") {
        const Clock::time_point start = Clock::now();
        deadline.expires_after(100ms);
        deadline.expires_after(500ms);
        wheel.run_until([&] { return fired > 0; });
        CHECK(at - start >= 500ms);
    }
    SECTION("later, again and again, as traffic does") {
        int moves = 0;
        Clock::time_point last;
        net::Deadline mover(wheel.timers, [&] {
            deadline.expires_after(300ms);
            last = Clock::now();
            if (++moves < 4)
                mover.expires_after(100ms);
        });
        deadline.expires_after(300ms);
        mover.expires_after(100ms);
        wheel.run_until([&] { return fired > 0; });
        // A loaded machine may run the wheel late, so that the deadline passes before it is moved for the
        // last time.
        CHECK(at - last >= (moves == 4 ? 300ms : 0ms));
    }
    SECTION("earlier, from beyond one turn of the wheel") {
        deadline.expires_after(std::chrono::hours(1));
        const Clock::time_point start = Clock::now();
        deadline.expires_after(100ms);
        wheel.run_until([&] { return fired > 0; });
        CHECK(at - start >= 100ms);
        CHECK(at - start < std::chrono::minutes(1));
    }
    CHECK(fired == 1);
}

TEST_CASE("cancelled and destroyed deadlines are forgotten") {
    Wheel wheel;
    int wrong = 0;
    int fired = 0;
    net::Deadline cancelled(wheel.timers, [&] { ++wrong; });
    auto destroyed = std::make_unique<net::Deadline>(wheel.timers, [&] { ++wrong; });
    net::Deadline sentinel(wheel.timers, [&] { ++fired; });
    cancelled.expires_after(100ms);
    destroyed->expires_after(100ms);
    sentinel.expires_after(300ms);
    cancelled.cancel();
    cancelled.cancel();
    destroyed.reset();
    wheel.run_until([&] { return fired > 0; });
    CHECK(wrong == 0);

    cancelled.expires_after(100ms); // it can be set again
    wheel.run_until([&] { return wrong > 0; });
    CHECK(wrong == 1);
}

TEST_CASE("an expiry may destroy the others of its slot, and set itself again") {
    Wheel wheel;
    int fired = 0;
    std::vector<std::unique_ptr<net::Deadline>> doomed;
    for (int i = 0; i < 3; ++i)
        doomed.push_back(std::make_unique<net::Deadline>(wheel.timers, [] {}));
    std::unique_ptr<net::Deadline> killer;
    killer = std::make_unique<net::Deadline>(wheel.timers, [&] {
        doomed.clear();
        if (++fired < 3)
            killer->expires_after(50ms);
    });
    for (const auto& each : doomed)
        each->expires_after(100ms);
    killer->expires_after(100ms);
    wheel.run_until([&] { return fired == 3; });
    CHECK(doomed.empty());
}

TEST_CASE("many deadlines, each in its own time") {
    Wheel wheel;
    constexpr int count = 3000;
    int fired = 0;
    int early = 0;
    std::vector<std::unique_ptr<net::Deadline>> all;
    for (int i = 0; i < count; ++i) {
        const std::chrono::milliseconds delay(i % 500);
        const Clock::time_point due = Clock::now() + delay;
        all.push_back(std::make_unique<net::Deadline>(wheel.timers, [&, due] {
            ++fired;
            early += Clock::now() < due ? 1 : 0;
        }));
        all.back()->expires_after(delay);
        if (i % 3 == 0)
            all.back()->cancel();
    }
    wheel.run_until([&] { return fired == count - count / 3; });
    CHECK(early == 0);
}
