#include "proxy/origin.hpp"

#include "proxy/dial.hpp"
#include "proxy/listener.hpp"
#include "proxy/origin_tls.hpp"
#include "proxy/parent.hpp"
#include "proxy/session.hpp"
#include "proxy/worker.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace egressd::proxy {

namespace asio = boost::asio;
using asio::ip::address;
using net::awaitable;
using policy::Reason;

void throw_exception_from_error(const Failure& failure, const boost::source_location&) {
    throw std::runtime_error(failure.message);
}

namespace {

using AddressesResult = boost::system::result<dns::Addresses, Failure>;

Failure dial_failure(const net::error_code& ec, const std::string& whom) {
    if (ec == asio::error::timed_out)
        return {Reason::timeout, whom + " did not answer the connection in time"};
    if (ec == asio::error::no_descriptors || ec.value() == ENFILE)
        return {Reason::budget,
                "egressd has no file descriptor left; try again when other connections have ended"};
    return {Reason::upstream_failed, whom + " could not be connected to: " + ec.message()};
}

/// Does the budget for names allow that name servers, or a parent proxy, hear this one?
bool may_be_asked_for(Session& session, const policy::Decision& decision, const policy::Attempt& attempt) {
    if (!attempt.host.is_address() && session.worker.resolver()->known(attempt.host.text()))
        return true;
    return session.worker.shared().name_budgets.charge(*session.exchange->settings, attempt, decision,
                                                       NameBudgets::Cost::lookup);
}

/// The addresses of a host; an address stands for itself and asks nobody.
awaitable<AddressesResult> addresses_of(Worker& worker, const net::Host& host) {
    if (host.is_address())
        co_return dns::Addresses{host.address()};
    const std::shared_ptr<dns::Resolver> resolver = worker.resolver(); // a reload may replace it meanwhile
    const Result<dns::Addresses> found = co_await resolver->resolve(host.text());
    if (!found) {
        const Failure failure{Reason::resolve_failed, found.error().message};
        co_return failure;
    }
    co_return *found;
}

/// Those that the decision's rule may dial; none: the reason of the first that it may not.
AddressesResult permitted(const Session& session, const policy::Decision& decision,
                          const policy::Attempt& attempt, const dns::Addresses& addresses) {
    const policy::Policy& policy = *session.exchange->settings->policy;
    dns::Addresses passed;
    std::optional<Failure> refused;
    for (const address& each : addresses) {
        const Reason reason = policy.judge_address(decision, each, attempt.port, session.worker.shared().own);
        if (reason == Reason::allowed) {
            passed.push_back(each);
        } else if (!refused) {
            const std::string kind(to_text(net::classify(each)));
            refused =
                reason == Reason::self_connection
                    ? Failure{reason, attempt.host.text() + " is egressd's own address"}
                    : Failure{reason, attempt.host.text() + " is at " + each.to_string() + ", a " + kind +
                                          " address, which needs a `private:` range in the rule"};
        }
    }
    if (passed.empty())
        return refused.value_or(Failure{Reason::resolve_failed, attempt.host.text() + " has no address"});
    return passed;
}

awaitable<OriginResult> connect_to(Session& session, dns::Addresses addresses, std::uint16_t port,
                                   std::string whom) {
    Worker& worker = session.worker;
    const std::chrono::milliseconds limit = session.exchange->settings->limits.connect_timeout;
    std::vector<address> order = interleaved(addresses);
    Dialled dialled = co_await dial(worker.io(), std::move(order), port, limit, &session.dialling);
    if (dialled.ec) {
        const Failure failure = dial_failure(dialled.ec, whom);
        co_return failure;
    }
    std::unique_ptr<Origin> origin = std::make_unique<Origin>(std::move(dialled.socket), worker.timers());
    origin->ip = dialled.address.to_string();
    co_return origin;
}

awaitable<OriginResult> reach_parent(Session& session, const config::UpstreamProxy& parent,
                                     const policy::Attempt& attempt, Way way) {
    const AddressesResult found = co_await addresses_of(session.worker, parent.authority.host);
    if (!found) {
        const Failure failure{Reason::upstream_failed, "the parent proxy: " + found.error().message};
        co_return failure;
    }
    for (const policy::Endpoint& own : session.worker.shared().own)
        if (own.port == parent.authority.port &&
            std::find(found->begin(), found->end(), own.address) != found->end()) {
            const Failure failure{Reason::self_connection, "upstream.proxy is egressd itself"};
            co_return failure;
        }
    dns::Addresses addresses = *found;
    OriginResult reached = co_await connect_to(session, std::move(addresses), parent.authority.port,
                                               std::string("the parent proxy"));
    if (!reached)
        co_return reached;
    (*reached)->through_parent = true;
    (*reached)->in_absolute_form = way == Way::plain;
    if (way != Way::plain) {
        const boost::system::result<void, Failure> opened =
            co_await open_through_parent(session, **reached, parent, attempt);
        if (!opened)
            co_return opened.error();
    }
    co_return reached;
}

/// Directly, or through the parent where the settings route it there.
awaitable<OriginResult> reach(Session& session, const policy::Decision& decision,
                              const policy::Attempt& attempt, Way way) {
    const config::Settings& settings = *session.exchange->settings;
    if (!may_be_asked_for(session, decision, attempt)) {
        const Failure failure{Reason::dns_tunnel,
                              "too many names below this domain were asked for: they could carry data out"};
        co_return failure;
    }
    if (settings.upstream_proxy && !bypasses_parent(*settings.upstream_proxy, attempt.host)) {
        if (attempt.host.is_address()) {
            const dns::Addresses literal{attempt.host.address()};
            const AddressesResult passed = permitted(session, decision, attempt, literal);
            if (!passed)
                co_return passed.error();
        }
        OriginResult reached = co_await reach_parent(session, *settings.upstream_proxy, attempt, way);
        co_return reached;
    }
    const AddressesResult found = co_await addresses_of(session.worker, attempt.host);
    if (!found)
        co_return found.error();
    const AddressesResult passed = permitted(session, decision, attempt, *found);
    if (!passed)
        co_return passed.error();
    dns::Addresses addresses = *passed;
    OriginResult reached =
        co_await connect_to(session, std::move(addresses), attempt.port, attempt.host.text());
    co_return reached;
}

/// TLS with the origin. What is not the origin that was meant gets nothing of the request.
awaitable<std::optional<Failure>> shake_hands(Session& session, Origin& origin,
                                              const policy::Attempt& attempt) {
    std::optional<Failure> failure;
    const net::Authority authority{attempt.host, attempt.port};
    std::unique_ptr<TlsLayer> layer =
        session.worker.origin_tls().connect(authority, origin.connection.descriptor());
    if (!layer) {
        failure = Failure{Reason::upstream_failed, "egressd has no memory for TLS"};
        co_return failure;
    }
    const TlsLayer& tls = *layer;
    origin.connection.expires_after(session.exchange->settings->limits.connect_timeout);
    const net::error_code ec = co_await origin.connection.secure(std::move(layer));
    if (!ec)
        co_return failure;
    const std::string& host = attempt.host.text();
    if (ec == asio::error::timed_out)
        failure = Failure{Reason::timeout, host + " did not finish the TLS handshake in time"};
    else
        failure = Failure{tls.peer_closed() ? Reason::upstream_failed : Reason::tls_upstream_invalid,
                          host + " " + handshake_problem(tls)};
    co_return failure;
}

} // namespace

awaitable<OriginResult> reach_origin(Session& session, const policy::Decision& decision,
                                     const policy::Attempt& attempt, Way way) {
    OriginResult reached = co_await reach(session, decision, attempt, way);
    if (reached && way == Way::secure && !session.interrupted()) {
        session.origin = std::move(*reached); // where interrupt() finds it
        const std::optional<Failure> failure = co_await shake_hands(session, *session.origin, attempt);
        if (failure)
            reached = *failure;
        else
            reached = std::move(session.origin);
        session.origin.reset();
    }
    // A new policy, or the end of the process, may have come while it was under way.
    if (session.interrupted()) {
        const Failure failure{*session.interrupted(), "ended while the origin was being reached"};
        co_return failure;
    }
    co_return reached;
}

OriginPool::OriginPool(net::Timers& timers) : next_sweep_(timers, [this] { sweep(); }) {}

void OriginPool::sweep() {
    drop_expired();
    if (count_ > 0)
        next_sweep_.expires_after(idle_timeout);
}

std::string OriginPool::key(const policy::Attempt& attempt, Way way) {
    std::string key(way == Way::secure ? "tls " : "");
    key.append(attempt.task);
    key.append(" ").append(attempt.host.text()).append(" ").append(std::to_string(attempt.port));
    return key;
}

std::unique_ptr<Origin> OriginPool::take(const std::string& key) {
    const auto found = idle_.find(key);
    if (found == idle_.end())
        return nullptr;
    std::unique_ptr<Origin> origin;
    std::vector<Idle>& idle = found->second;
    while (!idle.empty() && !origin) {
        Idle last = std::move(idle.back());
        idle.pop_back();
        --count_;
        const bool fresh = std::chrono::steady_clock::now() - last.since < idle_timeout;
        if (fresh && last.origin->connection.is_quiet())
            origin = std::move(last.origin);
    }
    return origin;
}

void OriginPool::give_back(const std::string& key, std::unique_ptr<Origin> origin) {
    if (count_ >= max_idle || idle_.size() >= max_idle)
        drop_expired();
    if (count_ >= max_idle || idle_.size() >= max_idle)
        return;
    std::vector<Idle>& idle = idle_[key];
    if (idle.size() >= max_idle_per_key)
        return;
    origin->connection.expires_never();
    origin->reused = true;
    idle.push_back({std::move(origin), std::chrono::steady_clock::now()});
    if (++count_ == 1)
        next_sweep_.expires_after(idle_timeout);
}

void OriginPool::clear() {
    idle_.clear();
    count_ = 0;
    next_sweep_.cancel(); // a deadline that is set keeps the worker's event loop running
}

void OriginPool::drop_expired() {
    const auto now = std::chrono::steady_clock::now();
    for (auto entry = idle_.begin(); entry != idle_.end();) {
        std::vector<Idle>& idle = entry->second;
        count_ -= std::erase_if(idle, [&](const Idle& each) { return now - each.since >= idle_timeout; });
        entry = idle.empty() ? idle_.erase(entry) : std::next(entry);
    }
}

} // namespace egressd::proxy
