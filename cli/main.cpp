// egressd: egress control for AI agents. What a person types is taken apart here and handed to one function.
#include "cli/commands.hpp"
#include "cli/serve.hpp"

#include <CLI/CLI.hpp>

#include <exception>
#include <iostream>
#include <string>

namespace {

constexpr const char* description =
    "egressd lets agent traffic reach allowlisted domains only, and writes every attempt down before it "
    "happens.\n\n"
    "  egressd --config allow.yaml     start the proxy in the foreground\n"
    "  egressd check allow.yaml        is this policy sound?\n"
    "  egressd explain --config allow.yaml https://host/   what would be decided, and why?\n"
    "  eval \"$(egressd env)\"            make the clients of this shell use it, and trust its CA\n"
    "  egressd ca show                 the CA that inspection signs with\n"
    "  egressd scan FILE               which secrets would be found in it?\n"
    "  egressd config reference        every key of allow.yaml\n";

constexpr const char* footer =
    "SIGNALS\n"
    "  SIGHUP    reload the policy (all or nothing) and reopen the log\n"
    "  SIGTERM   stop accepting, finish what is in flight within limits.drain_timeout, exit\n"
    "  SIGINT    the same within two seconds; a second one stops at once\n\n"
    "EXIT STATUS\n"
    "  0  stopped as asked        2  a wrong command line, a broken policy, or something to serve with is "
    "missing\n\n"
    "ENVIRONMENT\n"
    "  the variable that upstream.proxy_credentials names: user:password for the parent proxy\n\n"
    "Clients use it by what `egressd env` prints, or as a SOCKS5 proxy on the same port.";

int run(int argc, char** argv) {
    CLI::App app(description, "egressd");
    app.footer(footer);
    app.set_version_flag("--version", "egressd " EGRESSD_VERSION);
    std::string config_file;
    app.add_option("-c,--config", config_file, "The policy to serve (allow.yaml)")->type_name("FILE");
    int exit_code = egressd::cli::exit_ok;
    egressd::cli::add_check(app, exit_code);
    egressd::cli::add_explain(app, exit_code);
    egressd::cli::add_config(app, exit_code);
    egressd::cli::add_ca(app, exit_code);
    egressd::cli::add_env(app, exit_code);
    egressd::cli::add_scan(app, exit_code);
    app.require_subcommand(0, 1);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? egressd::cli::exit_ok : egressd::cli::exit_usage;
    }
    if (!app.get_subcommands().empty())
        return exit_code;
    if (config_file.empty()) {
        std::cerr
            << "egressd: say which policy to serve: egressd --config allow.yaml (egressd --help says more)\n";
        return egressd::cli::exit_usage;
    }
    return egressd::cli::serve(config_file);
}

} // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "egressd: " << error.what() << '\n';
        return egressd::cli::exit_usage;
    }
}
