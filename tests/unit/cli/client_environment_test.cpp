#include "cli/client_environment.hpp"

#include <catch2/catch.hpp>

#include <map>

using namespace egressd;
using namespace egressd::cli;

namespace {

using Environment = std::map<std::string, std::string>;

const ClientFiles files("/state-env");

net::Authority proxy_at(std::string_view text) {
    return net::parse_authority(text, std::nullopt).value();
}

Lookup in(const Environment& environment) {
    return [&environment](const std::string& name) -> std::optional<std::string> {
        const auto found = environment.find(name);
        return found == environment.end() ? std::nullopt : std::optional(found->second);
    };
}

/// The environment after `eval "$(egressd env)"`.
Environment after(Environment environment, const ClientFiles& where = files) {
    for (const Variable& variable : client_environment(proxy_at("127.0.0.1:3128"), where, in(environment)))
        environment[variable.name] = variable.value;
    return environment;
}

} // namespace

TEST_CASE("a client gets the proxy in all spellings and the bundle in all variables") {
    const Environment set = after({});
    for (const char* name :
         {"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy",
          "npm_config_proxy", "npm_config_https_proxy", "CARGO_HTTP_PROXY", "PIP_PROXY"})
        CHECK(set.at(name) == "http://127.0.0.1:3128");
    for (const char* name : {"NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE",
                             "PIP_CERT", "GIT_SSL_CAINFO", "AWS_CA_BUNDLE", "CARGO_HTTP_CAINFO", "DENO_CERT",
                             "npm_config_cafile", "BUNDLE_SSL_CA_CERT", "NIX_SSL_CERT_FILE",
                             "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"})
        CHECK(set.at(name) == "/state-env/ca-bundle.pem");
    CHECK(set.at("NODE_USE_ENV_PROXY") == "1");
    CHECK(set.at("WGETRC") == "/state-env/wgetrc");
    CHECK(set.at("APT_CONFIG") == "/state-env/apt.conf");
}

TEST_CASE("an IPv6 proxy is in brackets in a URL and without them for Java") {
    for (const Variable& variable : client_environment(proxy_at("[::1]:3128"), files, in({}))) {
        if (variable.name == "HTTPS_PROXY")
            CHECK(variable.value == "http://[::1]:3128");
        if (variable.name == "JAVA_TOOL_OPTIONS")
            CHECK_THAT(variable.value, Catch::Contains(" -Dhttps.proxyHost=::1 -Dhttps.proxyPort=3128 "));
    }
}

TEST_CASE("set twice is set once, whatever the user had") {
    const Environment users =
        GENERATE(Environment{}, Environment{{"SSL_CERT_FILE", "/etc/corp.pem"}, {"NO_PROXY", "a.example"}},
                 Environment{{"WGETRC", "/home/agent/wgetrc"}, {"APT_CONFIG", "/home/agent/apt.conf"}},
                 Environment{{"JAVA_TOOL_OPTIONS", "-Xmx1g  -Dx='a b'"}, {"no_proxy", "*"}},
                 Environment{{"EGRESSD_USER_SSL_CERT_FILE", "/stale.pem"}, {"NO_PROXY", " "}});
    const Environment once = after(users);
    CHECK(after(once) == once);
    const ClientFiles elsewhere("/other-env");
    const Environment moved = after(once, elsewhere);
    CHECK(moved.at("EGRESSD_USER_SSL_CERT_FILE") == once.at("EGRESSD_USER_SSL_CERT_FILE"));
    CHECK(after(moved) == once);
}

TEST_CASE("the user's own files are remembered, and only they") {
    const Environment none;
    CHECK(find_user_files(files, in(none)).roots.empty());
    const Environment own{{"SSL_CERT_FILE", "/etc/corp.pem"}};
    CHECK(find_user_files(files, in(own)).roots == "/etc/corp.pem");
    const Environment set = after(own);
    CHECK(set.at("SSL_CERT_FILE") == files.bundle);
    CHECK(find_user_files(files, in(set)).roots == "/etc/corp.pem");
    Environment changed = set;
    changed["SSL_CERT_FILE"] = "/etc/other.pem";
    CHECK(find_user_files(files, in(changed)).roots == "/etc/other.pem");
    changed.erase("SSL_CERT_FILE");
    CHECK(find_user_files(files, in(changed)).roots.empty());
    const Environment root_file{{"SSL_CERT_FILE", "/ca-bundle.pem"}};
    CHECK(find_user_files(files, in(root_file)).roots == "/ca-bundle.pem");
}

TEST_CASE(
    "what goes past the proxy is this machine and the user's own exceptions, each spelling for itself") {
    CHECK(after({}).at("NO_PROXY") == "localhost,127.0.0.1,::1,[::1]");
    CHECK(after({}).at("no_proxy") == "localhost,127.0.0.1,::1,[::1]");
    const Environment upper = after({{"NO_PROXY", "a.example, 127.0.0.1"}});
    CHECK(upper.at("NO_PROXY") == "a.example, 127.0.0.1,localhost,::1,[::1]");
    CHECK(upper.at("no_proxy") == "localhost,127.0.0.1,::1,[::1]");
    const Environment lower = after({{"no_proxy", "*"}});
    CHECK(lower.at("no_proxy") == "*");
    CHECK(lower.at("NO_PROXY") == "localhost,127.0.0.1,::1,[::1]");
    CHECK(exceptions_in("localhost,a.example 127.0.0.1,[::1]") == std::vector<std::string>{"a.example"});
    CHECK(exceptions_in("*") == std::vector<std::string>{"*"});
    CHECK(exceptions_in(after({}).at("NO_PROXY")).empty());
}

TEST_CASE("Java's options follow the user's own, and replace only ours") {
    const std::string fresh = after({}).at("JAVA_TOOL_OPTIONS");
    CHECK_THAT(fresh, Catch::Contains("-Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=3128 ") &&
                          Catch::Contains("-Djavax.net.ssl.trustStore=/state-env/truststore.jks "));
    CHECK(after({{"JAVA_TOOL_OPTIONS", "-Xmx1g"}}).at("JAVA_TOOL_OPTIONS") == "-Xmx1g " + fresh);
    CHECK(after({{"JAVA_TOOL_OPTIONS", "-Xmx1g " + fresh + " -Xss1m"}}).at("JAVA_TOOL_OPTIONS") ==
          "-Xmx1g  -Xss1m " + fresh);
    const ClientFiles spaced("/it's a/state-env");
    CHECK_THAT(after({}, spaced).at("JAVA_TOOL_OPTIONS"),
               Catch::Contains(" '-Djavax.net.ssl.trustStore=/it'\"'\"'s a/state-env/truststore.jks' "));
}

TEST_CASE("wget's settings stand behind the user's own") {
    const std::string ours = wgetrc_text(proxy_at("127.0.0.1:3128"), files, "");
    CHECK_THAT(ours, Catch::Contains("https_proxy = http://127.0.0.1:3128\n") &&
                         Catch::Contains("ca_certificate = /state-env/ca-bundle.pem\n") &&
                         Catch::Contains("use_proxy = on\n"));
    CHECK(wgetrc_text(proxy_at("127.0.0.1:3128"), files, "use_proxy = off") == "use_proxy = off\n" + ours);
}

TEST_CASE("apt reads ours last, after the user's and the system's") {
    CHECK(apt_config_text(files, "") == "Dir::Etc::Main \"/state-env/apt-main.conf\";\n");
    CHECK_THAT(apt_config_text(files, "/own.conf"), Catch::StartsWith("#include \"/own.conf\";\n"));
    const std::string main = apt_main_text(proxy_at("127.0.0.1:3128"), files, "/etc/apt/apt.conf");
    CHECK_THAT(main, Catch::StartsWith("#include \"/etc/apt/apt.conf\";\n") &&
                         Catch::Contains("Acquire::https::CaInfo \"/state-env/ca-bundle.pem\";\n") &&
                         Catch::Contains("Acquire::https::Proxy \"http://127.0.0.1:3128\";\n"));
}
