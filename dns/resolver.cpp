// A lookup is shared: the first caller starts it, everybody who asks for the same name meanwhile waits for
// its `finished` timer, which never expires and is cancelled when the outcome is there. Asio then resumes the
// waiters from the event loop, so that no coroutine ever runs inside c-ares, and one that is itself cancelled
// simply leaves.
#include "dns/resolver.hpp"

#include "dns/cache.hpp"
#include "dns/channel.hpp"
#include "net/host.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <utility>

namespace egressd::dns {

namespace asio = boost::asio;

namespace {

using Clock = asio::steady_timer::clock_type;

/// One lookup on its way, and its outcome for those who wait.
struct Lookup {
    Lookup(asio::io_context& io, std::string name_)
        : name(std::move(name_)), deadline(io), finished(io, Clock::time_point::max()) {}

    std::string name;
    std::optional<Answer> ipv6;
    std::optional<Answer> ipv4;
    std::optional<Outcome> result;
    asio::steady_timer deadline;
    asio::steady_timer finished;
};
using LookupPointer = std::shared_ptr<Lookup>;

/// RFC 6761 6.3: such names are this machine, and are no business of a name server.
bool is_localhost(const std::string& name) {
    constexpr std::string_view localhost = "localhost";
    return name == localhost ||
           (name.ends_with(localhost) && name[name.size() - localhost.size() - 1] == '.');
}

Addresses loopback() {
    return {asio::ip::address_v6::loopback(), asio::ip::address_v4::loopback()};
}

/// Whether a query may carry `name`: only what net::Host calls a name, in its own spelling.
bool is_askable(const std::string& name) {
    const Result<net::Host> host = net::Host::parse(name);
    return host && !host->is_address() && host->text() == name;
}

LookupPointer refused(asio::io_context& io, std::string name, const char* message) {
    auto lookup = std::make_shared<Lookup>(io, std::move(name));
    lookup->result = Outcome{Error{Side::self, message}, {}, Answer::Kind::failed};
    return lookup;
}

asio::awaitable<Outcome> wait_for(LookupPointer lookup) {
    if (!lookup->result) {
        boost::system::error_code ignored; // always "cancelled"
        co_await lookup->finished.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    if (!lookup->result) {
        const Outcome cancelled{Error{Side::origin, "the lookup was cancelled"}, {}, Answer::Kind::cancelled};
        co_return cancelled;
    }
    co_return *lookup->result;
}

const std::vector<std::string>& chosen_servers(const ResolverOptions& options) {
    static const std::vector<std::string> system_servers;
    if (options.system) {
        return system_servers;
    }
    if (options.servers.empty()) {
        throw std::runtime_error("dns.upstream names no server");
    }
    return options.servers;
}

} // namespace

struct Resolver::State : std::enable_shared_from_this<State> {
    State(asio::io_context& io_, ResolverOptions options_)
        : io(io_), options(std::move(options_)), channel(io_, chosen_servers(options), options.try_timeout) {}

    std::optional<Outcome> known(const std::string& name);
    LookupPointer join(std::string name);
    void start(const LookupPointer& lookup);
    void ask(const LookupPointer& lookup, Channel::Type type);
    void take(const LookupPointer& lookup, Channel::Type type, Answer answer);
    void limit(const LookupPointer& lookup, Clock::time_point until);
    void finish(Lookup& lookup, Answer::Kind missing);
    void cancel();

    asio::io_context& io;
    ResolverOptions options;
    Cache cache;
    std::unordered_map<std::string, LookupPointer> lookups;
    Channel channel; // last: its destruction completes queries
};

std::optional<Outcome> Resolver::State::known(const std::string& name) {
    const auto fixed = options.hosts.find(name);
    if (fixed != options.hosts.end()) {
        return Outcome{fixed->second, max_lifetime, Answer::Kind::found};
    }
    if (is_localhost(name)) {
        return Outcome{loopback(), max_lifetime, Answer::Kind::found};
    }
    if (const Outcome* cached = cache.find(name, options.now())) {
        return *cached;
    }
    return std::nullopt;
}

LookupPointer Resolver::State::join(std::string name) {
    const auto running = lookups.find(name);
    if (running != lookups.end()) {
        return running->second;
    }
    if (!is_askable(name)) {
        return refused(io, std::move(name), "only a canonical name can be looked up");
    }
    if (lookups.size() >= max_lookups) {
        return refused(io, std::move(name), "too many names are being looked up");
    }
    auto lookup = std::make_shared<Lookup>(io, std::move(name));
    start(lookup);
    return lookup;
}

void Resolver::State::start(const LookupPointer& lookup) {
    lookups.emplace(lookup->name, lookup);
    limit(lookup, Clock::now() + options.timeout);
    ask(lookup, Channel::Type::aaaa);
    ask(lookup, Channel::Type::a);
}

void Resolver::State::ask(const LookupPointer& lookup, Channel::Type type) {
    // `this` outlives the channel, which completes every query.
    channel.query(lookup->name, type,
                  [this, lookup, type](Answer answer) { take(lookup, type, std::move(answer)); });
}

void Resolver::State::take(const LookupPointer& lookup, Channel::Type type, Answer answer) {
    if (lookup->result) {
        return; // the deadline was earlier
    }
    const bool found = answer.kind == Answer::Kind::found;
    (type == Channel::Type::aaaa ? lookup->ipv6 : lookup->ipv4) = std::move(answer);
    if (lookup->ipv6 && lookup->ipv4) {
        finish(*lookup, Answer::Kind::timed_out);
    } else if (found) {
        limit(lookup, std::min(lookup->deadline.expiry(), Clock::now() + straggler_wait));
    }
}

void Resolver::State::limit(const LookupPointer& lookup, Clock::time_point until) {
    lookup->deadline.expires_at(until);
    // Weak: a wait that has ended is still queued when the resolver goes.
    lookup->deadline.async_wait([weak = weak_from_this(), lookup](boost::system::error_code error) {
        const std::shared_ptr<State> self = weak.lock();
        if (!error && self && !lookup->result) {
            self->finish(*lookup, Answer::Kind::timed_out);
        }
    });
}

/// What has not been answered counts as `missing`.
void Resolver::State::finish(Lookup& lookup, Answer::Kind missing) {
    const Answer none{missing, {}, {}};
    const Outcome outcome = merge(lookup.ipv6.value_or(none), lookup.ipv4.value_or(none));
    cache.store(lookup.name, outcome, options.now());
    lookup.result = outcome;
    lookup.deadline.cancel();
    lookup.finished.cancel();
    lookups.erase(lookup.name); // callers hold the lookup
}

void Resolver::State::cancel() {
    while (!lookups.empty()) {
        const LookupPointer lookup = lookups.begin()->second;
        lookup->ipv6.reset();
        lookup->ipv4.reset();
        finish(*lookup, Answer::Kind::cancelled);
    }
    channel.cancel();
}

Resolver::Resolver(asio::io_context& io, ResolverOptions options)
    : state_(std::make_shared<State>(io, std::move(options))) {}

Resolver::~Resolver() {
    state_->cancel();
}

asio::awaitable<Result<Addresses>> Resolver::resolve(std::string name) {
    Outcome outcome = co_await look_up(std::move(name));
    co_return std::move(outcome.addresses);
}

asio::awaitable<Outcome> Resolver::look_up(std::string name) {
    std::optional<Outcome> known = state_->known(name);
    if (known) {
        co_return std::move(*known);
    }
    LookupPointer lookup = state_->join(std::move(name));
    co_return co_await wait_for(std::move(lookup));
}

std::optional<Outcome> Resolver::known(const std::string& name) {
    return state_->known(name);
}

void Resolver::cancel() {
    state_->cancel();
}

} // namespace egressd::dns
