#include "proxy/upload.hpp"

#include "proxy/worker.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <span>

namespace egressd::proxy {

namespace asio = boost::asio;
using net::awaitable;
using net::error_code;

namespace {

constexpr std::size_t piece_size = 64 * 1024;

} // namespace

Upload::Upload(Session& session, Exchange& exchange, const Framing& framing)
    : session_(session), exchange_(exchange), framing_(framing), inspection_(exchange),
      bell_(session.worker.io(), asio::steady_timer::time_point::max()), left_(framing.length),
      hungry_(session.buffered.empty()) {
    if (framing.kind == BodyKind::chunked)
        decoder_.emplace(ChunkedDecoder::Extensions::refused); // a place to hide bytes from the inspection
    ended_ = complete_ = !decoder_ && left_ == 0;
}

void Upload::start() {
    if (complete_)
        return;
    running_ = true;
    asio::co_spawn(session_.worker.io(), run(), [this](std::exception_ptr failure) {
        if (failure)
            complete_ = false;
        running_ = false;
        bell_.cancel();
    });
}

awaitable<void> Upload::finished() {
    while (running_) {
        error_code ignored;
        co_await bell_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

bool Upload::must_hold() const {
    return !ended_ && inspection_.looks() && held_.size() < exchange_.settings->secrets.hold;
}

awaitable<void> Upload::hold() {
    while (must_hold()) {
        const error_code ec = co_await read_piece();
        if (ec)
            co_return;
    }
    // All at once: what is encoded in it is not cut by the pieces in which it came.
    look();
}

awaitable<void> Upload::run() {
    const error_code ec = co_await send_all();
    complete_ = !ec;
    // A body that breaks off must not look whole to the origin, whatever its framing was.
    if (ec && session_.origin)
        session_.origin->connection.reset();
}

awaitable<error_code> Upload::send_all() {
    error_code ec;
    if (sent_ == 0)
        co_await hold();
    for (;;) {
        if (failed())
            co_return error_code(asio::error::operation_aborted);
        ec = co_await send_settled();
        if (ec || ended_)
            co_return ec;
        ec = co_await fill();
        if (ec)
            co_return ec;
    }
}

/// Sends what may leave, and behind the body's last byte its end.
awaitable<error_code> Upload::send_settled() {
    const std::size_t size =
        static_cast<std::size_t>(std::min<std::uint64_t>(held_.size(), inspection_.settled() - sent_));
    std::string front;
    std::string_view back;
    if (decoder_ && size > 0) {
        front = chunk_header(size);
        back = chunk_end;
    }
    const std::string_view end = decoder_ && ended_ ? last_chunk : std::string_view();
    const std::array<asio::const_buffer, 4> parts{asio::buffer(front), asio::buffer(held_.data(), size),
                                                  asio::buffer(back), asio::buffer(end)};
    if (size == 0 && end.empty())
        co_return error_code();
    const error_code ec =
        co_await session_.origin->connection.write(std::span<const asio::const_buffer>(parts));
    if (ec)
        co_return ec;
    held_.erase(0, size);
    sent_ += size;
    exchange_.entry.bytes_up += size;
    if (!abandoned_)
        session_.client.expires_after(exchange_.settings->limits.idle_timeout);
    session_.origin->connection.expires_after(exchange_.settings->limits.response_timeout);
    co_return ec;
}

std::size_t Upload::wanted() const {
    return decoder_ ? piece_size : static_cast<std::size_t>(std::min<std::uint64_t>(left_, piece_size));
}

/// Reads a piece more of the body, and shows it to the inspection.
awaitable<error_code> Upload::fill() {
    const error_code ec = co_await read_piece();
    if (ec)
        co_return ec;
    look();
    if (refusal())
        co_return error_code(asio::error::operation_aborted);
    co_return error_code();
}

void Upload::look() {
    if (unseen_ > 0)
        inspection_.feed(std::string_view(held_).substr(held_.size() - unseen_));
    unseen_ = 0;
    if (ended_ && !judged_)
        inspection_.finish();
    judged_ = ended_;
}

awaitable<error_code> Upload::read_piece() {
    if (abandoned_)
        co_return error_code(asio::error::operation_aborted);
    if (hungry_) {
        client_error_ = co_await read_more(session_.client, session_.buffered, wanted());
        if (client_error_)
            co_return client_error_;
        if (!abandoned_)
            session_.client.expires_after(exchange_.settings->limits.idle_timeout);
    }
    hungry_ = true;
    const std::size_t before = held_.size();
    const Result<void> taken = take_piece();
    if (!taken) {
        malformed_ = taken.error().message;
        co_return error_code(asio::error::invalid_argument);
    }
    unseen_ += held_.size() - before;
    co_return error_code();
}

/// Moves what is in the session's buffer and is part of the body behind what is held.
Result<void> Upload::take_piece() {
    std::string& buffered = session_.buffered;
    if (decoder_) {
        const Result<ChunkedDecoder::Step> step = decoder_->decode(buffered, held_);
        if (!step)
            return step.error();
        buffered.erase(0, step->consumed);
        ended_ = step->done;
        return {};
    }
    const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, buffered.size()));
    held_.append(buffered, 0, size);
    buffered.erase(0, size);
    left_ -= size;
    ended_ = left_ == 0;
    return {};
}

} // namespace egressd::proxy
