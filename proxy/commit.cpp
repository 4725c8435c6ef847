#include "proxy/commit.hpp"

#include "proxy/worker.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <optional>
#include <utility>

namespace egressd::proxy {

namespace asio = boost::asio;

namespace {

/// What the log shows of a request line that holds a secret: no method or path begins like this.
constexpr const char* concealed = "(withheld: it holds a secret)";

std::string rule_text(const policy::Decision& decision) {
    return decision.rule == nullptr ? std::string() : decision.rule->source.text();
}

/// What resumes a coroutine that waits with use_awaitable. (any_completion_handler, new in Boost 1.81, wraps
/// itself without end when it is moved.)
using Resume = asio::async_result<asio::use_awaitable_t<>, void(bool)>::handler_type;

/// Lives in the waiting coroutine's frame; the writer thread touches it once, to post the answer.
struct Ticket {
    Worker& worker;
    std::optional<Resume> resume;

    void answer(bool written) {
        asio::post(worker.io(), [this, written] {
            Resume waiting = std::move(*resume);
            std::move(waiting)(written);
        });
    }
};

net::awaitable<bool> async_file(Ticket& ticket, Exchange& exchange, std::string query_names) {
    const auto initiate = [](Resume handler, Ticket* into, Exchange* of, std::string names) {
        into->resume.emplace(std::move(handler));
        file_attempt(*of, names, [into](bool written) { into->answer(written); });
        into->worker.wake_journal_soon();
    };
    return asio::async_initiate<const asio::use_awaitable_t<>, void(bool)>(
        initiate, asio::use_awaitable, &ticket, &exchange, std::move(query_names));
}

} // namespace

net::awaitable<bool> attempt_written(Worker& worker, Exchange& exchange, std::string query_names) {
    Ticket ticket{worker, std::nullopt};
    const bool written = co_await async_file(ticket, exchange, std::move(query_names));
    co_return written;
}

void file_attempt(Exchange& exchange, const std::string& query_names, audit::Journal::Done done) {
    exchange.attempt_filed = true;
    policy::Attempt shown;
    const bool conceals = exchange.conceal_target || exchange.conceal_host;
    if (conceals)
        shown = exchange.attempt;
    if (exchange.conceal_target)
        shown.method = shown.path = concealed;
    if (exchange.conceal_host)
        shown.host = net::Host();
    exchange.entry.file_attempt(conceals ? &shown : &exchange.attempt, exchange.decision,
                                rule_text(exchange.decision), query_names, std::move(done),
                                audit::Wake::later);
}

void file_refused_attempt(Exchange& exchange, const Refusal& refusal) {
    if (exchange.attempt_filed)
        return;
    exchange.attempt_filed = true;
    exchange.decision = policy::Decision{policy::Verdict::deny, refusal.reason, nullptr};
    const policy::Attempt* known = exchange.attempt.port == 0 ? nullptr : &exchange.attempt;
    exchange.entry.file_attempt(known, exchange.decision, std::string(), std::string(),
                                audit::Journal::Done());
}

} // namespace egressd::proxy
