#include "tests/bench/tunnel.hpp"

#include "tests/bench/reply.hpp"

#include <array>
#include <optional>

namespace egressd::bench {

namespace {

constexpr std::size_t reply_bound = 64 * 1024; // a refusal page; more is not a reply

/// Whether `reply` is whole: a 2xx to CONNECT ends with its head (RFC 9110 9.3.6), a refusal with its body.
bool is_complete(std::string_view reply, bool ended) {
    const std::optional<std::size_t> head = head_length(reply);
    if (!head) {
        return false;
    }
    if (status_of(reply).starts_with('2') || ended) {
        return true;
    }
    const std::optional<std::size_t> length = content_length(reply.substr(0, *head));
    return length && reply.size() >= *head + *length;
}

} // namespace

Tunnel::Progress Tunnel::begin(const Script& script, Poll& poll, std::uint64_t tag) {
    state_ = State::connecting;
    reply_.clear();
    answered_ = 0;
    socket_ = begin_connect(script.endpoint);
    if (!socket_.is_open()) {
        return Progress::failed;
    }
    poll.add(socket_, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, tag);
    return Progress::pending;
}

Tunnel::Progress Tunnel::advance(const Script& script, std::uint32_t events) {
    if ((events & EPOLLERR) != 0) {
        return Progress::failed;
    }
    switch (state_) {
    case State::connecting:
        return (events & EPOLLOUT) != 0 ? connected(script) : Progress::pending;
    case State::replying:
        return (events & EPOLLIN) != 0 ? read_reply(script) : Progress::pending;
    case State::answering:
        return (events & EPOLLIN) != 0 ? read_answer(script) : Progress::pending;
    }
    return Progress::failed;
}

Tunnel::Progress Tunnel::connected(const Script& script) {
    if (script.connect.empty()) {
        return replied(script);
    }
    state_ = State::replying;
    return send(socket_, script.connect).bytes == script.connect.size() ? Progress::pending
                                                                        : Progress::failed;
}

Tunnel::Progress Tunnel::read_reply(const Script& script) {
    std::array<char, 4096> buffer;
    for (;;) {
        const Moved moved = receive(socket_, buffer);
        reply_.append(buffer.data(), moved.bytes);
        if (is_complete(reply_, moved.flow == Flow::closed)) {
            return status_of(reply_) == script.status ? replied(script) : Progress::failed;
        }
        if (moved.flow == Flow::closed || reply_.size() > reply_bound) {
            return Progress::failed;
        }
        if (moved.flow == Flow::blocked) {
            return Progress::pending;
        }
    }
}

Tunnel::Progress Tunnel::replied(const Script& script) {
    return script.hello.empty() ? Progress::done : send_hello(script);
}

Tunnel::Progress Tunnel::send_hello(const Script& script) {
    state_ = State::answering;
    return send(socket_, script.hello).bytes == script.hello.size() ? Progress::pending : Progress::failed;
}

Tunnel::Progress Tunnel::read_answer(const Script& script) {
    std::array<char, 4096> buffer;
    for (;;) {
        const Moved moved = receive(socket_, buffer);
        answered_ += moved.bytes;
        if (answered_ >= script.answer) {
            return Progress::done;
        }
        if (moved.flow != Flow::moved) {
            return moved.flow == Flow::closed ? Progress::failed : Progress::pending;
        }
    }
}

} // namespace egressd::bench
