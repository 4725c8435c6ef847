#include "cli/ca.hpp"

#include "cli/commands.hpp"
#include "cli/installation.hpp"
#include "config/state_files.hpp"
#include "proxy/certificates.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <filesystem>
#include <iostream>
#include <memory>

namespace egressd::cli {
namespace {

using Authority = std::shared_ptr<const proxy::CertificateAuthority>;

int fail(std::ostream& err, const std::string& message) {
    err << "egressd: " << message << '\n';
    return exit_usage;
}

void describe(const proxy::CertificateAuthority& ca, const proxy::CaFiles& files, std::ostream& out) {
    X509* const certificate = ca.certificate();
    out << "subject      " << proxy::subject_text(certificate) << '\n'
        << "SHA-256      " << proxy::sha256_fingerprint(certificate) << '\n'
        << "valid        " << proxy::day_of(proxy::time_of(X509_get0_notBefore(certificate))) << " to "
        << proxy::day_of(proxy::time_of(X509_get0_notAfter(certificate))) << '\n'
        << "certificate  " << files.certificate << '\n'
        << "key          " << files.key << '\n';
}

} // namespace

int show_ca(const std::string& config_file, std::ostream& out, std::ostream& err) {
    const std::optional<config::Settings> settings = find_installation(config_file, err);
    if (!settings)
        return exit_usage;
    const bool was_there = std::filesystem::exists(settings->ca.certificate);
    const Result<Authority> ca = proxy::CertificateAuthority::open(settings->ca);
    if (!ca)
        return fail(err, ca.error().message);
    describe(**ca, settings->ca, out);
    out << "made         " << (was_there ? "before" : "just now") << '\n';
    return exit_ok;
}

int export_ca(const std::string& config_file, const std::string& to, std::ostream& out, std::ostream& err) {
    const std::optional<config::Settings> settings = find_installation(config_file, err);
    if (!settings)
        return exit_usage;
    const Result<Authority> ca = proxy::CertificateAuthority::open(settings->ca);
    if (!ca)
        return fail(err, ca.error().message);
    if (to.empty()) {
        out << (*ca)->pem();
        return exit_ok;
    }
    // The file is replaced in one step, which must not happen to a device such as /dev/stdout.
    if (std::filesystem::exists(to) && !std::filesystem::is_regular_file(to))
        return fail(err, to + " is not a regular file; leave --out away to write to stdout");
    if (const Result<void> written = config::write_state_file(to, (*ca)->pem(), 0644); !written)
        return fail(err, written.error().message);
    return exit_ok;
}

int rotate_ca(const std::string& config_file, std::ostream& out, std::ostream& err) {
    const std::optional<config::Settings> settings = find_installation(config_file, err);
    if (!settings)
        return exit_usage;
    if (settings->ca != config::own_ca_in(settings->state))
        return fail(err,
                    "inspection.ca names a CA of your own, which egressd does not replace; put new files "
                    "there and restart egressd");
    const Result<std::string> kept = proxy::CertificateAuthority::rotate(settings->ca);
    if (!kept)
        return fail(err, kept.error().message);
    const Result<Authority> ca = proxy::CertificateAuthority::open(settings->ca);
    if (!ca)
        return fail(err, ca.error().message);
    describe(**ca, settings->ca, out);
    if (!kept->empty())
        out << "old          " << *kept << " (the certificate alone)\n";
    err << "egressd: restart a running egressd, and then run \"egressd env\" again for every client: they do "
           "not "
           "trust the new CA yet\n";
    return exit_ok;
}

void add_ca(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("ca", "Show, export or replace the CA that inspection signs with");
    command->require_subcommand(1);
    command->footer(
        "Every installation makes a CA of its own at first use, in its state directory. Clients trust "
        "it by\nwhat `egressd env` prints. Its key never leaves that directory.\n\n"
        "Exit code: 0, or 2 when the CA cannot be used; the message says why and what to do.\n\n"
        "Examples:\n"
        "  egressd ca show --config allow.yaml\n"
        "  egressd ca export --out egressd-ca.pem   # for a client that has a list of roots of its own\n"
        "  egressd ca rotate                        # then restart egressd, and `egressd env` again");
    const auto config_file = std::make_shared<std::string>();
    const auto to = std::make_shared<std::string>();
    const auto add = [&](const char* name, const char* doc) {
        CLI::App* added = command->add_subcommand(name, doc);
        added
            ->add_option("-c,--config", *config_file,
                         "The policy that names state or inspection.ca; without it this user's defaults hold")
            ->type_name("FILE");
        return added;
    };
    add("show", "Print subject, fingerprint, validity and files; makes the CA if there is none")
        ->callback([config_file, &exit_code] { exit_code = show_ca(*config_file, std::cout, std::cerr); });
    CLI::App* exporting = add("export", "Print the certificate in PEM form, never the key");
    exporting->add_option("--out", *to, "Write it to this file instead")->type_name("FILE");
    exporting->callback(
        [config_file, to, &exit_code] { exit_code = export_ca(*config_file, *to, std::cout, std::cerr); });
    add("rotate", "Make a new CA; the old certificate is kept beside it, its key is gone")
        ->callback([config_file, &exit_code] { exit_code = rotate_ca(*config_file, std::cout, std::cerr); });
}

} // namespace egressd::cli
