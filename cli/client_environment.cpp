#include "cli/client_environment.hpp"

#include "cli/bundle.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace egressd::cli {
namespace {

/// Each of these takes the address of the proxy; programs differ in the case that they read, and curl reads
/// http_proxy in lower case alone. ALL_PROXY keeps other schemes (ftp, ws) from going out directly.
constexpr std::array proxy_variables{
    "HTTP_PROXY", "http_proxy",       "HTTPS_PROXY",      "https_proxy",
    "ALL_PROXY",  "all_proxy",        "npm_config_proxy", "npm_config_https_proxy",
    "PIP_PROXY",  "CARGO_HTTP_PROXY", "YARN_HTTP_PROXY",  "YARN_HTTPS_PROXY",
};

/// Each of these takes the path of the bundle. They are all set because each client reads its own, and its
/// own configuration file (a global npmrc with a cafile, a pip.conf with a cert) gives way to its variable.
constexpr std::array bundle_variables{
    "SSL_CERT_FILE",                      // OpenSSL, Go, rustls, Ruby, .NET, Python's ssl and httpx
    "NODE_EXTRA_CA_CERTS",                // Node, Bun
    "DENO_CERT",                          // Deno
    "CURL_CA_BUNDLE",                     // curl
    "REQUESTS_CA_BUNDLE",                 // Python's requests
    "PIP_CERT",                           // pip
    "HTTPLIB2_CA_CERTS",                  // Python's httplib2
    "CONDA_SSL_VERIFY",                   // conda
    "GIT_SSL_CAINFO",                     // git
    "AWS_CA_BUNDLE",                      // AWS's tools
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", // Google's
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",   // gRPC
    "CARGO_HTTP_CAINFO",                  // cargo
    "npm_config_cafile",                  // npm, pnpm, yarn 1
    "YARN_HTTPS_CA_FILE_PATH",            // yarn 3 and later
    "BUNDLE_SSL_CA_CERT",                 // Ruby's bundler
    "COMPOSER_CAFILE",                    // PHP's composer
    "PERL_LWP_SSL_CA_FILE",               // Perl
    "HEX_CACERTS_PATH",                   // Elixir's hex
    "JULIA_SSL_CA_ROOTS_PATH",            // Julia
    "SYSTEM_CERTIFICATE_PATH",            // Haskell
    "NIX_SSL_CERT_FILE",                  // Nix
};

/// This machine in the spellings that clients compare with. Requests to it never leave it, and egressd would
/// refuse them.
constexpr std::array loopback{"localhost", "127.0.0.1", "::1", "[::1]"};

// Around our part of JAVA_TOOL_OPTIONS, so that it can be found and replaced. To Java they are properties
// that nobody reads.
constexpr std::string_view java_begin = "-Degressd.options=begin";
constexpr std::string_view java_end = "-Degressd.options=end";

std::string url_of(const net::Authority& proxy) {
    return "http://" + proxy.text();
}

std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> items;
    while (!list.empty()) {
        const std::size_t end = std::min(list.find_first_of(", \t\n"), list.size());
        if (end > 0)
            items.emplace_back(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return items;
}

/// The user's own value as it is, and what is missing of this machine behind it. Never the value of the other
/// spelling: a program that reads only this one would then pass by egressd where it did not before.
std::string no_proxy(const std::string& own) {
    const std::vector<std::string> items = split(own);
    if (std::find(items.begin(), items.end(), "*") != items.end())
        return own; // everything already; and curl knows "*" only when it stands alone
    std::string result = own;
    for (const char* item : loopback)
        if (std::find(items.begin(), items.end(), item) == items.end())
            result += (result.empty() ? "" : ",") + std::string(item);
    return result;
}

/// One option as the JVM splits JAVA_TOOL_OPTIONS: at white space outside of quotes.
std::string java_option(const std::string& name, const std::string& value) {
    const std::string option = "-D" + name + "=" + value;
    return option.find_first_of(" \t\r\n\v\f'\"") == std::string::npos ? option
                                                                       : single_quoted(option, "'\"'\"'");
}

std::string without_our_options(std::string own) {
    for (std::size_t begin = own.find(java_begin); begin != std::string::npos; begin = own.find(java_begin)) {
        const std::size_t end = own.find(java_end, begin);
        own.erase(begin, end == std::string::npos ? end : end + java_end.size() - begin);
    }
    const std::size_t last = own.find_last_not_of(' ');
    own.erase(last == std::string::npos ? 0 : last + 1);
    return own;
}

/// What bypasses the proxy is left to Java's default, which is this machine, or to the user's own option.
std::string java_options(const net::Authority& proxy, const ClientFiles& files, const std::string& own) {
    const std::string port = std::to_string(proxy.port);
    std::string result = without_our_options(own);
    result += (result.empty() ? "" : " ") + std::string(java_begin);
    for (const std::string scheme : {"http", "https"}) {
        result += " " + java_option(scheme + ".proxyHost", proxy.host.text());
        result += " " + java_option(scheme + ".proxyPort", port);
    }
    result += " " + java_option("javax.net.ssl.trustStore", files.truststore);
    result += " " + java_option("javax.net.ssl.trustStoreType", "JKS");
    result += " " + java_option("javax.net.ssl.trustStorePassword", truststore_password);
    return result + " " + std::string(java_end);
}

/// The user's value of a variable that we set to the file `ours`: what is there, unless it is our file
/// already, in this directory or in the one that EGRESSD_ENV names; then what was remembered.
std::string users_own(const std::string& name, const std::string& ours, const Lookup& variable) {
    const std::string value = variable(name).value_or("");
    const std::optional<std::string> earlier = variable("EGRESSD_ENV");
    const bool is_ours = value == ours || (earlier && value == *earlier + ours.substr(ours.rfind('/')));
    return is_ours ? variable("EGRESSD_USER_" + name).value_or("") : value;
}

} // namespace

ClientFiles::ClientFiles(const std::string& where)
    : directory(where), bundle(where + "/ca-bundle.pem"), truststore(where + "/truststore.jks"),
      wgetrc(where + "/wgetrc"), apt_config(where + "/apt.conf"), apt_main(where + "/apt-main.conf") {}

UserFiles find_user_files(const ClientFiles& files, const Lookup& variable) {
    return {users_own("SSL_CERT_FILE", files.bundle, variable), users_own("WGETRC", files.wgetrc, variable),
            users_own("APT_CONFIG", files.apt_config, variable)};
}

std::vector<Variable> client_environment(const net::Authority& proxy, const ClientFiles& files,
                                         const Lookup& variable) {
    const UserFiles own = find_user_files(files, variable);
    std::vector<Variable> result;
    for (const char* name : proxy_variables)
        result.push_back({name, url_of(proxy)});
    for (const char* name : {"NO_PROXY", "no_proxy"})
        result.push_back({name, no_proxy(variable(name).value_or(""))});
    result.push_back({"NODE_USE_ENV_PROXY", "1"});
    for (const char* name : bundle_variables)
        result.push_back({name, files.bundle});
    result.push_back({"WGETRC", files.wgetrc});
    result.push_back({"APT_CONFIG", files.apt_config});
    result.push_back(
        {"JAVA_TOOL_OPTIONS", java_options(proxy, files, variable("JAVA_TOOL_OPTIONS").value_or(""))});
    result.push_back({"EGRESSD_ENV", files.directory});
    result.push_back({"EGRESSD_USER_SSL_CERT_FILE", own.roots});
    result.push_back({"EGRESSD_USER_WGETRC", own.wgetrc});
    result.push_back({"EGRESSD_USER_APT_CONFIG", own.apt_config});
    return result;
}

std::string wgetrc_text(const net::Authority& proxy, const ClientFiles& files, const std::string& own) {
    std::string result = own;
    if (!result.empty() && result.back() != '\n')
        result += '\n';
    return result + "use_proxy = on\nhttp_proxy = " + url_of(proxy) + "\nhttps_proxy = " + url_of(proxy) +
           "\nftp_proxy = " + url_of(proxy) + "\nca_certificate = " + files.bundle + "\n";
}

std::string apt_config_text(const ClientFiles& files, const std::string& own_file) {
    return (own_file.empty() ? "" : "#include \"" + own_file + "\";\n") + "Dir::Etc::Main \"" +
           files.apt_main + "\";\n";
}

std::string apt_main_text(const net::Authority& proxy, const ClientFiles& files,
                          const std::string& system_file) {
    return (system_file.empty() ? "" : "#include \"" + system_file + "\";\n") + "Acquire::http::Proxy \"" +
           url_of(proxy) + "\";\nAcquire::https::Proxy \"" + url_of(proxy) +
           "\";\nAcquire::https::CaInfo \"" + files.bundle + "\";\n";
}

std::vector<std::string> exceptions_in(const std::string& no_proxy) {
    std::vector<std::string> items = split(no_proxy);
    std::erase_if(items, [](const std::string& item) {
        return std::find(loopback.begin(), loopback.end(), item) != loopback.end();
    });
    return items;
}

} // namespace egressd::cli
