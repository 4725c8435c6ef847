#include "tests/bench/tls_client.hpp"

#include "tests/bench/reply.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace egressd::bench {

namespace {

constexpr std::size_t head_bound = 64 * 1024;  // as for a reply to CONNECT
constexpr std::size_t read_piece = 256 * 1024; // as in origin.cpp

} // namespace

TlsTarget make_target(const sockaddr_in& endpoint, bool through_proxy, const std::string& authority,
                      const TlsRequest& request) {
    TlsTarget target;
    target.name = authority.substr(0, authority.rfind(':'));
    target.tunnel.endpoint = endpoint;
    if (through_proxy) {
        target.tunnel.connect = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n";
    }
    const std::string method = request.body > 0 ? "POST " : "GET ";
    target.request_head = method + request.path + " HTTP/1.1\r\nHost: " + authority + "\r\n";
    if (request.body > 0) {
        target.request_head += "Content-Length: " + std::to_string(request.body) + "\r\n";
    }
    target.request_head += "\r\n";
    return target;
}

TlsClient::Progress TlsClient::begin(SSL_CTX& context, const TlsTarget& target, const TlsRequest& request,
                                     Poll& poll, std::uint64_t tag) {
    context_ = &context;
    target_ = &target;
    request_ = &request;
    state_ = State::tunnelling;
    failure_.clear();
    const Progress progress = tunnel_.begin(target.tunnel, poll, tag);
    return progress == Progress::failed ? fail("connect") : progress;
}

TlsClient::Progress TlsClient::advance(std::uint32_t events) {
    switch (state_) {
    case State::tunnelling: {
        const Progress progress = tunnel_.advance(target_->tunnel, events);
        if (progress == Progress::failed) {
            return fail("CONNECT: " + (tunnel_.reply().empty() ? "no reply" : tunnel_.reply()));
        }
        if (progress == Progress::pending) {
            return progress;
        }
        stream_.begin_client(*context_, tunnel_.socket(), target_->name);
        state_ = State::shaking;
        return shake();
    }
    case State::shaking:
        return shake();
    case State::sending:
        return send_request();
    case State::answering:
        return read_answer();
    }
    return fail("no state");
}

TlsClient::Progress TlsClient::shake() {
    const Flow flow = stream_.handshake();
    if (flow == Flow::moved) {
        return repeat();
    }
    return flow == Flow::blocked ? Progress::pending : fail("handshake: " + tls_error());
}

TlsClient::Progress TlsClient::repeat() {
    state_ = State::sending;
    sent_ = 0;
    head_.clear();
    in_body_ = false;
    return send_request();
}

TlsClient::Progress TlsClient::send_request() {
    const std::string_view head = target_->request_head;
    const std::size_t total = head.size() + request_->body;
    while (sent_ < total) {
        std::string_view piece = head.substr(std::min(sent_, head.size()));
        if (piece.empty()) {
            const std::size_t at = sent_ - head.size();
            piece = request_->fill.substr(at % request_->fill.size(), request_->body - at);
        }
        const Moved moved = stream_.write(piece);
        sent_ += moved.bytes;
        if (moved.flow == Flow::closed) {
            return fail("sending: " + tls_error());
        }
        if (moved.flow == Flow::blocked) {
            return Progress::pending;
        }
    }
    state_ = State::answering;
    return read_answer();
}

TlsClient::Progress TlsClient::read_answer() {
    static std::array<char, read_piece> buffer;
    for (;;) {
        const Moved moved = stream_.read(buffer);
        if (moved.flow == Flow::blocked) {
            return Progress::pending;
        }
        if (moved.flow == Flow::closed) {
            return fail("answer: " + tls_error());
        }
        if (!take(std::string_view(buffer.data(), moved.bytes))) {
            return fail("answer: " + head_);
        }
        if (in_body_ && remaining_ == 0) {
            return Progress::done;
        }
    }
}

/// Accounts for bytes of the answer; false when it is not the expected one.
bool TlsClient::take(std::string_view bytes) {
    if (!in_body_) {
        head_.append(bytes);
        const std::optional<std::size_t> head = head_length(head_);
        if (!head) {
            return head_.size() <= head_bound;
        }
        const std::optional<std::size_t> length = content_length(std::string_view(head_).substr(0, *head));
        if (!length || status_of(head_) != "200") {
            return false;
        }
        in_body_ = true;
        remaining_ = *length;
        bytes = std::string_view(head_).substr(*head);
    }
    if (bytes.size() > remaining_) {
        return false;
    }
    remaining_ -= bytes.size();
    return true;
}

TlsClient::Progress TlsClient::fail(std::string reason) {
    failure_ = std::move(reason);
    return Progress::failed;
}

void TlsClient::close() {
    if (state_ != State::tunnelling) {
        stream_.end();
        stream_ = TlsStream();
    }
    tunnel_.close();
}

} // namespace egressd::bench
