#include "tests/bench/origin.hpp"

#include "tests/bench/socket.hpp"
#include "tests/bench/wire.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace egressd::bench {

namespace {

constexpr std::size_t piece =
    256 * 1024; // one read or write of a bulk stream: few system calls, within the L2 cache

struct Session {
    Descriptor socket;
    std::string hello; // what has come of it
    bool ordered = false;
    Request request;
};

class Origin {
public:
    explicit Origin(const sockaddr_in& endpoint) : listener_(listen_on(endpoint)), buffer_(piece, 'x') {
        poll_.add(listener_, EPOLLIN, listener_tag);
    }

    [[noreturn]] void run() {
        for (;;) {
            for (const epoll_event& event : poll_.wait(Clock::now() + std::chrono::seconds(1))) {
                if (event.data.u64 == listener_tag) {
                    accept_all();
                } else if (!step(sessions_[event.data.u64])) {
                    sessions_[event.data.u64] = Session();
                    free_.push_back(event.data.u64);
                }
            }
        }
    }

private:
    static constexpr std::uint64_t listener_tag = ~std::uint64_t{0};

    void accept_all() {
        for (Descriptor socket = accept_on(listener_); socket.is_open(); socket = accept_on(listener_)) {
            std::uint64_t tag = sessions_.size();
            if (free_.empty()) {
                sessions_.emplace_back();
            } else {
                tag = free_.back();
                free_.pop_back();
            }
            sessions_[tag].socket = std::move(socket);
            poll_.add(sessions_[tag].socket, EPOLLIN, tag);
        }
    }

    /// Goes on with a session; false when it is over.
    bool step(Session& session) {
        if (!session.ordered) {
            return read_hello(session);
        }
        if (session.request.order == Order::source) {
            return send(session.socket, std::string_view(buffer_.data(), buffer_.size())).flow !=
                   Flow::closed;
        }
        return receive(session.socket, buffer_).flow != Flow::closed;
    }

    bool read_hello(Session& session) {
        const Moved moved = receive(session.socket, buffer_);
        session.hello.append(buffer_.data(), moved.bytes);
        const std::optional<std::size_t> length = record_length(session.hello);
        if (!length || session.hello.size() < *length) {
            return moved.flow != Flow::closed;
        }
        const std::optional<Request> request = parse(session.hello);
        if (!request) {
            return false;
        }
        session.ordered = true;
        session.request = *request;
        if (request->order == Order::source) {
            poll_.change(session.socket, EPOLLOUT, static_cast<std::uint64_t>(&session - sessions_.data()));
        }
        if (request->order == Order::answer) {
            // Small by contract, so that it fits the socket's buffer in one call.
            const std::string_view answer(buffer_.data(),
                                          std::min<std::size_t>(request->amount, buffer_.size()));
            return send(session.socket, answer).bytes == answer.size();
        }
        return true;
    }

    Descriptor listener_;
    Poll poll_;
    std::vector<char> buffer_;
    std::vector<Session> sessions_;
    std::vector<std::uint64_t> free_;
};

} // namespace

void serve_origin(const sockaddr_in& endpoint) {
    Origin(endpoint).run();
}

} // namespace egressd::bench
