#include "cli/explain.hpp"
#include "tests/unit/cli/support.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include <sstream>

using namespace egressd;
using cli::Question;
using cli::test::ConfigFile;

namespace {

const char* const policy_text =
    "version: 1\n"
    "allow:\n"
    "  - api.example\n"
    "  - {domain: files.example, ports: [80], methods: [GET], paths: [/pub/**]}\n"
    "  - static.example\n"
    "  - {domain: near.example, private: [127.0.0.0/8]}\n"
    "  - {domain: 127.0.0.1, ports: [3128], private: [127.0.0.1]}\n"
    "  - {domain: methods.example, methods: [GET]}\n"
    "deny: [{domain: bad.example, reason: known bad}]\n"
    "dns: {hosts: {static.example: [10.0.0.1], near.example: [10.0.0.1, 127.0.0.9]}}\n"
    "audit: {file: audit.jsonl}\n";

struct Run {
    int code = 0;
    std::string out;
    std::string err;
};

Run explain(const std::string& text, Question question) {
    const ConfigFile file(text);
    question.config = file.path();
    std::ostringstream out;
    std::ostringstream err;
    const int code = cli::explain(question, out, err);
    return {code, out.str(), err.str()};
}

Run ask(const std::string& method, const std::string& target, const std::string& task = "default") {
    return explain(policy_text,
                   {.config = {}, .method = method, .target = target, .task = task, .as_json = true});
}

} // namespace

TEST_CASE("the answer is the policy's, with its reason and rule") {
    struct Case {
        const char* method;
        const char* target;
        int code;
        const char* reason;
        const char* rule; // nullptr: none
    };
    const Case cases[] = {
        {"", "https://api.example/v1", 0, "allowed", "allow.yaml:3"},
        {"", "https://other.example/", 1, "not-listed", nullptr},
        {"", "api.example:22", 1, "port", "allow.yaml:3"},
        {"", "http://files.example/pub/a", 0, "allowed", "allow.yaml:4"},
        {"POST", "http://files.example/pub/a", 1, "method", "allow.yaml:4"},
        {"", "http://files.example/pub/../etc", 1, "path", "allow.yaml:4"},
        {"", "https://bad.example/", 1, "denied-by-rule", "allow.yaml:9"},
        {"", "https://static.example/", 1, "address-forbidden", "allow.yaml:5"},
        {"", "https://near.example/", 0, "allowed", "allow.yaml:6"},
        {"", "127.0.0.1:3128", 1, "self-connection", "allow.yaml:7"},
        {"", "169.254.169.254", 1, "not-listed", nullptr},
    };
    for (const Case& c : cases) {
        CAPTURE(c.method, c.target);
        const Run run = ask(c.method, c.target);
        CAPTURE(run.out, run.err);
        CHECK(run.code == c.code);
        const boost::json::object answer = boost::json::parse(run.out).as_object();
        CHECK(answer.at("reason").as_string() == c.reason);
        CHECK(answer.at("verdict").as_string() == (c.code == 0 ? "allow" : "deny"));
        REQUIRE(answer.contains("rule") == (c.rule != nullptr));
        if (c.rule != nullptr)
            CHECK(answer.at("rule").as_string() == c.rule);
        CHECK_FALSE(answer.at("message").as_string().empty());
    }
}

TEST_CASE("an https URL is judged as the connection, and as the request inside where TLS is looked into") {
    const char* const text = "version: 1\n"
                             "allow:\n"
                             "  - {domain: in.example, methods: [GET], paths: [/pub/**]}\n"
                             "  - {domain: tunnel.example, tls: tunnel}\n"
                             "  - {domain: blind.example, methods: [GET], tls: tunnel}\n"
                             "  - {domain: db.example, ports: [443, 5432], tls: raw}\n"
                             "  - {domain: part.example, tls: inspect}\n"
                             "deny: [{domain: part.example, paths: [/admin/**]}]\n"
                             "audit: {file: audit.jsonl}\n";
    struct Case {
        const char* method;
        const char* target;
        const char* shown;
        const char* reason;
    };
    const Case cases[] = {
        {"", "https://in.example/pub/a", "allow  GET https://in.example:443/pub/a", "allowed"},
        {"", "https://in.example/pub/../x", "deny  GET https://in.example:443/x", "path"},
        {"POST", "https://in.example/pub/a", "deny  POST https://in.example:443/pub/a", "method"},
        {"", "wss://in.example/pub/a", "allow  GET wss://in.example:443/pub/a", "allowed"},
        {"", "wss://in.example/x", "deny  GET wss://in.example:443/x", "path"},
        {"", "in.example", "allow  CONNECT in.example:443", "allowed"},
        {"", "https://in.example:8443/pub/a", "deny  CONNECT in.example:8443", "port"},
        {"", "https://in.example:80/pub/a", "deny  CONNECT in.example:80", "not-tls"},
        {"", "http://in.example/pub/a", "allow  GET http://in.example:80/pub/a", "allowed"},
        {"POST", "https://tunnel.example/x", "allow  CONNECT tunnel.example:443", "allowed"},
        {"", "https://blind.example/x", "deny  CONNECT blind.example:443", "inspection-impossible"},
        {"", "https://db.example/x", "allow  CONNECT db.example:443", "allowed"},
        {"", "https://part.example/", "allow  GET https://part.example:443/", "allowed"},
        {"", "https://part.example/admin/x", "deny  GET https://part.example:443/admin/x", "denied-by-rule"},
        {"", "https://other.example/x", "deny  CONNECT other.example:443", "not-listed"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.method, c.target);
        const Run run = explain(text, {.config = {}, .method = c.method, .target = c.target});
        CAPTURE(run.out, run.err);
        CHECK_THAT(run.out, Catch::StartsWith(std::string(c.shown) + "\n  reason  " + c.reason + '\n'));
        CHECK(run.code == (std::string_view(c.shown).starts_with("allow") ? 0 : 1));
    }
}

TEST_CASE("what was judged stands in the answer as JSON") {
    const boost::json::object request =
        boost::json::parse(ask("PUT", "https://api.example/a/../b?q=1").out).as_object();
    CHECK(request.at("proto").as_string() == "http");
    CHECK(request.at("tls").as_string() == "inspect");
    CHECK(request.at("port").as_int64() == 443);
    CHECK(request.at("method").as_string() == "PUT");
    CHECK(request.at("path").as_string() == "/b");
    const boost::json::object connection =
        boost::json::parse(ask("PUT", "https://other.example/b").out).as_object();
    CHECK(connection.at("proto").as_string() == "connect");
    for (const char* absent : {"tls", "method", "path"})
        CHECK_FALSE(connection.contains(absent));
    CHECK_FALSE(boost::json::parse(ask("", "http://api.example/").out).as_object().contains("tls"));
}

TEST_CASE("a refusal names the line that would allow it, and that line does") {
    struct Case {
        const char* method;
        const char* target;
    };
    const Case cases[] = {{"", "https://other.example:8443/"},
                          {"", "http://other.example/a"},
                          {"", "api.example:22"},
                          {"POST", "http://files.example/pub/a"},
                          {"", "http://files.example/etc/a"},
                          {"", "https://files.example/pub/a"},
                          {"PUT", "https://methods.example/pub/a"}};
    for (const Case& c : cases) {
        CAPTURE(c.method, c.target);
        const Run refused = ask(c.method, c.target);
        REQUIRE(refused.code == 1);
        const boost::json::object answer = boost::json::parse(refused.out).as_object();
        REQUIRE(answer.contains("fix"));
        const std::string fix(answer.at("fix").as_string());
        CAPTURE(fix);
        const Run allowed = explain("version: 1\nallow:\n  " + fix + "\naudit: {file: audit.jsonl}\n",
                                    {.config = {}, .method = c.method, .target = c.target});
        CAPTURE(allowed.out, allowed.err);
        CHECK(allowed.code == 0);
    }
}

TEST_CASE("a task that the policy does not know may do nothing") {
    const Run run = ask("", "https://api.example/", "docs-bot");
    CHECK(run.code == 1);
    CHECK(boost::json::parse(run.out).as_object().at("reason").as_string() == "task-unknown");
}

TEST_CASE("observe lets an unlisted host through, but not to a forbidden address") {
    const std::string text = "version: 1\nmode: observe\naudit: {file: audit.jsonl}\n";
    const Run unlisted = explain(text, {.config = {}, .method = {}, .target = "https://other.example/"});
    CHECK(unlisted.code == 0);
    CHECK_THAT(unlisted.out, Catch::StartsWith("observe  GET https://other.example:443/\n"));
    const Run denied = explain(text + "deny: [{domain: other.example, methods: [POST]}]\n",
                               {.config = {}, .method = "POST", .target = "https://other.example/"});
    CHECK(denied.code == 1);
    CHECK_THAT(denied.out,
               Catch::StartsWith("deny  POST https://other.example:443/\n  reason  denied-by-rule\n"));
    const Run resolver =
        explain(text, {.config = {}, .method = {}, .target = "https://dns.google/dns-query"});
    CHECK(resolver.code == 1);
    CHECK_THAT(resolver.out, Catch::StartsWith("deny  CONNECT dns.google:443\n"));
    const Run metadata = explain(text, {.config = {}, .method = {}, .target = "http://169.254.169.254/"});
    CHECK(metadata.code == 1);
    CHECK_THAT(metadata.out, Catch::Contains("address-forbidden"));
}

TEST_CASE("text output says verdict, reason, rule and fix in lines of their own") {
    const Run run = explain(policy_text, {.config = {}, .method = {}, .target = "other.example"});
    CHECK_THAT(run.out,
               Catch::StartsWith(
                   "deny  CONNECT other.example:443\n  reason  not-listed\n  rule    none\n  why     "));
    CHECK_THAT(run.out, Catch::Contains("\n  fix     "));
}

TEST_CASE("a question that cannot be asked is a usage error, and nothing goes to stdout") {
    for (const char* target : {"http://[::1", "https://user:pw@api.example/"}) {
        const Run run = ask("", target);
        CHECK(run.code == 2);
        CHECK(run.out.empty());
        CHECK_FALSE(run.err.empty());
    }
    const Run broken = explain("version: 2\n", {.config = {}, .method = {}, .target = "api.example"});
    CHECK(broken.code == 2);
    CHECK_THAT(broken.err, Catch::Contains("allow.yaml:1:10: error: "));
}

TEST_CASE("a question for a name is judged as the DNS server would") {
    struct Case {
        const char* name;
        const char* type;
        const char* reason;
        const char* reply;
    };
    const Case cases[] = {
        {"api.example", "A", "allowed", "its addresses, of those that may be dialled"},
        {"Files.Example.", "aaaa", "allowed", "its addresses, of those that may be dialled"},
        {"methods.example", "https", "allowed", "NOERROR without records"},
        {"near.example", "A", "allowed", "127.0.0.9"},
        {"near.example", "AAAA", "allowed", "NOERROR without records"},
        {"static.example", "A", "address-forbidden", "NXDOMAIN, extended error 15"},
        {"other.example", "A", "not-listed", "NXDOMAIN, extended error 15"},
        {"bad.example", "A", "denied-by-rule", "NXDOMAIN, extended error 15"},
        {"127.0.0.1", "A", "name-invalid", "NXDOMAIN, extended error 15"},
        {"api.example", "TXT", "dns-type", "REFUSED, extended error 21"},
    };
    for (const Case& c : cases) {
        Question question{.config = {}, .method = {}, .target = c.name, .as_json = true};
        question.is_dns = true;
        question.type = c.type;
        const Run run = explain(policy_text, question);
        INFO(c.name << ' ' << c.type);
        const boost::json::value answer = boost::json::parse(run.out);
        CHECK(answer.at("reason") == c.reason);
        CHECK(answer.at("reply") == c.reply);
        CHECK(answer.at("proto") == "dns");
        CHECK(run.code == (std::string(c.reason) == "allowed" ? 0 : 1));
    }
}

TEST_CASE("a question for a name: how its answers are set, and what is no type") {
    const std::string synthetic = "version: 1\nallow: [api.example]\naudit: {file: audit.jsonl}\ndns: "
                                  "{answers: synthetic, denied: sinkhole}\n";
    Question question{.config = {}, .method = {}, .target = "api.example"};
    question.is_dns = true;
    Run run = explain(synthetic, question);
    CHECK(run.out.find("allow  A api.example\n") == 0);
    CHECK(run.out.find("  reply   an address that stands for the name\n") != std::string::npos);
    question.target = "other.example";
    run = explain(synthetic, question);
    CHECK(run.out.find("  reply   an address at which the connection is refused\n") != std::string::npos);
    CHECK(run.out.find("  fix     - other.example\n") != std::string::npos);
    question.type = "nonsense";
    run = explain(synthetic, question);
    CHECK(run.code == 2);
    CHECK(run.out.empty());
}
