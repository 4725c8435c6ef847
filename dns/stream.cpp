#include "dns/stream.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace egressd::dns {

namespace asio = boost::asio;

namespace {

constexpr std::size_t length_size = 2;
constexpr std::size_t read_size = 4096;
constexpr std::size_t write_size = 16 * 1024; // of replies that go out together

std::size_t length_at(std::string_view octets) {
    return static_cast<std::size_t>(static_cast<unsigned char>(octets[0])) << 8 |
           static_cast<unsigned char>(octets[1]);
}

/// The message at the front, of which a whole one or enough to say no has come.
struct Front {
    bool complete = false;
    bool last = false; // what is behind it cannot be found, or is not worth the looking
    std::string_view message;
};

Front front_of(std::string_view octets) {
    Front front;
    if (octets.size() < length_size)
        return front;
    const std::size_t length = length_at(octets);
    front.last = length > max_query || length < header_size;
    const std::size_t wanted = length > max_query ? header_size : length;
    front.complete = octets.size() - length_size >= wanted;
    if (front.complete)
        front.message = octets.substr(length_size, wanted);
    return front;
}

void append(std::string& out, std::string_view reply) {
    if (reply.empty())
        return;
    out += static_cast<char>(reply.size() >> 8);
    out += static_cast<char>(reply.size() & 0xFF);
    out += reply;
}

constexpr std::size_t linger_size = 64 * 1024;

/// Reads and drops what the client still sends, within bounds: closing at once could reset the connection
/// under the last reply.
asio::awaitable<void> linger(net::Connection& connection, std::chrono::milliseconds limit) {
    std::array<char, read_size> dropped{};
    connection.shutdown_send();
    connection.expires_after(limit);
    for (std::size_t size = 0; size < linger_size; size += dropped.size()) {
        const net::Transfer transfer = co_await connection.read_some(asio::buffer(dropped));
        if (transfer.ec)
            co_return;
    }
}

} // namespace

asio::awaitable<void> serve_stream(net::Connection& connection, Responder& responder, Asked from,
                                   StreamLimits limits, bool& is_idle) {
    std::array<char, max_reply> reply{};
    std::string incoming;
    std::string outgoing;
    bool last = false;
    connection.expires_after(limits.message); // the first one is due now
    for (;;) {
        const Front front = front_of(incoming);
        if (front.complete) {
            is_idle = false;
            from.message = front.message;
            Taken taken = responder.take(from, reply);
            append(outgoing, {reply.data(), taken.size});
            if (taken.waiting) {
                const std::string later = co_await taken.waiting->reply();
                append(outgoing, later);
            }
            last = front.last || (taken.size == 0 && !taken.waiting);
            incoming.erase(0, length_size + front.message.size());
        }
        if (!outgoing.empty() && (last || !front.complete || outgoing.size() > write_size)) {
            connection.expires_after(limits.message);
            const net::error_code ec = co_await connection.write(asio::buffer(outgoing));
            if (ec)
                co_return;
            outgoing.clear();
            connection.expires_after(incoming.empty() ? limits.idle : limits.message);
        }
        if (last) {
            co_await linger(connection, limits.message);
            co_return;
        }
        if (front.complete)
            continue;
        const std::size_t before = incoming.size();
        is_idle = before == 0;
        incoming.resize(before + read_size);
        const net::Transfer transfer =
            co_await connection.read_some(asio::buffer(incoming.data() + before, read_size));
        incoming.resize(before + transfer.size);
        if (transfer.ec)
            co_return;
        if (before == 0)
            connection.expires_after(limits.message);
    }
}

} // namespace egressd::dns
