#include "cli/scan.hpp"
#include "tests/unit/proxy/folder.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include <sstream>

using namespace egressd;
using namespace egressd::cli;
using proxy::test::Folder;
using proxy::test::write_text;

namespace {

const std::string token = "acme_0f1e2d3c4b5a69788796a5b4c3d2e1f0";

struct Done {
    int code;
    std::string out;
    std::string err;
};

/// A policy with one rule of its own, and files.
class Bench {
public:
    Bench() {
        write("rules.yaml", "version: 1\nrules:\n  - id: acme-token\n    description: Acme API token\n"
                            "    pattern: \"acme_[0-9a-f]{32}\"\n");
        write("allow.yaml", "version: 1\nstate: state\naudit: {file: audit.jsonl}\n"
                            "secrets: {rules: [rules.yaml], known: []}\n");
    }
    std::string write(const std::string& name, const std::string& text) const {
        write_text(folder_.file(name), text);
        return folder_.file(name);
    }
    std::string file(const std::string& name) const { return folder_.file(name); }

    Done scan(std::vector<std::string> files, bool as_json = false, const std::string& input = "") const {
        ScanRequest request;
        request.config = file("allow.yaml");
        request.files = std::move(files);
        request.as_json = as_json;
        return run(request, input);
    }
    static Done run(const ScanRequest& request, const std::string& input = "") {
        std::istringstream in(input);
        std::ostringstream out;
        std::ostringstream err;
        const int code = scan_files(request, in, out, err);
        return {code, out.str(), err.str()};
    }

private:
    Folder folder_;
};

} // namespace

TEST_CASE("a finding is a line with its place and without the secret") {
    const Bench bench;
    const std::string file = bench.write("notes.txt", "key: " + token + "\n");
    const Done done = bench.scan({file});
    CHECK(done.code == 1);
    CHECK_THAT(done.out, Catch::StartsWith(file + ":5: block  acme-token  Acme API token  "));
    CHECK(done.out.size() ==
          file.size() + std::string(":5: block  acme-token  Acme API token  ").size() + 17);
    CHECK((done.out + done.err).find(token.substr(5, 8)) == std::string::npos);
}

TEST_CASE("nothing found is nothing printed") {
    const Bench bench;
    CHECK(bench.scan({bench.write("a", "harmless"), bench.write("empty", "")}).out.empty());
    const Done done = bench.scan({bench.file("a")});
    CHECK(done.code == 0);
    CHECK(done.err.empty()); // and nothing is compiled again
}

TEST_CASE("a secret across the pieces of a long file is found at its offset") {
    const Bench bench;
    const std::string padding(256 * 1024 - 10, '.');
    const Done done = bench.scan({bench.write("long", padding + token + padding)});
    CHECK(done.code == 1);
    CHECK_THAT(done.out, Catch::Contains(":" + std::to_string(padding.size()) + ": block"));
}

TEST_CASE("standard input is read without files, and where - stands") {
    const Bench bench;
    CHECK_THAT(bench.scan({}, false, token).out, Catch::StartsWith("-:0: block"));
    CHECK_THAT(bench.scan({bench.write("a", "x"), "-"}, false, token).out, Catch::StartsWith("-:0: block"));
}

TEST_CASE("--json is one array of all files") {
    const Bench bench;
    const Done done = bench.scan({bench.write("a", token), bench.write("b", "x " + token)}, true);
    CHECK(done.code == 1);
    const boost::json::array list = boost::json::parse(done.out).as_array();
    REQUIRE(list.size() == 2);
    const boost::json::object& second = list[1].as_object();
    CHECK(second.at("file").as_string() == bench.file("b"));
    CHECK(second.at("rule").as_string() == "acme-token");
    CHECK(second.at("description").as_string() == "Acme API token");
    CHECK(second.at("tier").as_string() == "block");
    CHECK(second.at("severity").as_string() == "high");
    CHECK(second.at("offset").as_int64() == 2);
    CHECK(second.at("encoding").as_string().empty());
    CHECK(second.at("fingerprint") == list[0].at("fingerprint"));
    CHECK(second.size() == 8);
    CHECK(boost::json::parse(bench.scan({bench.write("c", "x")}, true).out).as_array().empty());
}

TEST_CASE("a finding of tier score is shown and is no failure") {
    const Bench bench;
    const std::string rules =
        bench.write("weak.yaml", "version: 1\nrules:\n  - id: weak\n    description: weak\n"
                                 "    pattern: \"weak_[0-9a-f]{16}\"\n    tier: score\n");
    ScanRequest request;
    request.config = bench.file("allow.yaml");
    request.rules = {rules};
    const Done done = Bench::run(request, "weak_0f1e2d3c4b5a6978");
    CHECK(done.code == 0);
    CHECK_THAT(done.out, Catch::StartsWith("-:0: score  weak"));
    CHECK(Bench::run(request, token).code == 1); // those of the policy hold as well
}

TEST_CASE("what cannot be read is exit code 2, and the rest is looked into") {
    const Bench bench;
    const Done done = bench.scan({bench.file("none"), bench.write("a", token), bench.file("")});
    CHECK(done.code == 2);
    CHECK_THAT(done.out, Catch::Contains("a:0: block"));
    CHECK_THAT(done.err,
               Catch::Contains("none: cannot be read: No such file") && Catch::Contains("is a directory"));
}

TEST_CASE("a name is shown in one printable line") {
    const Bench bench;
    const Done done = bench.scan({bench.write("a\n\033b", token)});
    CHECK_THAT(done.out, Catch::Contains("a??b:0: block"));
}

TEST_CASE("broken rules and policies are exit code 2, with the place") {
    const Bench bench;
    ScanRequest request;
    request.config = bench.file("allow.yaml");
    request.rules = {bench.write("bad.yaml", "version: 1\nrules:\n  - id: x\n")};
    CHECK(Bench::run(request).code == 2);
    CHECK_THAT(Bench::run(request).err, Catch::Contains("bad.yaml:3:5: error: pattern is missing"));
    request.rules = {bench.file("none.yaml")};
    CHECK_THAT(Bench::run(request).err, Catch::Contains("none.yaml: error: cannot read it"));
    request.rules.clear();
    request.config = bench.file("none.yaml");
    CHECK(Bench::run(request).code == 2);
}
