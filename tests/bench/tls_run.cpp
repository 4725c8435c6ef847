#include "tests/bench/tls_run.hpp"

#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

namespace egressd::bench {

namespace {

constexpr std::size_t fill_size = 1024 * 1024;
constexpr auto opening_limit = std::chrono::seconds(20); // the slowest proxies shake hands 30 times a second

/// Bytes that no compression makes smaller.
std::string incompressible() {
    std::mt19937 generator; // the same bytes in every run
    std::string bytes(fill_size, '\0');
    for (char& byte : bytes) {
        byte = static_cast<char>(generator());
    }
    return bytes;
}

class TlsRun {
public:
    explicit TlsRun(TlsPlan plan)
        : plan_(std::move(plan)), context_(client_context(plan_.ca_file)), fill_(incompressible()),
          slots_(plan_.connections) {
        plan_.request.fill = fill_;
    }

    Exchanges run(const std::function<void()>& opened) {
        for (std::size_t tag = 0; tag < slots_.size(); ++tag) {
            begin(tag);
        }
        if (plan_.keep_alive) {
            open_all();
            opened();
        }
        const Clock::time_point start = Clock::now();
        const Clock::time_point end = start + plan_.duration;
        for (std::size_t tag = 0; plan_.keep_alive && tag < slots_.size(); ++tag) {
            settle(tag, slots_[tag].client.repeat());
        }
        while (!is_over(end)) {
            for (const epoll_event& event : poll_.wait(end)) {
                settle(event.data.u64, slots_[event.data.u64].client.advance(event.events));
            }
        }
        result_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
        return result_;
    }

private:
    struct Slot {
        TlsClient client;
        TlsTarget target;
    };

    bool is_over(Clock::time_point end) const {
        return (plan_.requests > 0 && result_.done >= plan_.requests) || Clock::now() >= end;
    }

    void begin(std::size_t tag) {
        Slot& slot = slots_[tag];
        if (slot.target.name.empty() || plan_.new_names) {
            const std::string prefix = plan_.new_names ? "n" + std::to_string(++names_) + "." : "";
            slot.target =
                make_target(plan_.endpoint, plan_.through_proxy, prefix + plan_.authority, plan_.request);
        }
        slot.client.begin(*context_, slot.target, plan_.request, poll_, tag);
    }

    /// One answer on each connection, which is not counted.
    void open_all() {
        const Clock::time_point end = Clock::now() + opening_limit;
        for (std::size_t open = 0; open < slots_.size();) {
            for (const epoll_event& event : poll_.wait(end)) {
                TlsClient& client = slots_[event.data.u64].client;
                const TlsClient::Progress progress = client.advance(event.events);
                if (progress == TlsClient::Progress::failed) {
                    throw std::runtime_error("connection " + std::to_string(open + 1) + ": " +
                                             client.failure());
                }
                open += progress == TlsClient::Progress::done ? 1 : 0;
            }
            if (Clock::now() > end) {
                throw std::runtime_error("only " + std::to_string(open) + " connections were open in time");
            }
        }
    }

    /// Counts what a connection has come to, and goes on with it or with a new one.
    void settle(std::size_t tag, TlsClient::Progress progress) {
        TlsClient& client = slots_[tag].client;
        // The next answer may be there before the next wait, so no edge would tell of it.
        while (progress == TlsClient::Progress::done) {
            ++result_.done;
            if (!plan_.keep_alive || (plan_.requests > 0 && result_.done >= plan_.requests)) {
                break;
            }
            progress = client.repeat();
        }
        if (progress == TlsClient::Progress::pending) {
            return;
        }
        if (progress == TlsClient::Progress::failed && ++result_.failed == 1) {
            result_.failure = client.failure();
        }
        client.close();
        begin(tag);
    }

    TlsPlan plan_;
    TlsContext context_;
    std::string fill_;
    std::vector<Slot> slots_;
    Poll poll_;
    std::uint64_t names_ = 0;
    Exchanges result_;
};

} // namespace

Exchanges run_tls(TlsPlan plan, const std::function<void()>& opened) {
    return TlsRun(std::move(plan)).run(opened);
}

} // namespace egressd::bench
