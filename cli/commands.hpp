// What can a person type after `egressd`? One function a subcommand: each adds itself to the command line
// and, when it is the one that was typed, does its work and leaves its exit code. Results go to stdout,
// everything else to stderr.
#pragma once

namespace CLI {
class App;
}

namespace egressd::cli {

// Exit codes that all subcommands share. Each says in its own help what `refused` means there.
inline constexpr int exit_ok = 0;
inline constexpr int exit_refused = 1;
inline constexpr int exit_usage = 2; // a wrong command line, a configuration that cannot be used

// `exit_code` must outlive the parsing of `app`; it is written only by the subcommand that runs.

/// egressd check FILE
void add_check(CLI::App& app, int& exit_code);
/// egressd explain --config FILE [METHOD] URL
void add_explain(CLI::App& app, int& exit_code);
/// egressd config reference | schema | show
void add_config(CLI::App& app, int& exit_code);
/// egressd ca show | export | rotate
void add_ca(CLI::App& app, int& exit_code);
/// egressd env [--shell SHELL]
void add_env(CLI::App& app, int& exit_code);
/// egressd scan [FILE...] [--json]
void add_scan(CLI::App& app, int& exit_code);

} // namespace egressd::cli
