#include "proxy/daemon.hpp"

#include "audit/event.hpp"
#include "audit/id.hpp"
#include "config/engine_files.hpp"
#include "config/watched.hpp"
#include "config/weaken.hpp"
#include "proxy/certificates.hpp"
#include "proxy/operator_log.hpp"
#include "proxy/origin_tls.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <memory>
#include <pwd.h>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace egressd::proxy {

namespace asio = boost::asio;

namespace {

/// Ctrl-C means now: what is in flight gets this long at most, whatever limits.drain_timeout says.
constexpr std::chrono::milliseconds interrupt_patience{2'000};

/// Every tunnel holds two descriptors; the soft limit is a shell's habit, the hard one is the operator's
/// word.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0)
        log_warning("descriptor-limit",
                    "the limit of open files could not be raised; `ulimit -n` stays in force");
}

sigset_t answered_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP})
        sigaddset(&set, signal);
    return set;
}

/// For this thread and all that it starts: the signals that the daemon answers are read from a descriptor, so
/// that no handler runs anywhere, and what comes after the last read is never delivered.
void block_signals() {
    const sigset_t set = answered_signals();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

int open_signals() {
    const sigset_t set = answered_signals();
    const int descriptor = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (descriptor < 0)
        throw std::runtime_error("no descriptor for signals could be had (signalfd)");
    return descriptor;
}

std::string host_name() {
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    return name.data();
}

std::string user_name() {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> buffer{};
    if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
        return {};
    return found->pw_name;
}

unsigned worker_count(const config::Settings& settings) {
    return settings.workers == 0 ? std::max(1U, std::thread::hardware_concurrency()) : settings.workers;
}

/// One a worker.
Result<std::vector<std::shared_ptr<OriginTls>>> make_origin_tls(const config::Settings& settings,
                                                                std::size_t count) {
    const Result<std::shared_ptr<const Trust>> trust = Trust::load(settings.upstream_ca);
    if (!trust)
        return trust.error();
    std::vector<std::shared_ptr<OriginTls>> all;
    while (all.size() < count) {
        Result<std::shared_ptr<OriginTls>> made = OriginTls::make(*trust);
        if (!made)
            return made.error();
        all.push_back(std::move(*made));
    }
    return all;
}

/// A source of known values that cannot be read is said, and the rest is watched: a `.env` comes and goes.
Result<Watch> make_watch(const config::Settings& settings) {
    std::vector<std::string> problems;
    Watch watch;
    try {
        config::Watched watched = config::gather_watched(settings, problems);
        for (const std::string& problem : problems)
            log_warning("known-secrets", problem);
        watch.rules = settings.secrets.rules.size();
        watch.known = watched.known;
        watch.canaries = watched.canaries;
        watch.engine =
            config::load_engine(settings.state, settings.secrets.rules, std::move(watched.values),
                                [](const std::string& sentence) { log_info("secret-rules", sentence); });
    } catch (const std::exception& error) {
        return Error{Side::self, std::string("the secret rules cannot be used: ") + error.what()};
    }
    log_info("watching", "what leaves is searched for secrets",
             {{"rules", std::to_string(watch.rules)},
              {"known", std::to_string(watch.known)},
              {"canaries", std::to_string(watch.canaries)}});
    return watch;
}

std::string new_pseudonym() {
    const std::string id = audit::new_id();
    return "egressd-" + id.substr(id.size() - 12); // the random end of a UUIDv7
}

} // namespace

Result<std::unique_ptr<Daemon>> Daemon::open(config::Settings settings) {
    block_signals();               // before any thread is started
    std::signal(SIGPIPE, SIG_IGN); // a closed socket is an error code
    std::signal(SIGXFSZ, SIG_IGN); // so is a full quota of the log's file
    raise_descriptor_limit();
    Parts parts;
    Result<std::unique_ptr<audit::Journal>> journal = audit::Journal::open(settings.audit);
    if (!journal)
        return journal.error();
    parts.journal = std::move(*journal);
    Result<std::shared_ptr<const CertificateAuthority>> authority = CertificateAuthority::open(settings.ca);
    if (!authority)
        return authority.error();
    parts.authority = std::move(*authority);
    Result<std::vector<std::shared_ptr<OriginTls>>> origin_tls =
        make_origin_tls(settings, worker_count(settings));
    if (!origin_tls)
        return origin_tls.error();
    parts.origin_tls = std::move(*origin_tls);
    Result<Watch> watch = make_watch(settings);
    if (!watch)
        return watch.error();
    parts.watch = std::move(*watch);
    Result<std::unique_ptr<Listener>> listener = Listener::open("proxy", settings.proxy_listen);
    if (!listener)
        return listener.error();
    parts.listeners.push_back(std::move(*listener));
    if (settings.dns_listen) {
        Result<std::unique_ptr<Listener>> names =
            Listener::open("dns", *settings.dns_listen, worker_count(settings));
        if (!names)
            return names.error();
        parts.listeners.push_back(std::move(*names));
    }
    return std::unique_ptr<Daemon>(new Daemon(std::move(settings), std::move(parts)));
}

Daemon::Daemon(config::Settings settings, Parts parts)
    : settings_(std::make_shared<const config::Settings>(std::move(settings))),
      journal_(std::move(parts.journal)), repeats_(*journal_), log_{*journal_, repeats_, audit::new_id()},
      listeners_(std::move(parts.listeners)), origin_tls_(std::move(parts.origin_tls)),
      watch_(std::move(parts.watch)), shared_{log_, {}, 0, new_pseudonym(), std::move(parts.authority)},
      signals_(io_, open_signals()), second_(io_) {
    for (const std::unique_ptr<Listener>& listener : listeners_)
        for (policy::Endpoint& endpoint : listener->reachable_at())
            shared_.own.push_back(std::move(endpoint));
}

Daemon::~Daemon() = default;

std::string Daemon::policy_record() const {
    const std::string host = host_name();
    const std::string user = user_name();
    audit::PolicyRecord record;
    record.session = log_.session;
    record.effective_json = settings_->effective_json;
    record.sha256 = settings_->sha256;
    record.version = EGRESSD_VERSION;
    record.host = host;
    record.mode = to_text(settings_->policy->mode());
    record.uid = ::getuid();
    record.user = user;
    record.recovered_bytes = journal_->recovered_bytes();
    return audit::policy_record(record);
}

void Daemon::start() {
    journal_->append(policy_record(), audit::Durability::synced_soon);
    for (std::shared_ptr<OriginTls>& origin_tls : origin_tls_)
        workers_.push_back(
            std::make_unique<Worker>(shared_, settings_, std::move(origin_tls), watch_.engine));
    running_ = workers_.size();
    for (std::size_t i = 0; i < workers_.size(); ++i)
        workers_[i]->start(listeners_, i, [this] { asio::post(io_, [this] { worker_stopped(); }); });
    for (const std::unique_ptr<Listener>& listener : listeners_)
        log_info("listening", "listening on " + to_text(listener->endpoint()),
                 {{"listener", listener->name()}, {"address", to_text(listener->endpoint())}});
    log_info("ready", "ready", {{"policy_sha256", settings_->sha256}, {"log", settings_->audit.file}});
}

void Daemon::run() {
    await_signal();
    await_second();
    io_.run();
    for (const std::unique_ptr<Worker>& worker : workers_)
        worker->join();
    repeats_.close();
    journal_->append(audit::stop_record(stop_reason_), audit::Durability::synced_soon);
    const std::uint64_t lost = journal_->finish();
    if (lost > 0)
        log_error("records-lost", "records could not be written to the log",
                  {{"count", std::to_string(lost)}});
    log_info("stopped", "stopped");
}

void Daemon::await_signal() {
    signals_.async_read_some(asio::buffer(&signal_, sizeof signal_),
                             [this](const boost::system::error_code& ec, std::size_t) {
                                 if (ec)
                                     return;
                                 if (signal_.ssi_signo == SIGHUP)
                                     reload();
                                 else
                                     stop(static_cast<int>(signal_.ssi_signo));
                                 await_signal();
                             });
}

void Daemon::await_second() {
    second_.expires_after(std::chrono::seconds(1));
    second_.async_wait([this](const boost::system::error_code& ec) {
        if (ec || running_ == 0) // a second that was over before worker_stopped() could cancel it
            return;
        repeats_.expire(audit::Repeats::Clock::now());
        await_second();
    });
}

void Daemon::reload() {
    config::Loaded loaded = config::load(settings_->file);
    std::string message;
    for (const config::Diagnostic& finding : loaded.diagnostics) {
        const bool error = finding.level == config::Diagnostic::Level::error;
        if (error)
            log_error("reload-failed", finding.text());
        else
            log_warning("config-warning", finding.text());
        if (error && message.empty())
            message = finding.text();
    }
    std::vector<std::shared_ptr<OriginTls>> origin_tls;
    Watch watch;
    if (loaded.settings) {
        Result<std::vector<std::shared_ptr<OriginTls>>> made =
            make_origin_tls(*loaded.settings, workers_.size());
        Result<Watch> compiled = make_watch(*loaded.settings);
        if (made && compiled) {
            origin_tls = std::move(*made);
            watch = std::move(*compiled);
        } else {
            message = made ? compiled.error().message : made.error().message;
        }
    }
    if (watch.engine) {
        take_over(std::move(*loaded.settings), origin_tls, std::move(watch));
    } else {
        journal_->append(audit::reload_record(false, message, {}), audit::Durability::synced_soon);
        log_error("reload-failed", "the policy in force stays: " + settings_->sha256.substr(0, 12));
    }
    // SIGHUP is also how log rotation asks for a new file, whatever became of the policy.
    journal_->reopen(policy_record(), [](const Result<void>& outcome) {
        if (!outcome)
            log_error("log-not-reopened", outcome.error().message);
    });
}

void Daemon::take_over(config::Settings settings, const std::vector<std::shared_ptr<OriginTls>>& origin_tls,
                       Watch watch) {
    const auto text = [](const std::optional<policy::Endpoint>& endpoint) {
        return endpoint ? to_text(*endpoint) : std::string();
    };
    if (to_text(settings.proxy_listen) != to_text(settings_->proxy_listen) ||
        text(settings.dns_listen) != text(settings_->dns_listen) ||
        settings.audit.file != settings_->audit.file || settings.workers != settings_->workers ||
        settings.ca.certificate != settings_->ca.certificate || settings.ca.key != settings_->ca.key)
        log_warning("restart-needed",
                    "listen, audit.file, workers and the CA change only with a restart; the "
                    "rest of the new file is in force");
    const std::vector<std::string> weaker = config::weakenings(*settings_, settings);
    for (const std::string& line : weaker)
        log_warning("policy-weakened", line);
    settings_ = std::make_shared<const config::Settings>(std::move(settings));
    watch_ = std::move(watch);
    journal_->append(audit::reload_record(true, {}, weaker), audit::Durability::synced_soon);
    // A script that reads this line may rely on it: it comes when every worker judges by the new policy.
    const auto waiting = std::make_shared<std::atomic<std::size_t>>(workers_.size());
    for (std::size_t i = 0; i < workers_.size(); ++i)
        workers_[i]->apply(settings_, origin_tls[i], watch_.engine, [waiting, sha256 = settings_->sha256] {
            if (--*waiting == 0)
                log_info("reloaded", "the new policy is in force", {{"policy_sha256", sha256}});
        });
}

void Daemon::stop(int signal) {
    const bool again = !stop_reason_.empty();
    stop_reason_ = signal == SIGINT ? "SIGINT" : "SIGTERM";
    std::chrono::milliseconds patience = settings_->limits.drain_timeout;
    if (signal == SIGINT)
        patience = std::min(patience, interrupt_patience);
    if (again)
        patience = std::chrono::milliseconds(0);
    log_info("stopping", "stopping: no new connections, those in flight get until the drain timeout",
             {{"patience_ms", std::to_string(patience.count())}});
    for (const std::unique_ptr<Listener>& listener : listeners_)
        listener->close();
    for (const std::unique_ptr<Worker>& worker : workers_)
        worker->drain(patience);
}

void Daemon::worker_stopped() {
    if (--running_ > 0)
        return;
    signals_.close();
    second_.cancel();
}

} // namespace egressd::proxy
