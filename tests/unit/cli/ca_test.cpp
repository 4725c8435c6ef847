#include "cli/ca.hpp"
#include "tests/unit/cli/support.hpp"

#include <catch2/catch.hpp>

#include <iterator>
#include <sstream>
#include <sys/stat.h>

using namespace egressd;
using cli::test::ConfigFile;

namespace {

constexpr const char* policy = "version: 1\nstate: state\naudit: {file: audit.jsonl}\n";

std::string read_text(const std::filesystem::path& name) {
    std::ifstream stream(name, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

std::filesystem::path state_of(const ConfigFile& file) {
    return std::filesystem::path(file.path()).parent_path() / "state";
}

} // namespace

TEST_CASE("ca show makes a CA once, and says so") {
    const ConfigFile file(policy);
    std::ostringstream first;
    std::ostringstream second;
    std::ostringstream err;
    REQUIRE(cli::show_ca(file.path(), first, err) == 0);
    CHECK_THAT(first.str(), Catch::StartsWith("subject      CN=egressd CA (") &&
                                Catch::Contains("\nSHA-256      ") && Catch::Contains("\nvalid        ") &&
                                Catch::Contains("certificate  " + (state_of(file) / "ca.pem").string()) &&
                                Catch::EndsWith("made         just now\n"));
    REQUIRE(cli::show_ca(file.path(), second, err) == 0);
    CHECK_THAT(second.str(), Catch::EndsWith("made         before\n"));
    CHECK(err.str().empty());
}

TEST_CASE("ca export gives the certificate away and never the key") {
    const ConfigFile file(policy);
    const std::string to = file.path() + ".pem";
    std::ostringstream out;
    std::ostringstream err;
    REQUIRE(cli::export_ca(file.path(), "", out, err) == 0);
    CHECK(out.str() == read_text(state_of(file) / "ca.pem"));
    CHECK_THAT(out.str(), !Catch::Contains("PRIVATE KEY"));
    REQUIRE(cli::export_ca(file.path(), to, out, err) == 0);
    CHECK(read_text(to) == read_text(state_of(file) / "ca.pem"));
    CHECK(cli::export_ca(file.path(), "/dev/null", out, err) == 2);
    CHECK_THAT(err.str(), Catch::Contains("/dev/null is not a regular file"));
}

TEST_CASE("ca rotate replaces the CA and tells who must know") {
    const ConfigFile file(policy);
    std::ostringstream out;
    std::ostringstream err;
    REQUIRE(cli::show_ca(file.path(), out, err) == 0);
    const std::string old = read_text(state_of(file) / "ca.pem");
    REQUIRE(cli::rotate_ca(file.path(), out, err) == 0);
    CHECK(read_text(state_of(file) / "ca.pem") != old);
    CHECK_THAT(out.str(), Catch::Contains("old          " + (state_of(file) / "ca.").string()));
    CHECK_THAT(err.str(), Catch::Contains("restart") && Catch::Contains("egressd env"));
}

TEST_CASE("ca rotate does not touch a CA of the operator's own") {
    const ConfigFile own(policy);
    std::ostringstream out;
    std::ostringstream err;
    REQUIRE(cli::show_ca(own.path(), out, err) == 0);
    const std::string certificate = (state_of(own) / "ca.pem").string();
    const std::string before = read_text(certificate);
    const ConfigFile file(std::string(policy) + "inspection: {ca: {cert: " + certificate +
                          ", key: " + (state_of(own) / "ca.key").string() + "}}\n");
    CHECK(cli::rotate_ca(file.path(), out, err) == 2);
    CHECK_THAT(err.str(), Catch::Contains("inspection.ca names a CA of your own"));
    CHECK(read_text(certificate) == before);
    CHECK(cli::show_ca(file.path(), out, err) == 0);
}

TEST_CASE("a CA that cannot be used is an exit code and a remedy") {
    const ConfigFile file(policy);
    std::filesystem::create_directory(state_of(file));
    ::chmod(state_of(file).c_str(), 0777);
    std::ostringstream out;
    std::ostringstream err;
    CHECK(cli::show_ca(file.path(), out, err) == 2);
    CHECK(out.str().empty());
    CHECK_THAT(err.str(), Catch::StartsWith("egressd: the directory ") && Catch::Contains("chmod 700"));
}
