#include "cli/serve.hpp"

#include "cli/commands.hpp"
#include "cli/findings.hpp"
#include "cli/process.hpp"
#include "cli/shell.hpp"
#include "config/settings.hpp"
#include "proxy/daemon.hpp"
#include "proxy/operator_log.hpp"

#include <filesystem>
#include <iostream>
#include <memory>
#include <utility>

namespace egressd::cli {

namespace {

/// A name that the policy lets through on port 443, for the example; empty where there is none.
std::string example_host(const policy::Policy& policy) {
    for (const policy::Rule& rule : policy.allow())
        for (const std::uint16_t port : rule.ports)
            if (port == policy::https_port && rule.pattern.kind == policy::Pattern::Kind::exact)
                return rule.pattern.base.text();
    return {};
}

/// What makes a shell's programs use this egressd and trust it, whatever the shell's directory is.
std::string env_command(const config::Settings& settings, const std::string& url) {
    std::error_code ec;
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", ec);
    std::string command = ec ? "egressd" : single_quoted(program.string(), sh_quote);
    command +=
        " env --config " + single_quoted(std::filesystem::absolute(settings.file, ec).string(), sh_quote);
    if (settings.proxy_listen.port == 0)
        command += " --proxy " + url; // known only now
    return "eval \"$(" + command + ")\"";
}

std::string counted(std::size_t count, const std::string& one, const std::string& many) {
    return std::to_string(count) + ' ' + (count == 1 ? one : many);
}

void print_summary(const config::Settings& settings, const proxy::Daemon& daemon) {
    const policy::Policy& policy = *settings.policy;
    const proxy::Watch& watch = daemon.watch();
    const std::string url = "http://" + proxy::to_text(daemon.endpoint());
    const std::string host = example_host(policy);
    std::cout << "egressd " EGRESSD_VERSION " is ready\n"
              << "  proxy   " << url << "  (HTTP and SOCKS5)\n";
    if (daemon.dns_endpoint() != nullptr)
        std::cout << "  dns     " << proxy::to_text(*daemon.dns_endpoint()) << "  (UDP and TCP, "
                  << (settings.dns.synthetic ? "synthetic" : "real") << " answers)\n";
    std::cout << "  policy  " << settings.file << ": " << policy.allow().size() << " allow, "
              << policy.deny().size() << " deny, mode " << to_text(policy.mode()) << ", sha256 "
              << settings.sha256.substr(0, 12) << "\n"
              << "  secrets " << counted(watch.rules, "rule", "rules") << ", "
              << counted(watch.known, "known value", "known values") << ", "
              << counted(watch.canaries, "canary", "canaries") << "\n"
              << "  log     " << settings.audit.file << "\n"
              << "  CA      " << settings.ca.certificate << "  (of the certificates inside inspected TLS)\n"
              << "Try it from another terminal:\n"
              << "  " << env_command(settings, url) << "\n"
              << "  curl -i " << (host.empty() ? "http://example.com" : "https://" + host) << "/"
              << (host.empty() ? "   # refused, and says why\n" : "\n")
              << "Ctrl-C stops it; kill -HUP reloads the policy." << std::endl;
}

} // namespace

int serve(const std::string& config_file) {
    forbid_core_dumps(); // before any key or secret is read
    proxy::start_operator_log();
    config::Loaded loaded = config::load(config_file);
    if (!loaded.settings) {
        print_findings(std::cerr, loaded.diagnostics);
        return exit_usage;
    }
    for (const config::Diagnostic& finding : loaded.diagnostics)
        proxy::log_warning("config-warning", finding.text());
    const config::Settings shown = *loaded.settings;
    Result<std::unique_ptr<proxy::Daemon>> daemon = proxy::Daemon::open(std::move(*loaded.settings));
    if (!daemon) {
        proxy::log_error("start-failed", daemon.error().message);
        return exit_usage;
    }
    (*daemon)->start();
    print_summary(shown, **daemon);
    (*daemon)->run();
    return exit_ok;
}

} // namespace egressd::cli
