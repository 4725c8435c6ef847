#include "proxy/upload.hpp"

#include "proxy/worker.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <exception>

namespace egressd::proxy {

namespace asio = boost::asio;
using net::awaitable;
using net::error_code;

namespace {

constexpr std::size_t piece_size = 64 * 1024;

} // namespace

Upload::Upload(Session& session)
    : session_(session), bell_(session.worker.io(), asio::steady_timer::time_point::max()) {}

void Upload::start(Exchange& exchange, const Framing& framing) {
    running_ = true;
    complete_ = false;
    asio::co_spawn(session_.worker.io(), run(&exchange, framing), [this](std::exception_ptr failure) {
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

awaitable<void> Upload::run(Exchange* exchange, Framing framing) {
    error_code ec;
    if (framing.kind == BodyKind::chunked)
        ec = co_await send_chunked(*exchange);
    else
        ec = co_await send_length(*exchange, framing.length);
    complete_ = !ec;
    // A body that breaks off must not look whole to the origin, whatever its framing was.
    if (ec && session_.origin)
        session_.origin->connection.reset();
}

void Upload::extend(const Exchange& exchange) {
    const config::Limits& limits = exchange.settings->limits;
    session_.client.expires_after(limits.idle_timeout);
    session_.origin->connection.expires_after(limits.response_timeout);
}

awaitable<error_code> Upload::send(Exchange& exchange, std::string_view bytes, std::size_t content) {
    const error_code ec = co_await session_.origin->connection.write(asio::buffer(bytes));
    if (!ec) {
        exchange.entry.bytes_up += content;
        extend(exchange);
    }
    co_return ec;
}

awaitable<error_code> Upload::send_length(Exchange& exchange, std::uint64_t length) {
    std::string& buffered = session_.buffered;
    std::uint64_t left = length;
    while (left > 0) {
        if (buffered.empty()) {
            const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, piece_size));
            client_error_ = co_await read_more(session_.client, buffered, wanted);
            if (client_error_)
                co_return client_error_;
        }
        const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(left, buffered.size()));
        const error_code ec = co_await send(exchange, std::string_view(buffered).substr(0, size), size);
        if (ec)
            co_return ec;
        buffered.erase(0, size);
        left -= size;
    }
    co_return error_code();
}

awaitable<error_code> Upload::send_chunked(Exchange& exchange) {
    std::string& buffered = session_.buffered;
    ChunkedDecoder decoder(
        ChunkedDecoder::Extensions::refused); // a place to hide bytes from whoever scans the body
    std::string piece;
    bool hungry = buffered.empty();
    for (;;) {
        if (hungry) {
            client_error_ = co_await read_more(session_.client, buffered, piece_size);
            if (client_error_)
                co_return client_error_;
        }
        piece.clear();
        const Result<ChunkedDecoder::Step> step = decoder.decode(buffered, piece);
        if (!step) {
            malformed_ = step.error().message;
            co_return error_code(asio::error::invalid_argument);
        }
        buffered.erase(0, step->consumed);
        std::string framed;
        if (!piece.empty()) {
            framed = chunk_header(piece.size());
            framed.append(piece).append(chunk_end);
        }
        if (step->done)
            framed.append(last_chunk);
        if (!framed.empty()) {
            const error_code ec = co_await send(exchange, framed, piece.size());
            if (ec)
                co_return ec;
        }
        if (step->done)
            co_return error_code();
        hungry = true;
    }
}

} // namespace egressd::proxy
