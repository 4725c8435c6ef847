#include "proxy/name_service.hpp"

#include "dns/stream.hpp"
#include "proxy/listener.hpp"
#include "proxy/name_query.hpp"
#include "proxy/worker.hpp"

#include <algorithm>
#include <utility>

namespace egressd::proxy {

using net::awaitable;
using policy::Reason;

/// One connection of a client.
struct NameService::Stream {
    Stream(NameService& of, net::tcp::socket socket)
        : service(of), connection(std::move(socket), of.worker_.timers()) {
        service.streams_.insert(this);
        ++service.worker_.shared().connections;
    }
    ~Stream() {
        service.streams_.erase(this);
        --service.worker_.shared().connections;
        service.worker_.finish_if_drained();
    }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    NameService& service;
    net::Connection connection;
    bool is_idle = true;
};

NameService::NameService(Worker& worker, const Listener& listener, int datagrams)
    : worker_(worker), listener_(listener), datagrams_(worker.io(), datagrams, *this, &Worker::report_bug),
      turns_(static_cast<double>(worker.settings()->dns.rate)), turns_at_(std::chrono::steady_clock::now()) {}

NameService::~NameService() = default;

void NameService::start() {
    datagrams_.start();
}

dns::Taken NameService::take(const dns::Asked& asked, std::span<char, dns::max_reply> out) {
    const dns::Parsed parsed = dns::parse_query(asked.message);
    if (parsed.state == dns::Parsed::State::query) {
        const auto now = std::chrono::steady_clock::now();
        const dns::QuestionKey key(parsed.query);
        if (const dns::KeptReply* kept = memo_.find(key, now))
            return {write_kept(parsed.query, *kept, asked, out), nullptr};
    }
    return decide(asked, parsed, out);
}

dns::Taken NameService::decide(const dns::Asked& asked, const dns::Parsed& parsed,
                               std::span<char, dns::max_reply> out) {
    auto query = std::make_unique<NameQuery>(worker_, listener_.task(), asked, parsed);
    bool settled = true;
    if (!has_turn(std::chrono::steady_clock::now()))
        query->turn_away(Reason::rate);
    else if (waiting_ >= max_waiting)
        query->turn_away(Reason::budget);
    else
        settled = query->settle();
    if (!settled) {
        ++waiting_;
        query->on_end = [this] { reply_is_there(); };
        return {0, std::move(query)};
    }
    worker_.wake_journal_soon();
    std::optional<dns::KeptReply> kept = query->kept();
    if (kept)
        memo_.keep(dns::QuestionKey(parsed.query), std::move(*kept));
    return {query->write(out), nullptr};
}

/// A bucket that holds a second's worth.
bool NameService::has_turn(dns::Memo::Time now) {
    const auto rate = static_cast<double>(worker_.settings()->dns.rate);
    const std::chrono::duration<double> passed = now - turns_at_;
    turns_at_ = now;
    turns_ = std::min(rate, turns_ + rate * passed.count());
    if (turns_ < 1)
        return false;
    turns_ -= 1;
    return true;
}

void NameService::reply_is_there() {
    --waiting_;
    worker_.finish_if_drained();
}

awaitable<void> NameService::serve(net::tcp::socket socket, net::tcp::endpoint peer) {
    if (streams_.size() >= max_streams || worker_.draining())
        co_return;
    Stream stream(*this, std::move(socket));
    const config::Limits& limits = worker_.settings()->limits;
    const dns::StreamLimits waits{limits.header_timeout, limits.keep_alive_timeout};
    dns::Asked from;
    from.client = peer.address();
    from.client_port = peer.port();
    from.in_stream = true;
    co_await dns::serve_stream(stream.connection, *this, from, waits, stream.is_idle);
}

void NameService::drain() {
    datagrams_.stop();
    for (Stream* stream : std::unordered_set<Stream*>(streams_))
        if (stream->is_idle)
            stream->connection.interrupt();
}

void NameService::interrupt() {
    for (Stream* stream : std::unordered_set<Stream*>(streams_))
        stream->connection.interrupt();
}

} // namespace egressd::proxy
