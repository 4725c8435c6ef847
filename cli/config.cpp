#include "cli/config.hpp"

#include "cli/commands.hpp"
#include "cli/findings.hpp"
#include "config/json.hpp"
#include "config/reference.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json/parse.hpp>

#include <iostream>
#include <memory>

namespace egressd::cli {

int show_config(const std::string& file, std::ostream& out, std::ostream& err) {
    const config::Loaded loaded = config::load(file);
    print_findings(err, loaded.diagnostics);
    if (!loaded.settings)
        return exit_usage;
    boost::json::object shown;
    shown["sha256"] = loaded.settings->sha256;
    shown["config"] = boost::json::parse(loaded.settings->effective_json);
    out << config::pretty(shown);
    return exit_ok;
}

void add_config(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("config", "Show what can be configured, and what is in force");
    command->require_subcommand(1);
    command->footer("Examples:\n"
                    "  egressd config show --config allow.yaml   # defaults filled in, includes merged\n"
                    "  egressd config reference > reference.md\n"
                    "  egressd config schema > allow.schema.json");

    command->add_subcommand("reference", "Print every key, its default and its meaning, as Markdown")
        ->callback([] { std::cout << config::reference_markdown(); });
    command->add_subcommand("schema", "Print the JSON Schema of allow.yaml, for editors")->callback([] {
        std::cout << config::json_schema();
    });

    CLI::App* show =
        command->add_subcommand("show", "Print the configuration that a file means, with its SHA-256");
    show->footer("The configuration is what the first record of the log holds. Credentials are not in it.\n"
                 "Exit code: 0, or 2 when the file has an error.");
    const auto file = std::make_shared<std::string>();
    show->add_option("-c,--config", *file, "The configuration, such as allow.yaml")->required();
    show->callback([file, &exit_code] { exit_code = show_config(*file, std::cout, std::cerr); });
}

} // namespace egressd::cli
