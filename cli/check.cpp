#include "cli/check.hpp"

#include "cli/commands.hpp"
#include "cli/findings.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <iostream>
#include <memory>
#include <set>

namespace egressd::cli {
namespace {

std::string counted(std::size_t count, const std::string& one, const std::string& many) {
    return std::to_string(count) + " " + (count == 1 ? one : many);
}

/// The ports that may be reached by some entry: the surface of the policy at a glance.
std::string ports_of(const std::vector<policy::Rule>& rules) {
    std::set<std::uint16_t> ports;
    for (const policy::Rule& rule : rules)
        ports.insert(rule.ports.begin(), rule.ports.end());
    std::string result;
    for (const std::uint16_t port : ports)
        result += (result.empty() ? "" : ", ") + std::to_string(port);
    return result.empty() ? "none" : result;
}

std::size_t count(const std::vector<config::Diagnostic>& findings, config::Diagnostic::Level level) {
    return static_cast<std::size_t>(
        std::count_if(findings.begin(), findings.end(),
                      [&](const config::Diagnostic& finding) { return finding.level == level; }));
}

} // namespace

int check(const std::string& file, std::ostream& out, std::ostream& err) {
    const config::Loaded loaded = config::load(file);
    print_findings(err, loaded.diagnostics);
    if (!loaded.settings) {
        const std::size_t errors = count(loaded.diagnostics, config::Diagnostic::Level::error);
        err << file << ": " << counted(errors, "error", "errors") << "; egressd would not start with it\n";
        return exit_refused;
    }
    const policy::Policy& policy = *loaded.settings->policy;
    const std::size_t warnings = count(loaded.diagnostics, config::Diagnostic::Level::warning);
    out << file << ": ok, " << policy.allow().size() << " allow, " << policy.deny().size() << " deny, ports "
        << ports_of(policy.allow()) << ", mode " << policy::to_text(policy.mode()) << ", "
        << counted(warnings, "warning", "warnings") << ", sha256 " << loaded.settings->sha256 << '\n';
    return exit_ok;
}

void add_check(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("check", "Judge a configuration file without starting anything");
    command->footer(
        "Errors and warnings are printed as file:line:column. Exit code: 0 when egressd would start\n"
        "with the file, 1 when it would not, 2 for a wrong command line.\n\n"
        "Example:\n"
        "  egressd check allow.yaml");
    const auto file = std::make_shared<std::string>();
    command->add_option("FILE", *file, "The configuration, such as allow.yaml")->required();
    command->callback([file, &exit_code] { exit_code = check(*file, std::cout, std::cerr); });
}

} // namespace egressd::cli
