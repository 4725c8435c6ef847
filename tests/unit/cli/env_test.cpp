#include "cli/env.hpp"
#include "tests/unit/cli/support.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include <iterator>
#include <map>
#include <sstream>
#include <sys/stat.h>

using namespace egressd;
using namespace egressd::cli;
using cli::test::ConfigFile;

namespace {

constexpr const char* policy_text = "version: 1\nstate: state/\naudit: {file: audit.jsonl}\n";

std::string read_text(const std::string& name) {
    std::ifstream stream(name, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

unsigned mode_of(const std::string& name) {
    return static_cast<unsigned>(std::filesystem::status(name).permissions());
}

std::string beside(const ConfigFile& file, const std::string& name) {
    return (std::filesystem::path(file.path()).parent_path() / name).string();
}

policy::Endpoint endpoint(const std::string& address, std::uint16_t port) {
    return {net::Host::parse(address).value().address(), port};
}

EnvRequest request_for(const ConfigFile& file, const std::string& proxy = "",
                       const std::string& directory = "") {
    EnvRequest request;
    request.config = file.path();
    request.proxy = proxy;
    request.directory = directory;
    return request;
}

struct Run {
    int exit_code = -1;
    std::map<std::string, std::string> variables;
    std::string out;
    std::string err;
};

Run run(EnvRequest request, const std::map<std::string, std::string>& environment = {}) {
    const Lookup variable = [&](const std::string& name) -> std::optional<std::string> {
        const auto found = environment.find(name);
        return found == environment.end() ? std::nullopt : std::optional(found->second);
    };
    std::ostringstream out;
    std::ostringstream err;
    request.shell = Shell::json;
    Run result;
    result.exit_code = print_environment(request, variable, out, err);
    result.out = out.str();
    result.err = err.str();
    result.variables = environment;
    if (result.exit_code != 0)
        return result;
    const boost::json::object printed = boost::json::parse(result.out).as_object();
    for (const auto& member : printed)
        result.variables[std::string(member.key())] = std::string(member.value().as_string());
    return result;
}

std::size_t certificates_in(const std::string& file) {
    const std::string text = read_text(file);
    std::size_t count = 0;
    for (std::size_t at = text.find("-----BEGIN"); at != std::string::npos;
         at = text.find("-----BEGIN", at + 1))
        ++count;
    return count;
}

} // namespace

TEST_CASE("env writes what clients read where they may read it, and the CA stays closed") {
    const ConfigFile file(policy_text);
    const Run first = run(request_for(file));
    REQUIRE(first.exit_code == 0);
    CHECK(first.err.empty());
    const std::string directory = beside(file, "state-env");
    CHECK(mode_of(directory) == 0755);
    CHECK(mode_of(beside(file, "state")) == 0700);
    const std::string ca = read_text(beside(file, "state/ca.pem"));
    REQUIRE_FALSE(ca.empty());
    CHECK_THAT(read_text(first.variables.at("SSL_CERT_FILE")), Catch::EndsWith(ca));
    for (const char* name : {"SSL_CERT_FILE", "WGETRC", "APT_CONFIG"}) {
        CHECK_THAT(first.variables.at(name), Catch::StartsWith(directory + "/"));
        CHECK(mode_of(first.variables.at(name)) == 0644);
    }
    CHECK(mode_of(directory + "/truststore.jks") == 0644);
    CHECK(mode_of(directory + "/apt-main.conf") == 0644);
    for (const auto& entry : std::filesystem::directory_iterator(directory))
        CHECK_THAT(read_text(entry.path().string()), !Catch::Contains("PRIVATE KEY"));
}

TEST_CASE("the bundle holds the user's roots and those of upstream.ca, and does not grow") {
    const ConfigFile other(policy_text);
    const ConfigFile third(policy_text);
    REQUIRE(run(request_for(other)).exit_code == 0);
    REQUIRE(run(request_for(third)).exit_code == 0);
    const ConfigFile file(std::string(policy_text) + "upstream: {ca: [" + beside(third, "state/ca.pem") +
                          "]}\n");
    const Run first = run(request_for(file), {{"SSL_CERT_FILE", beside(other, "state/ca.pem")}});
    REQUIRE(first.exit_code == 0);
    const std::string bundle = first.variables.at("SSL_CERT_FILE");
    const std::string content = read_text(bundle);
    for (const ConfigFile* each : {&file, &other, &third})
        CHECK_THAT(content, Catch::Contains(read_text(beside(*each, "state/ca.pem"))));
    const Run second = run(request_for(file), first.variables);
    REQUIRE(second.exit_code == 0);
    CHECK(second.variables == first.variables);
    CHECK(read_text(bundle) == content);
    const Run moved = run(request_for(file, "", beside(file, "elsewhere")), first.variables);
    REQUIRE(moved.exit_code == 0);
    CHECK(certificates_in(moved.variables.at("SSL_CERT_FILE")) == certificates_in(bundle));
}

TEST_CASE("roots of the user's that are not there are a warning") {
    const ConfigFile file(policy_text);
    const Run result = run(request_for(file), {{"SSL_CERT_FILE", "/no/such.pem"}});
    CHECK(result.exit_code == 0);
    CHECK_THAT(result.err, Catch::Contains("warning: SSL_CERT_FILE: /no/such.pem cannot be read"));
}

TEST_CASE("a wgetrc with the user's own settings stays the user's") {
    const ConfigFile file(policy_text);
    const std::string own = beside(file, ".wgetrc");
    std::ofstream(own) << "http_password = not-a-real-password\n";
    const Run result = run(request_for(file), {{"HOME", beside(file, "")}});
    REQUIRE(result.exit_code == 0);
    const std::string wgetrc = result.variables.at("WGETRC");
    CHECK_THAT(read_text(wgetrc), Catch::StartsWith("http_password = not-a-real-password\nuse_proxy = on\n"));
    CHECK(mode_of(wgetrc) == 0600);
    CHECK_THAT(result.out + result.err, !Catch::Contains("not-a-real-password"));
}

TEST_CASE("exceptions of the user's stay, and are warned of") {
    const ConfigFile file(policy_text);
    const Run result = run(request_for(file), {{"NO_PROXY", "localhost,direct.example"}});
    REQUIRE(result.exit_code == 0);
    CHECK_THAT(result.err, Catch::Contains("NO_PROXY stays as it is: direct.example will be reached past"));
    CHECK_THAT(result.variables.at("NO_PROXY"), Catch::StartsWith("localhost,direct.example,"));
}

TEST_CASE("canaries are printed where the policy wants them and the environment has nothing") {
    const ConfigFile file(std::string(policy_text) + "secrets: {canary: true}\n");
    const Run first = run(request_for(file), {{"GITHUB_TOKEN", "own"}});
    REQUIRE(first.exit_code == 0);
    CHECK(first.variables.at("GITHUB_TOKEN") == "own");
    for (const char* name : {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "NPM_TOKEN", "STRIPE_SECRET_KEY"})
        CHECK(first.variables.at(name).size() >= 20);
    CHECK(run(request_for(file), first.variables).out == first.out);

    EnvRequest request = request_for(file);
    const std::vector<std::pair<Shell, std::string>> comments{
        {Shell::sh, "\n# canaries: "}, {Shell::fish, "\n# canaries: "}, {Shell::github, ""}};
    for (const auto& [shell, comment] : comments) {
        request.shell = shell;
        std::ostringstream out, err;
        const Lookup nothing = [](const std::string&) { return std::nullopt; };
        REQUIRE(print_environment(request, nothing, out, err) == 0);
        CHECK((out.str().find('#') != std::string::npos) == !comment.empty());
        CHECK_THAT(out.str(), Catch::Contains(comment));
        CHECK_THAT(out.str(), Catch::Contains("AWS_ACCESS_KEY_ID"));
    }
}

TEST_CASE("without canaries in the policy none are printed, and none are made") {
    const ConfigFile file(policy_text);
    const Run plain = run(request_for(file));
    REQUIRE(plain.exit_code == 0);
    CHECK(plain.variables.count("AWS_ACCESS_KEY_ID") == 0);
    CHECK_FALSE(std::filesystem::exists(beside(file, "state/canary.key")));
}

TEST_CASE("canaries that cannot be kept are an error, and nothing is printed") {
    const ConfigFile file(std::string(policy_text) + "secrets: {canary: true}\n");
    REQUIRE(run(request_for(file)).exit_code == 0);
    std::ofstream(beside(file, "state/canary.key")) << "short";
    const Run broken = run(request_for(file));
    CHECK(broken.exit_code == 2);
    CHECK(broken.out.empty());
    CHECK_THAT(broken.err, Catch::Contains("canary.key"));
}

TEST_CASE("a directory that others may write to is not used") {
    const ConfigFile file(policy_text);
    const std::string directory = beside(file, "state-env");
    std::filesystem::create_directory(directory);
    ::chmod(directory.c_str(), 0777);
    const Run result = run(request_for(file));
    CHECK(result.exit_code == 2);
    CHECK(result.out.empty());
    CHECK_THAT(result.err, Catch::Contains(directory + " has mode 0777") && Catch::Contains("chmod 755"));
}

TEST_CASE("a directory whose name apt or wget could not read is refused") {
    const ConfigFile file(policy_text);
    const std::string name = GENERATE("a\"b", "a\nb", "a\\b");
    const Run result = run(request_for(file, "", beside(file, name)));
    CHECK(result.exit_code == 2);
    CHECK_THAT(result.err, Catch::Contains("--dir"));
    CHECK_FALSE(std::filesystem::exists(beside(file, name)));
}

TEST_CASE("clients are sent to an address that they can reach") {
    CHECK(client_address(endpoint("127.0.0.1", 3128))->text() == "127.0.0.1:3128");
    CHECK(client_address(endpoint("0.0.0.0", 3128))->text() == "127.0.0.1:3128");
    CHECK(client_address(endpoint("::", 8080))->text() == "[::1]:8080");
    CHECK(client_address(endpoint("192.0.2.7", 8080))->text() == "192.0.2.7:8080");
    CHECK_THAT(client_address(endpoint("127.0.0.1", 0)).error().message, Catch::Contains("--proxy"));
}

TEST_CASE("--proxy takes an http URL without a path and without credentials") {
    CHECK(parse_proxy_url("http://127.0.0.1:8080")->text() == "127.0.0.1:8080");
    CHECK(parse_proxy_url("http://proxy.example:8080/")->text() == "proxy.example:8080");
    const std::string wrong =
        GENERATE("127.0.0.1:8080", "https://127.0.0.1:8080", "http://127.0.0.1:8080/x", "socks5://127.0.0.1",
                 "http://user:not-a-password@127.0.0.1:8080", "http://127.0.0.1:8080/?q", "");
    CHECK_FALSE(parse_proxy_url(wrong).has_value());
    CHECK_THAT(parse_proxy_url(wrong).error().message, !Catch::Contains("not-a-password"));
}

TEST_CASE("port 0 needs --proxy") {
    const ConfigFile file(std::string(policy_text) + "listen: {proxy: \"127.0.0.1:0\"}\n");
    CHECK(run(request_for(file)).exit_code == 2);
    const Run result = run(request_for(file, "http://127.0.0.1:40000"));
    REQUIRE(result.exit_code == 0);
    CHECK(result.variables.at("https_proxy") == "http://127.0.0.1:40000");
}
