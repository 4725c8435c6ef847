#include "cli/env.hpp"

#include "cli/bundle.hpp"
#include "cli/commands.hpp"
#include "cli/installation.hpp"
#include "config/state_files.hpp"
#include "config/watched.hpp"
#include "net/url.hpp"
#include "proxy/certificates.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>

namespace egressd::cli {
namespace {

constexpr const char* system_roots = "/etc/ssl/certs/ca-certificates.crt";
constexpr const char* system_apt_config = "/etc/apt/apt.conf";

Error failure(std::string message) {
    return {Side::self, std::move(message)};
}

void warn(std::ostream& err, const std::string& message) {
    err << "egressd: warning: " << message << '\n';
}

Result<net::Authority> proxy_of(const EnvRequest& request, const config::Settings& settings) {
    return request.proxy.empty() ? client_address(settings.proxy_listen) : parse_proxy_url(request.proxy);
}

/// The path is written into wgetrc and apt.conf, whose syntax has no way to say these.
Result<ClientFiles> files_of(const EnvRequest& request, const config::Settings& settings) {
    if (request.directory.empty() && settings.state.empty())
        return failure("there is no state directory to put the files beside; name a place with --dir");
    std::string directory = request.directory.empty()
                                ? (std::filesystem::path(settings.state + "-env").lexically_normal()).string()
                                : std::filesystem::absolute(request.directory).lexically_normal().string();
    if (directory.ends_with('/'))
        directory.pop_back();
    const bool is_plain = std::none_of(directory.begin(), directory.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '"' || c == '\\';
    });
    if (!is_plain)
        return failure(
            "the directory of the files has a quote, a backslash or a control character in its name; "
            "name another one with --dir");
    return ClientFiles(directory);
}

/// A list of roots that is not there costs trust in some hosts and opens nothing, so it is a warning.
void add_roots(Bundle& bundle, const std::string& file, const std::string& what, std::ostream& err) {
    const Result<std::string> pem = config::read_state_file(file);
    if (!pem)
        warn(err, what + ": " + pem.error().message);
    else if (bundle.add(*pem) == 0)
        warn(err, what + ": " + file + " holds no certificate in PEM form");
}

Result<Bundle> make_bundle(const config::Settings& settings, const UserFiles& own, std::ostream& err) {
    const auto ca = proxy::CertificateAuthority::open(settings.ca);
    if (!ca)
        return ca.error();
    Bundle bundle;
    const bool has_debian_roots = std::filesystem::exists(system_roots);
    add_roots(bundle, has_debian_roots ? system_roots : X509_get_default_cert_file(), "the system's roots",
              err);
    if (!own.roots.empty())
        add_roots(bundle, own.roots, "SSL_CERT_FILE", err);
    for (const std::string& file : settings.upstream_ca)
        add_roots(bundle, file, "upstream.ca", err);
    bundle.add((*ca)->pem());
    return bundle;
}

/// The wgetrc that the user's wget would read.
std::string own_wgetrc(const UserFiles& own, const Lookup& variable, std::ostream& err) {
    std::string file = own.wgetrc;
    if (file.empty()) {
        file = variable("HOME").value_or("") + "/.wgetrc";
        if (!std::filesystem::exists(file))
            return {};
    }
    const Result<std::string> text = config::read_state_file(file);
    if (!text)
        warn(err, "WGETRC: " + text.error().message);
    return text ? *text : std::string();
}

struct NewFile {
    std::string name;
    std::string content;
    mode_t mode = 0644;
};

Result<std::vector<NewFile>> contents_of(const net::Authority& proxy, const ClientFiles& files,
                                         const config::Settings& settings, const Lookup& variable,
                                         std::ostream& err) {
    const UserFiles own = find_user_files(files, variable);
    const Result<Bundle> bundle = make_bundle(settings, own, err);
    if (!bundle)
        return bundle.error();
    Result<std::string> truststore = bundle->truststore();
    if (!truststore)
        return truststore.error();
    const std::string wgetrc = own_wgetrc(own, variable, err);
    const std::string system_apt = std::filesystem::exists(system_apt_config) ? system_apt_config : "";
    return std::vector<NewFile>{
        {files.bundle, bundle->pem()},
        {files.truststore, std::move(*truststore)},
        // A wgetrc may hold passwords, and the user's own is a part of this one.
        {files.wgetrc, wgetrc_text(proxy, files, wgetrc), wgetrc.empty() ? mode_t{0644} : mode_t{0600}},
        {files.apt_config, apt_config_text(files, own.apt_config)},
        {files.apt_main, apt_main_text(proxy, files, system_apt)},
    };
}

void warn_of_exceptions(const Lookup& variable, std::ostream& err) {
    for (const std::string name : {"NO_PROXY", "no_proxy"}) {
        std::string names;
        for (const std::string& item : exceptions_in(variable(name).value_or("")))
            names += (names.empty() ? "" : ", ") + net::sanitised(item);
        if (!names.empty())
            warn(err, name + " stays as it is: " + names +
                          " will be reached past egressd, unfiltered and unlogged");
    }
}

constexpr std::string_view canary_prefix = "canary:";

/// For the variables that are not there yet, or hold the canary already.
Result<std::vector<Variable>> canaries_for(const config::Settings& settings, const Lookup& variable) {
    std::vector<Variable> planted;
    if (!settings.secrets.canary)
        return planted;
    const Result<std::vector<scan::KnownSecret>> canaries = config::load_canaries(settings.state);
    if (!canaries)
        return canaries.error();
    for (const scan::KnownSecret& canary : *canaries) {
        const std::string name = canary.name.substr(canary_prefix.size());
        const std::optional<std::string> own = variable(name);
        if (!own || *own == canary.value)
            planted.push_back({name, canary.value});
    }
    return planted;
}

void print(Shell shell, std::vector<Variable> variables, const std::vector<Variable>& canaries,
           std::ostream& out) {
    const std::string comment =
        canaries.empty()
            ? ""
            : comment_for_shell(shell,
                                "canaries: they open nothing, and whoever sends one is refused and reported");
    if (!comment.empty()) {
        out << for_shell(shell, variables) << comment << for_shell(shell, canaries);
        return;
    }
    variables.insert(variables.end(), canaries.begin(), canaries.end());
    out << for_shell(shell, variables);
}

Result<void> write(const EnvRequest& request, const Lookup& variable, std::ostream& out, std::ostream& err,
                   const config::Settings& settings) {
    const Result<net::Authority> proxy = proxy_of(request, settings);
    if (!proxy)
        return proxy.error();
    const Result<ClientFiles> files = files_of(request, settings);
    if (!files)
        return files.error();
    const Result<std::vector<NewFile>> contents = contents_of(*proxy, *files, settings, variable, err);
    if (!contents)
        return contents.error();
    const Result<std::vector<Variable>> canaries = canaries_for(settings, variable);
    if (!canaries)
        return canaries.error();
    if (const Result<void> made = config::make_public_directory(files->directory); !made)
        return made.error();
    for (const NewFile& file : *contents)
        if (const Result<void> written = config::write_state_file(file.name, file.content, file.mode);
            !written)
            return written.error();
    warn_of_exceptions(variable, err);
    print(request.shell, client_environment(*proxy, *files, variable), *canaries, out);
    return {};
}

std::optional<std::string> real_variable(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

Shell shell_of(std::string_view name) {
    return name == "fish"     ? Shell::fish
           : name == "json"   ? Shell::json
           : name == "github" ? Shell::github
                              : Shell::sh;
}

constexpr const char* env_footer =
    "Clients need the address of egressd and, for inspected hosts, trust in its CA. This command writes the "
    "files\n"
    "that they read (a bundle of the system's roots, those of your SSL_CERT_FILE, upstream.ca and egressd's "
    "CA; the\n"
    "same for Java; a wgetrc that begins with yours; an apt.conf) and prints the variables that name them. "
    "Run\n"
    "it as the user of egressd. It can be run again at any time; it must be after `egressd ca rotate`, or "
    "when\n"
    "the system's roots have changed. The files lie beside the state directory, in <state>-env, which others "
    "may\n"
    "read: apt and other clients drop to users of their own.\n\n"
    "Served: curl, git, wget, apt, pip, uv, Python (urllib, requests, httpx), npm, pnpm, yarn, Node, Deno, "
    "Bun, Go,\n"
    "cargo and rustls, Ruby, PHP, Perl, Java from 8 on (which then prints \"Picked up JAVA_TOOL_OPTIONS\"), "
    ".NET,\n"
    "conda, Nix, and the tools of AWS and Google. Node's own fetch and http use the proxy by themselves from "
    "Node 24\n"
    "on (NODE_USE_ENV_PROXY); older ones connect directly unless the program sets an agent, such as "
    "undici's\n"
    "EnvHttpProxyAgent, though they do trust the CA. npm works with any Node. Not served, because they read "
    "no\n"
    "environment: Firefox and Chromium (import `egressd ca export`), and programs that pin a certificate "
    "(use\n"
    "tls: tunnel for their hosts). A proxy in ~/.curlrc or in git's http.proxy wins over the environment.\n\n"
    "NO_PROXY and no_proxy keep your entries, and gain this machine's own names; what else they name goes "
    "past\n"
    "egressd, and is warned of.\n\n"
    "With `secrets: {canary: true}` in the policy canaries are printed too, for those of AWS_ACCESS_KEY_ID,\n"
    "AWS_SECRET_ACCESS_KEY, GITHUB_TOKEN, NPM_TOKEN and STRIPE_SECRET_KEY that you have not set: they look "
    "like\n"
    "secrets and open nothing, and a request that carries one is refused and reported wherever it goes. "
    "Clients\n"
    "prefer these variables to files: where aws, gh or npm must sign in by a file, leave canaries off.\n\n"
    "Exit code: 0, or 2 when something cannot be read or written; nothing is printed then.\n\n"
    "Examples:\n"
    "  eval \"$(egressd env --config allow.yaml)\"\n"
    "  egressd env --shell fish | source\n"
    "  egressd env --shell github >> \"$GITHUB_ENV\"\n"
    "  egressd env --shell json --proxy http://127.0.0.1:8080";

} // namespace

Result<net::Authority> client_address(const policy::Endpoint& listener) {
    if (listener.port == 0)
        return failure(
            "listen.proxy has port 0, which takes a free one at each start; name the one that egressd "
            "printed with --proxy http://127.0.0.1:PORT");
    const bool is_wildcard = listener.address.is_unspecified();
    const std::string text = listener.address.is_v4() ? "127.0.0.1" : "::1";
    return net::Authority{is_wildcard ? net::Host::parse(text).value() : net::Host::of(listener.address),
                          listener.port};
}

Result<net::Authority> parse_proxy_url(const std::string& text) {
    const Result<net::Url> url = net::parse_absolute(text);
    if (!url || url->scheme != "http" || url->path != "/" || url->has_query)
        return failure("--proxy: expected http://host:port" + (url ? "" : "; " + url.error().message));
    return url->authority;
}

int print_environment(const EnvRequest& request, const Lookup& variable, std::ostream& out,
                      std::ostream& err) {
    const std::optional<config::Settings> settings = find_installation(request.config, err);
    if (!settings)
        return exit_usage;
    if (const Result<void> written = write(request, variable, out, err, *settings); !written) {
        err << "egressd: " << written.error().message << '\n';
        return exit_usage;
    }
    return exit_ok;
}

void add_env(CLI::App& app, int& exit_code) {
    CLI::App* command =
        app.add_subcommand("env", "Print the variables that make clients use and trust egressd");
    command->footer(env_footer);
    const auto request = std::make_shared<EnvRequest>();
    command
        ->add_option("-c,--config", request->config,
                     "The policy that egressd runs with; without it this user's defaults hold")
        ->type_name("FILE");
    command
        ->add_option("--proxy", request->proxy,
                     "Where clients reach egressd, in place of what listen.proxy says")
        ->type_name("URL");
    command->add_option("--dir", request->directory, "Where the files go, in place of <state>-env")
        ->type_name("DIRECTORY");
    const auto shell = std::make_shared<std::string>("sh");
    command->add_option("--shell", *shell, "sh (the default), fish, json, or github for $GITHUB_ENV")
        ->type_name("SHELL")
        ->check(CLI::IsMember({"sh", "fish", "json", "github"}).description(""));
    command->callback([request, shell, &exit_code] {
        request->shell = shell_of(*shell);
        exit_code = print_environment(*request, real_variable, std::cout, std::cerr);
    });
}

} // namespace egressd::cli
