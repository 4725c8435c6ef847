#include "proxy/worker.hpp"

#include "proxy/client_tls.hpp"
#include "proxy/inspection.hpp"
#include "proxy/name_service.hpp"
#include "proxy/operator_log.hpp"
#include "proxy/origin_tls.hpp"
#include "proxy/refusal.hpp"
#include "proxy/session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <exception>
#include <fcntl.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace egressd::proxy {

namespace asio = boost::asio;
using net::awaitable;
using net::error_code;

namespace {

std::shared_ptr<dns::Resolver> make_resolver(asio::io_context& io, const config::Settings& settings) {
    dns::ResolverOptions options;
    options.system = settings.dns.system;
    for (const policy::Endpoint& server : settings.dns.servers)
        options.servers.push_back(to_text(server));
    options.hosts = settings.dns.hosts;
    options.timeout = settings.limits.resolve_timeout;
    return std::make_shared<dns::Resolver>(io, std::move(options));
}

constexpr std::chrono::milliseconds accept_pause{10};

/// A session's coroutine; its arguments live in its frame.
awaitable<void> serve(Worker* worker, net::tcp::socket socket, std::string peer, const Listener* listener) {
    if (worker->draining())
        co_return; // accepted just before: nobody would tell this session to end
    Session session(*worker, std::move(socket), std::move(peer), *listener);
    co_await session.run();
}

/// One descriptor kept back, so that there is a way to say no when all others are in use.
class Reserve {
public:
    Reserve() { refill(); }
    ~Reserve() { release(); }
    Reserve(const Reserve&) = delete;
    Reserve& operator=(const Reserve&) = delete;
    void release() {
        if (descriptor_ >= 0)
            ::close(descriptor_);
        descriptor_ = -1;
    }
    void refill() { descriptor_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

private:
    int descriptor_ = -1;
};

} // namespace

Worker::Worker(Shared& shared, std::shared_ptr<const config::Settings> settings,
               std::shared_ptr<OriginTls> origin_tls, const std::shared_ptr<const scan::Engine>& engine)
    : shared_(shared), settings_(std::move(settings)), work_(io_.get_executor()), timers_(io_),
      pool_(timers_), client_tls_(std::make_unique<ClientTls>(shared.authority)),
      origin_tls_(std::move(origin_tls)), scanning_(std::make_shared<Scanning>(engine, shared.splits)),
      resolver_(make_resolver(io_, *settings_)) {}

Worker::~Worker() {
    drain(std::chrono::milliseconds(0)); // one that was started and never told to stop: a start that failed
    join();
}

void Worker::report_bug(std::exception_ptr failure) {
    if (!failure)
        return;
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        log_error("session-failed", error.what());
    } catch (...) {
        log_error("session-failed", "an exception of an unknown type");
    }
}

void Worker::serve_listener(const Listener& listener, std::size_t index) {
    const bool v6 = listener.endpoint().address.is_v6();
    const int descriptor = listener.duplicate();
    const int datagrams = listener.serves_names() ? listener.duplicate_datagrams(index) : 0;
    if (descriptor < 0 || datagrams < 0)
        throw std::runtime_error("no file descriptor is left for a worker: raise `ulimit -n`");
    acceptors_.emplace_back(io_, v6 ? net::tcp::v6() : net::tcp::v4(), descriptor);
    asio::co_spawn(io_, accept(&listener, acceptors_.size() - 1), report_bug);
    if (!listener.serves_names())
        return;
    names_ = std::make_unique<NameService>(*this, listener, datagrams);
    names_->start();
}

void Worker::start(const std::vector<std::unique_ptr<Listener>>& listeners, std::size_t index,
                   std::function<void()> on_stopped) {
    acceptors_.reserve(listeners.size());
    for (const std::unique_ptr<Listener>& listener : listeners)
        serve_listener(*listener, index);
    thread_ = std::thread([this, on_stopped = std::move(on_stopped)] {
        run();
        on_stopped();
    });
}

void Worker::run() {
    // A handler that throws is a bug of ours in one session; the others go on.
    for (;;) {
        try {
            io_.run();
            return;
        } catch (const std::exception& error) {
            log_error("worker-failed", error.what());
        }
    }
}

awaitable<void> Worker::accept(const Listener* listener, std::size_t index) {
    Reserve reserve;
    asio::steady_timer pause(io_);
    net::tcp::acceptor& acceptor = acceptors_[index];
    while (!draining_) {
        net::tcp::endpoint peer;
        error_code ec;
        net::tcp::socket socket =
            co_await acceptor.async_accept(peer, asio::redirect_error(asio::use_awaitable, ec));
        if (!ec) {
            adopt(std::move(socket), peer, *listener);
            continue;
        }
        if (ec == asio::error::operation_aborted || draining_)
            co_return;
        if (ec == asio::error::connection_aborted)
            continue; // the client went away before it was accepted
        if ((ec == asio::error::no_descriptors || ec.value() == ENFILE) && !listener->serves_names()) {
            // With the reserve's descriptor a client is accepted, told no, and closed at once.
            pool_.clear(); // what lies idle there may serve a client
            reserve.release();
            refuse_next(acceptor);
            reserve.refill();
        }
        // Whatever is lacking, asking again at once would only burn the processor.
        pause.expires_after(accept_pause);
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    }
}

void Worker::refuse_next(net::tcp::acceptor& acceptor) {
    error_code ec;
    acceptor.non_blocking(true, ec);
    net::tcp::endpoint peer;
    net::tcp::socket socket(io_);
    acceptor.accept(socket, peer, ec);
    if (!ec)
        refuse_at_the_door(std::move(socket), to_text(policy::Endpoint{peer.address(), peer.port()}),
                           "egressd has no file descriptor left");
}

void Worker::refuse_at_the_door(net::tcp::socket socket, std::string peer, const std::string& why) {
    const Refusal refusal =
        refusal_of(policy::Reason::budget, why + "; try again when other connections have ended");
    audit::Entry entry(shared_.log, std::move(peer));
    entry.file_attempt(nullptr, policy::Decision{policy::Verdict::deny, refusal.reason, nullptr}, {}, {}, {});
    entry.conclude(refusal.reason);
    entry.status = refusal.status;
    const std::string reply = http_reply(refusal, entry.id(), false, false, true);
    error_code ignored; // a client that is gone needs no answer
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(reply), ignored);
    std::array<char, 4096> unread{}; // what lies unread at close would reset the connection under the reply
    socket.read_some(asio::buffer(unread), ignored);
}

void Worker::adopt(net::tcp::socket socket, net::tcp::endpoint from, const Listener& listener) {
    const std::size_t limit = settings_->limits.connections;
    if (listener.serves_names()) {
        if (limit == 0 || shared_.connections < limit)
            asio::co_spawn(io_, names_->serve(std::move(socket), from), report_bug);
        return;
    }
    std::string peer = to_text(policy::Endpoint{from.address(), from.port()});
    if (limit > 0 && shared_.connections >= limit) {
        refuse_at_the_door(std::move(socket), std::move(peer),
                           "as many clients are connected as limits.connections allows");
        return;
    }
    asio::co_spawn(io_, serve(this, std::move(socket), std::move(peer), &listener), report_bug);
}

void Worker::apply(std::shared_ptr<const config::Settings> settings, std::shared_ptr<OriginTls> origin_tls,
                   std::shared_ptr<const scan::Engine> engine, std::function<void()> on_applied) {
    asio::post(io_, [this, settings = std::move(settings), origin_tls = std::move(origin_tls),
                     engine = std::move(engine), on_applied = std::move(on_applied)] {
        scanning_ = std::make_shared<Scanning>(engine, shared_.splits);
        resolver_ = make_resolver(io_, *settings);
        settings_ = settings;
        origin_tls_ = origin_tls;
        pool_.clear();
        if (names_)
            names_->forget();
        for (Session* session : std::unordered_set<Session*>(sessions_))
            session->recheck(*settings_);
        on_applied();
    });
}

void Worker::drain(std::chrono::milliseconds patience) {
    asio::post(io_, [this, patience] {
        draining_ = true;
        for (net::tcp::acceptor& acceptor : acceptors_) {
            error_code ignored;
            acceptor.close(ignored);
        }
        if (names_)
            names_->drain();
        for (Session* session : std::unordered_set<Session*>(sessions_))
            if (session->is_idle())
                session->interrupt(policy::Reason::shutdown);
        patience_ = std::make_unique<asio::steady_timer>(io_, patience);
        patience_->async_wait([this](const error_code& ec) {
            if (!ec)
                interrupt_all(policy::Reason::shutdown);
        });
        finish_if_drained();
    });
}

void Worker::interrupt_all(policy::Reason reason) {
    resolver_->cancel();
    if (names_)
        names_->interrupt();
    for (Session* session : std::unordered_set<Session*>(sessions_))
        session->interrupt(reason);
}

void Worker::wake_journal_soon() {
    if (waking_journal_)
        return;
    waking_journal_ = true;
    asio::post(io_, [this] {
        waking_journal_ = false;
        shared_.log.journal.wake();
    });
}

void Worker::add(Session& session) {
    sessions_.insert(&session);
    ++shared_.connections;
}

void Worker::remove(Session& session) {
    sessions_.erase(&session);
    --shared_.connections;
    finish_if_drained();
}

void Worker::finish_if_drained() {
    if (!draining_ || !sessions_.empty() || (names_ && !names_->is_done()))
        return;
    patience_.reset();
    pool_.clear();
    resolver_->cancel();
    work_.reset();
}

void Worker::join() {
    if (thread_.joinable())
        thread_.join();
}

} // namespace egressd::proxy
