#include "proxy/download.hpp"

#include "proxy/media.hpp"
#include "proxy/message.hpp"
#include "proxy/worker.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace egressd::proxy {

namespace asio = boost::asio;
using net::awaitable;
using net::error_code;
using Outcome = Delivery::Outcome;

namespace {

constexpr std::size_t head_read_size = 4 * 1024; // a head and a small body
constexpr std::size_t body_read_size = 64 * 1024;
constexpr unsigned max_interim = 16; // 1xx responses before the final one; more is a loop or a flood

/// A response head with the bytes that it points into.
struct Received {
    std::string bytes;
    ResponseHead head;
};

/// The next response head, out of the origin's buffer. An empty problem and an error code: the connection
/// failed.
awaitable<Delivery> read_head(Session& session, Exchange& exchange, Received& received) {
    Delivery delivery;
    Origin& origin = *session.origin;
    const config::Limits& limits = exchange.settings->limits;
    std::size_t scanned = 0;
    for (;;) {
        const Result<HeadEnd> end = find_head_end(origin.buffered, HeadKind::response, scanned);
        delivery.outcome = Outcome::bad_response;
        if (!end) {
            delivery.problem = end.error().message;
            co_return delivery;
        }
        if (end->complete && end->size <= limits.header_bytes) {
            received.bytes.assign(origin.buffered, 0, end->size);
            origin.buffered.erase(0, end->size);
            const Result<void> parsed =
                parse_response_head(received.bytes, limits.header_fields, received.head);
            if (!parsed)
                delivery.problem = parsed.error().message;
            else
                delivery.outcome = Outcome::complete;
            co_return delivery;
        }
        if (end->complete || origin.buffered.size() > limits.header_bytes) {
            delivery.problem = "its header is larger than limits.header_bytes";
            co_return delivery;
        }
        const bool nothing_yet = origin.buffered.empty();
        delivery.ec = co_await read_more(origin.connection, origin.buffered, head_read_size);
        if (delivery.ec) {
            delivery.outcome = nothing_yet ? Outcome::no_response : Outcome::origin_failed;
            co_return delivery;
        }
    }
}

/// Sends bytes to the client and counts them.
awaitable<error_code> send(Session& session, Exchange& exchange, std::string_view head, std::string_view body,
                           std::string_view tail) {
    const std::array<asio::const_buffer, 3> parts{asio::buffer(head), asio::buffer(body), asio::buffer(tail)};
    // The deadline before was for the client's request, and may have passed while the origin was at work.
    session.client.expires_after(exchange.settings->limits.idle_timeout);
    const error_code ec = co_await session.client.write(std::span<const asio::const_buffer>(parts));
    if (!ec) {
        exchange.entry.bytes_down += body.size();
        session.client.expires_after(exchange.settings->limits.idle_timeout);
        session.origin->connection.expires_after(exchange.settings->limits.idle_timeout);
    }
    co_return ec;
}

/// The body of one response, on its way. Each step reads what has come, and sends it.
struct Body {
    Framing framing;
    bool to_chunks = false; // sent in chunks, whatever it came in
    std::uint64_t left = 0; // with BodyKind::length
    ChunkedDecoder* decoder = nullptr;
};

/// Takes what is in the origin's buffer and is part of the body; true when the body is at its end.
Result<bool> take_piece(Origin& origin, Body& body, std::string& piece) {
    piece.clear();
    if (body.framing.kind == BodyKind::chunked) {
        const Result<ChunkedDecoder::Step> step = body.decoder->decode(origin.buffered, piece);
        if (!step)
            return step.error();
        origin.buffered.erase(0, step->consumed);
        return step->done;
    }
    if (body.framing.kind == BodyKind::until_close) {
        piece.swap(origin.buffered);
        return false;
    }
    const std::size_t size =
        static_cast<std::size_t>(std::min<std::uint64_t>(body.left, origin.buffered.size()));
    if (size == origin.buffered.size()) {
        piece.swap(origin.buffered);
    } else {
        piece.assign(origin.buffered, 0, size);
        origin.buffered.erase(0, size);
    }
    body.left -= size;
    return body.left == 0;
}

awaitable<error_code> send_piece(Session& session, Exchange& exchange, const Body& body,
                                 std::string_view head, std::string_view piece, bool last) {
    std::string front(head);
    std::string_view back;
    if (body.to_chunks && !piece.empty()) {
        front += chunk_header(piece.size());
        back = last ? std::string_view("\r\n0\r\n\r\n") : chunk_end;
    } else if (body.to_chunks && last) {
        back = last_chunk;
    }
    const error_code ec = co_await send(session, exchange, front, piece, back);
    co_return ec;
}

/// Relays head and body, the first piece together with the head.
awaitable<Delivery> relay_body(Session& session, Exchange& exchange, Body body, std::string head) {
    Delivery delivery;
    Origin& origin = *session.origin;
    ChunkedDecoder decoder(
        ChunkedDecoder::Extensions::dropped); // RFC 9112 7.1.1: what is not understood is ignored
    body.decoder = &decoder;
    body.left = body.framing.length;
    std::string piece;
    bool last = body.framing.kind == BodyKind::none;
    for (bool first = true; first || !last; first = false) {
        bool ended = false;
        // What is left in the buffer after a step is too little to be understood, so every step but the first
        // reads.
        if (!last && !first) {
            const error_code ec = co_await read_more(origin.connection, origin.buffered, body_read_size);
            ended = ec == asio::error::eof && body.framing.kind == BodyKind::until_close;
            if (ec && !ended) {
                delivery.outcome = Outcome::origin_failed;
                delivery.ec = ec;
                co_return delivery;
            }
        }
        piece.clear();
        if (!last) {
            const Result<bool> taken = take_piece(origin, body, piece);
            if (!taken) {
                delivery.outcome = Outcome::origin_failed;
                delivery.problem = taken.error().message;
                co_return delivery;
            }
            last = *taken || ended;
        }
        const error_code ec = co_await send_piece(session, exchange, body, head, piece, last);
        if (ec) {
            delivery.outcome = Outcome::client_failed;
            delivery.ec = ec;
            co_return delivery;
        }
        exchange.replied = true;
        head.clear();
    }
    delivery.outcome = Outcome::complete;
    co_return delivery;
}

/// Relays a 1xx to a client that understands it; 101 was never asked for.
awaitable<error_code> relay_interim(Session& session, Exchange& exchange, const ResponseHead& head) {
    if (exchange.head.version < 11)
        co_return error_code();
    const std::string bytes = write_interim(head);
    const error_code ec = co_await send(session, exchange, bytes, std::string_view(), std::string_view());
    session.origin->connection.expires_after(exchange.settings->limits.response_timeout);
    co_return ec;
}

/// The 101 that the request has asked for: checked, and sent on.
awaitable<Delivery> open_websocket(Session& session, Exchange& exchange, const ResponseHead& head) {
    Delivery delivery;
    delivery.outcome = Outcome::bad_response;
    const Result<void> answer = check_websocket_answer(head, *exchange.websocket);
    const Result<void> options = check_connection_options(head.fields, Side::origin);
    if (!answer || !options) {
        delivery.problem = answer ? options.error().message : answer.error().message;
        co_return delivery;
    }
    exchange.entry.status = head.status;
    exchange.replied = true;
    const std::string bytes = write_websocket_answer(head);
    delivery.ec = co_await send(session, exchange, bytes, std::string_view(), std::string_view());
    delivery.outcome = delivery.ec ? Outcome::client_failed : Outcome::switched;
    co_return delivery;
}

} // namespace

awaitable<Delivery> deliver_response(Session& session, Exchange& exchange, bool client_persists) {
    Received received;
    Delivery delivery;
    for (unsigned interim = 0; interim <= max_interim; ++interim) {
        delivery = co_await read_head(session, exchange, received);
        if (delivery.outcome != Outcome::complete)
            co_return delivery;
        if (received.head.status / 100 != 1)
            break;
        if (received.head.status == 101 && exchange.websocket) {
            delivery = co_await open_websocket(session, exchange, received.head);
            co_return delivery;
        }
        delivery.outcome = Outcome::bad_response;
        delivery.problem = received.head.status == 101 ? "it switches protocols, which nobody asked for"
                                                       : "too many interim responses";
        if (received.head.status == 101 || interim == max_interim)
            co_return delivery;
        delivery.ec = co_await relay_interim(session, exchange, received.head);
        if (delivery.ec) {
            delivery.outcome = Outcome::client_failed;
            co_return delivery;
        }
    }
    const ResponseHead& head = received.head;
    const Result<Framing> framing = response_framing(head, exchange.head.method == "HEAD");
    if (session.origin->in_absolute_form && head.status == 407) {
        // The client would take it for ours, and answer with credentials.
        delivery.outcome = Outcome::bad_response;
        delivery.problem = "the parent proxy wants credentials; set upstream.proxy_credentials";
        co_return delivery;
    }
    const Result<void> options = check_connection_options(head.fields, Side::origin);
    if (!framing || !options) {
        delivery.outcome = Outcome::bad_response;
        delivery.problem = framing ? options.error().message : framing.error().message;
        co_return delivery;
    }
    if (carries_dns(head.fields)) {
        delivery.outcome = Outcome::bad_response;
        delivery.problem = dns_refused;
        delivery.reason = policy::Reason::dns_tunnel;
        co_return delivery;
    }
    const bool old_client = exchange.head.version < 11;
    Body body;
    body.framing = *framing;
    const bool delimited = framing->kind == BodyKind::none || framing->kind == BodyKind::length;
    body.to_chunks = !delimited && !old_client;
    ResponseWriting how;
    how.pseudonym = pseudonym_for(session);
    how.chunked = body.to_chunks;
    how.close = !client_persists || (!delimited && old_client);
    exchange.entry.status = head.status;
    std::string bytes = write_response(head, how);
    const bool origin_persists = head.version == 11 && !list_contains(head.fields, "Connection", "close") &&
                                 framing->kind != BodyKind::until_close;
    delivery = co_await relay_body(session, exchange, body, std::move(bytes));
    delivery.client_reusable = delivery.outcome == Outcome::complete && !how.close;
    // Bytes behind the end of a response belong to nothing that was asked for.
    delivery.origin_reusable =
        delivery.outcome == Outcome::complete && origin_persists && session.origin->buffered.empty();
    co_return delivery;
}

} // namespace egressd::proxy
