// How do the parts become one process? Log, listeners and workers are opened in that order and closed in the
// other; signals reload and stop. Nothing is served before everything that a decision needs is there.
#pragma once

#include "audit/entry.hpp"
#include "audit/repeats.hpp"
#include "config/settings.hpp"
#include "proxy/listener.hpp"
#include "proxy/worker.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <string>
#include <sys/signalfd.h>
#include <vector>

namespace egressd::proxy {

/// What finds the secrets in what leaves, and how much it looks for.
struct Watch {
    std::shared_ptr<const scan::Engine> engine;
    std::size_t rules = 0;
    std::size_t known = 0; // values of the operator's
    std::size_t canaries = 0;
};

class Daemon {
public:
    /// Opens the log and the listeners; the Error names the remedy. Nothing is accepted yet.
    static Result<std::unique_ptr<Daemon>> open(config::Settings settings);
    ~Daemon();
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    const Watch& watch() const { return watch_; }
    const CertificateAuthority& authority() const { return *shared_.authority; }

    /// The proxy's address, with the real port.
    const policy::Endpoint& endpoint() const { return listeners_.front()->endpoint(); }

    /// The DNS server's likewise; nullptr without one.
    const policy::Endpoint* dns_endpoint() const {
        return listeners_.size() > 1 ? &listeners_.back()->endpoint() : nullptr;
    }

    /// Starts the workers: from here on clients are served.
    void start();
    /// Until SIGTERM or SIGINT and the end of the sessions.
    void run();

private:
    /// What is opened before anything is served.
    struct Parts {
        std::unique_ptr<audit::Journal> journal;
        std::shared_ptr<const CertificateAuthority> authority;
        std::vector<std::shared_ptr<OriginTls>> origin_tls; // one a worker
        Watch watch;
        std::vector<std::unique_ptr<Listener>> listeners;
    };
    Daemon(config::Settings settings, Parts parts);

    void await_signal();
    void await_second();
    void reload();
    void take_over(config::Settings settings, const std::vector<std::shared_ptr<OriginTls>>& origin_tls,
                   Watch watch);

    void stop(int signal);
    void worker_stopped();
    std::string policy_record() const;

    std::shared_ptr<const config::Settings> settings_;
    std::unique_ptr<audit::Journal> journal_;
    audit::Repeats repeats_;
    audit::Log log_;
    std::vector<std::unique_ptr<Listener>> listeners_;
    std::vector<std::shared_ptr<OriginTls>> origin_tls_; // for the workers that start() makes
    Watch watch_;
    Shared shared_;
    boost::asio::io_context io_{1};
    boost::asio::posix::stream_descriptor signals_;
    signalfd_siginfo signal_{}; // the one read last
    boost::asio::steady_timer second_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::size_t running_ = 0;
    std::string stop_reason_;
};

} // namespace egressd::proxy
