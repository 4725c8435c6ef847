#include "cli/check.hpp"
#include "cli/config.hpp"
#include "tests/unit/cli/support.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include <sstream>

using namespace egressd;
using cli::test::ConfigFile;

TEST_CASE("check sums up a good file in one line, and warns beside it") {
    const ConfigFile file("version: 1\n"
                          "mode: observe\n"
                          "allow: [api.example, {domain: db.example, ports: [5432]}]\n"
                          "deny: [bad.example]\n"
                          "audit: {file: audit.jsonl}\n");
    std::ostringstream out;
    std::ostringstream err;
    CHECK(cli::check(file.path(), out, err) == 0);
    CHECK_THAT(out.str(),
               Catch::StartsWith(file.path() + ": ok, 2 allow, 1 deny, ports 80, 443, 5432, mode observe, "
                                               "1 warning, sha256 "));
    CHECK_THAT(err.str(), Catch::Contains("allow.yaml:2:7: warning: mode: observe"));
}

TEST_CASE("check lists every error and fails") {
    const ConfigFile file("version: 1\nallow: [\"*.com\"]\nmodes: enforce\n");
    std::ostringstream out;
    std::ostringstream err;
    CHECK(cli::check(file.path(), out, err) == 1);
    CHECK(out.str().empty());
    CHECK_THAT(err.str(), Catch::Contains("allow.yaml:2:9: error: ") &&
                              Catch::Contains("allow.yaml:3:1: error: ") &&
                              Catch::Contains(": 2 errors; egressd would not start with it"));
}

TEST_CASE("check fails for a file that is not there") {
    std::ostringstream out;
    std::ostringstream err;
    CHECK(cli::check("/no/such/allow.yaml", out, err) == 1);
    CHECK_THAT(err.str(), Catch::Contains("No such file or directory"));
}

TEST_CASE("config show prints what is in force, with its hash") {
    const ConfigFile file("version: 1\nallow: [api.example]\naudit: {file: audit.jsonl}\n");
    std::ostringstream out;
    std::ostringstream err;
    REQUIRE(cli::show_config(file.path(), out, err) == 0);
    const boost::json::object shown = boost::json::parse(out.str()).as_object();
    CHECK(shown.at("sha256").as_string().size() == 64);
    CHECK(shown.at("config").as_object().at("listen").as_object().at("proxy").as_string() ==
          "127.0.0.1:3128");
}

TEST_CASE("config show refuses a broken file") {
    const ConfigFile file("version: 9\n");
    std::ostringstream out;
    std::ostringstream err;
    CHECK(cli::show_config(file.path(), out, err) == 2);
    CHECK(out.str().empty());
    CHECK_THAT(err.str(), Catch::Contains("error: "));
}
