// Sessions are driven by edges: each step goes on until the stream blocks, as what is left in OpenSSL's
// buffers would not wake epoll again.
#include "tests/bench/tls_origin.hpp"

#include "tests/bench/reply.hpp"
#include "tests/bench/tls.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

namespace egressd::bench {

namespace {

constexpr std::size_t piece = 256 * 1024;     // as in origin.cpp
constexpr std::size_t head_bound = 64 * 1024; // more is not a request of the bench

struct Session {
    enum class State { shaking, reading_head, reading_body, answering };

    Descriptor socket;
    TlsStream stream;
    State state = State::shaking;
    std::string head;       // what has come of it, and anything behind it
    std::size_t body = 0;   // bytes of the request's body that are still to come
    std::string reply;      // the answer's head
    std::size_t sent = 0;   // of the answer
    std::size_t length = 0; // of the answer's body
};

/// GET /1024 asks for as many bytes; anything else for none.
std::size_t asked_for(std::string_view head) {
    std::size_t bytes = 0;
    const std::size_t path = head.find(" /");
    if (head.starts_with("GET ") && path != std::string_view::npos) {
        std::from_chars(head.data() + path + 2, head.data() + head.size(), bytes);
    }
    return bytes;
}

class TlsOrigin {
public:
    TlsOrigin(const sockaddr_in& endpoint, TlsContext context)
        : listener_(listen_on(endpoint)), context_(std::move(context)), buffer_(piece, 'x') {
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
            Session& session = sessions_[tag];
            session.socket = std::move(socket);
            session.stream.begin_server(*context_, session.socket);
            poll_.add(session.socket, EPOLLIN | EPOLLOUT | EPOLLET, tag);
        }
    }

    /// Goes on with a session until it blocks; false when it is over.
    bool step(Session& session) {
        Flow flow = Flow::moved;
        while (flow == Flow::moved) {
            switch (session.state) {
            case Session::State::shaking:
                flow = session.stream.handshake();
                session.state = flow == Flow::moved ? Session::State::reading_head : session.state;
                break;
            case Session::State::reading_head:
                flow = read_head(session);
                break;
            case Session::State::reading_body:
                flow = read_body(session);
                break;
            case Session::State::answering:
                flow = answer(session);
                break;
            }
        }
        return flow == Flow::blocked;
    }

    Flow read_head(Session& session) {
        const std::optional<std::size_t> length = head_length(session.head);
        if (!length) {
            const Moved moved = session.stream.read(buffer_);
            session.head.append(buffer_.data(), moved.bytes);
            return session.head.size() > head_bound + piece ? Flow::closed : moved.flow;
        }
        const std::string_view head = std::string_view(session.head).substr(0, *length);
        session.length = asked_for(head);
        session.body = content_length(head).value_or(0);
        const std::size_t here = std::min(session.body, session.head.size() - *length);
        session.body -= here;
        session.head.erase(0, *length + here);
        session.sent = 0;
        session.reply = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(session.length) + "\r\n\r\n";
        session.state = Session::State::reading_body;
        return Flow::moved;
    }

    Flow read_body(Session& session) {
        if (session.body == 0) {
            session.state = Session::State::answering;
            return Flow::moved;
        }
        const std::size_t room = std::min(session.body, buffer_.size());
        const Moved moved = session.stream.read(std::span<char>(buffer_).first(room));
        session.body -= moved.bytes;
        return moved.flow;
    }

    Flow answer(Session& session) {
        const std::size_t total = session.reply.size() + session.length;
        if (session.sent == total) {
            session.state = Session::State::reading_head;
            return Flow::moved;
        }
        std::string_view next =
            std::string_view(session.reply).substr(std::min(session.sent, session.reply.size()));
        if (next.empty()) {
            next = std::string_view(buffer_.data(), std::min(total - session.sent, buffer_.size()));
        }
        const Moved moved = session.stream.write(next);
        session.sent += moved.bytes;
        return moved.flow;
    }

    Descriptor listener_;
    TlsContext context_;
    Poll poll_;
    std::vector<char> buffer_; // what is read into it is never looked at again
    std::vector<Session> sessions_;
    std::vector<std::uint64_t> free_;
};

} // namespace

void serve_tls_origin(const sockaddr_in& endpoint, const std::string& certificate_file,
                      const std::string& key_file) {
    TlsOrigin(endpoint, server_context(certificate_file, key_file)).run();
}

} // namespace egressd::bench
