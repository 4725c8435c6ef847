// Where does a session live? One worker is one thread, one io_context, and everything that its sessions use
// without a lock: timers, resolver, pools, the policy in force. A session never changes worker.
#pragma once

#include "audit/entry.hpp"
#include "config/settings.hpp"
#include "dns/resolver.hpp"
#include "dns/synthetic.hpp"
#include "net/deadline.hpp"
#include "net/splice.hpp"
#include "proxy/listener.hpp"
#include "proxy/name_budget.hpp"
#include "proxy/origin.hpp"
#include "proxy/splits.hpp"
#include "scan/engine.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

namespace egressd::proxy {

class CertificateAuthority;
class ClientTls;
class NameService;
class OriginTls;
class Session;
struct Scanning;

/// What all workers share; constant while they run, or thread-safe by itself.
struct Shared {
    audit::Log& log;
    std::vector<policy::Endpoint> own;       // listening sockets, never dialled for a task
    std::atomic<std::size_t> connections{0}; // of all workers, for limits.connections
    std::string
        pseudonym; // this process in Via fields (RFC 9110 7.6.3): a request that carries it has come round
    std::shared_ptr<const CertificateAuthority> authority; // of the certificates that clients are shown
    Splits splits{};
    NameBudgets name_budgets{};
    dns::Synthetic synthetic{}; // which name an address stands for that agents were given
};

class Worker {
public:
    Worker(Shared& shared, std::shared_ptr<const config::Settings> settings,
           std::shared_ptr<OriginTls> origin_tls, const std::shared_ptr<const scan::Engine>& engine);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// Accepts on `listeners`, which outlive the worker, and starts the thread. `index` is which of their UDP
    /// sockets is this worker's. `on_stopped` is called from the thread when it has ended its last session.
    /// Throws when the system has no descriptor or thread left.
    void start(const std::vector<std::unique_ptr<Listener>>& listeners, std::size_t index,
               std::function<void()> on_stopped);

    // From any thread.
    /// From now on requests are judged by `settings`, origins by `origin_tls`, and `engine` finds what is
    /// secret; live ones that the settings would deny are closed. `on_applied` is called from the worker's
    /// thread when that is so.
    void apply(std::shared_ptr<const config::Settings> settings, std::shared_ptr<OriginTls> origin_tls,
               std::shared_ptr<const scan::Engine> engine, std::function<void()> on_applied);
    /// Stops accepting; ends idle sessions now and the others when they are done, or with reason shutdown
    /// after `patience`.
    void drain(std::chrono::milliseconds patience);
    /// Waits until the last session has ended and the thread is gone.
    void join();

    // From the worker's thread.
    boost::asio::io_context& io() { return io_; }
    net::Timers& timers() { return timers_; }
    net::PipePool& pipes() { return pipes_; }
    OriginPool& pool() { return pool_; }
    ClientTls& client_tls() { return *client_tls_; }
    OriginTls& origin_tls() { return *origin_tls_; }
    const std::shared_ptr<Scanning>& scanning() const { return scanning_; }
    const std::shared_ptr<dns::Resolver>& resolver() { return resolver_; }
    const std::shared_ptr<const config::Settings>& settings() const { return settings_; }
    Shared& shared() { return shared_; }
    bool draining() const { return draining_; }
    /// Wakes the log's writer behind all that this turn of the event loop appends.
    void wake_journal_soon();
    void add(Session& session);
    void remove(Session& session);
    /// Ends the event loop when nothing is in flight any more and nothing new is taken.
    void finish_if_drained();

    /// For coroutines of this process: what one threw is a bug of ours, and goes to the operator's log.
    static void report_bug(std::exception_ptr failure);

private:
    void serve_listener(const Listener& listener, std::size_t index);
    net::awaitable<void> accept(const Listener* listener, std::size_t index);
    void refuse_next(net::tcp::acceptor& acceptor);
    void refuse_at_the_door(net::tcp::socket socket, std::string peer, const std::string& why);
    void adopt(net::tcp::socket socket, net::tcp::endpoint from, const Listener& listener);
    void interrupt_all(policy::Reason reason);
    void run();

    Shared& shared_;
    std::shared_ptr<const config::Settings> settings_;
    boost::asio::io_context io_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    net::Timers timers_;
    net::PipePool pipes_;
    OriginPool pool_;
    std::unique_ptr<ClientTls> client_tls_;
    std::shared_ptr<OriginTls> origin_tls_;
    std::shared_ptr<Scanning> scanning_;
    std::shared_ptr<dns::Resolver> resolver_;
    std::vector<net::tcp::acceptor> acceptors_;
    std::unique_ptr<NameService> names_; // nullptr where no listener takes questions
    std::unordered_set<Session*> sessions_;
    std::unique_ptr<boost::asio::steady_timer> patience_;
    bool draining_ = false;
    bool waking_journal_ = false;
    std::thread thread_;
};

} // namespace egressd::proxy
