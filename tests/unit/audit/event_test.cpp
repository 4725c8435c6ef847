#include "audit/event.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include <algorithm>

using namespace egressd::audit;
using namespace egressd;

namespace {

policy::Attempt attempt_for(const std::string& host) {
    policy::Attempt attempt;
    attempt.task = "docs-bot";
    attempt.protocol = policy::Protocol::http;
    attempt.host = *net::Host::parse(host);
    attempt.port = 8080;
    attempt.method = "GET";
    attempt.path = "/a%20b";
    return attempt;
}

/// `fields` and the expected object say the same.
void check_object(const std::string& fields, const char* expected) {
    INFO(fields);
    boost::json::error_code error;
    const boost::json::value value = boost::json::parse("{" + fields + "}", error);
    REQUIRE_FALSE(error);
    CHECK(value == boost::json::parse(expected));
}

} // namespace

TEST_CASE("an attempt says who wanted what, and what was decided") {
    const policy::Attempt attempt = attempt_for("Origin.Test");
    const std::string subject = subject_fields("the-id", "run-1", "127.0.0.1:4711", &attempt);
    check_object(attempt_record(subject, &attempt, {policy::Verdict::allow, policy::Reason::allowed, nullptr},
                                "allow.yaml:12", "page,q"),
                 R"({"event":"attempt","id":"the-id","session":"run-1","client":{"addr":"127.0.0.1:4711"},
                     "task":"docs-bot","proto":"http","host":"origin.test","port":8080,"method":"GET","path":"/a%20b",
                     "query":"page,q","decision":"allow","reason":"allowed","rule":"allow.yaml:12"})");
}

TEST_CASE("an attempt whose bytes are not read has no method and no path") {
    policy::Attempt attempt = attempt_for("origin.test");
    attempt.protocol = policy::Protocol::connect;
    attempt.method.reset();
    attempt.path.reset();
    const std::string subject = subject_fields("i", "s", "c", &attempt);
    check_object(
        attempt_record(subject, &attempt, {policy::Verdict::deny, policy::Reason::not_listed, nullptr}, "",
                       ""),
        R"({"event":"attempt","id":"i","session":"s","client":{"addr":"c"},"task":"docs-bot","proto":"connect",
                     "host":"origin.test","port":8080,"decision":"deny","reason":"not-listed"})");
}

TEST_CASE("what is only observed says that it would be denied") {
    const policy::Attempt attempt = attempt_for("origin.test");
    const std::string record = attempt_record(
        "\"id\":\"i\"", &attempt, {policy::Verdict::observe, policy::Reason::not_listed, nullptr}, "", "");
    CHECK_THAT(record, Catch::Contains(R"("decision":"observe","would_deny":true,"reason":"not-listed")"));
}

TEST_CASE("an attempt that could not be parsed has a client and a reason") {
    check_object(attempt_record(subject_fields("i", "s", "c", nullptr), nullptr,
                                {policy::Verdict::deny, policy::Reason::request_malformed, nullptr}, "", ""),
                 R"({"event":"attempt","id":"i","session":"s","client":{"addr":"c"},
                     "decision":"deny","reason":"request-malformed"})");
}

TEST_CASE("an end says what came of it") {
    Ending ending;
    ending.bytes_up = 17;
    ending.bytes_down = 5'000'000'000;
    ending.status = 502;
    ending.ip = "192.0.2.7";
    ending.sni = "origin.test";
    ending.tls_mode = "tunnel";
    ending.inspection_reason = "tunnel";
    ending.detail = "the origin closed the connection";
    check_object(end_record("\"id\":\"i\"", policy::Verdict::allow, policy::Reason::upstream_failed, ending,
                            std::chrono::milliseconds(250)),
                 R"({"event":"end","id":"i","decision":"allow","reason":"upstream-failed","ip":"192.0.2.7",
                     "tls":{"mode":"tunnel","sni":"origin.test"},"inspection":"none","inspection_reason":"tunnel",
                     "bytes_up":17,"bytes_down":5000000000,"ms":250,"status":502,
                     "detail":"the origin closed the connection"})");
}

TEST_CASE("an end never claims an inspection that did not happen") {
    const std::string plain = end_record("\"id\":\"i\"", policy::Verdict::deny, policy::Reason::port,
                                         Ending{}, std::chrono::milliseconds(0));
    CHECK_THAT(plain, Catch::Contains(R"("inspection":"none","inspection_reason":"not-scanned")"));
    CHECK_THAT(plain, !Catch::Contains("repeated") && !Catch::Contains("tls") && !Catch::Contains("status"));

    Ending partial;
    partial.inspection = Inspection::partial;
    CHECK_THAT(end_record("\"id\":\"i\"", policy::Verdict::allow, policy::Reason::allowed, partial, {}),
               Catch::Contains(R"("inspection":"partial","inspection_reason":)"));
    Ending complete;
    complete.inspection = Inspection::complete;
    CHECK_THAT(end_record("\"id\":\"i\"", policy::Verdict::allow, policy::Reason::allowed, complete, {}),
               Catch::Contains(R"("inspection":"complete")") && !Catch::Contains("inspection_reason"));
}

TEST_CASE("a secret's record says what and where, and not the secret") {
    SecretFound secret;
    secret.rule = "forge-token";
    secret.where = "query:key";
    secret.offset = 12;
    secret.fingerprint = "0123456789abcdef";
    secret.action = "block";
    check_object(secret_record("\"id\":\"i\"", secret),
                 R"({"event":"secret","id":"i","secret":{"rule":"forge-token","where":"query:key","offset":12,
                     "fingerprint":"0123456789abcdef","action":"block","forwarded":0}})");
    secret.encoding = "gzip>base64";
    CHECK_THAT(secret_record("\"id\":\"i\"", secret), Catch::Contains(R"("encoding":"gzip>base64")"));
    Ending ending;
    ending.secrets = 30;
    CHECK_THAT(end_record("\"id\":\"i\"", policy::Verdict::allow, policy::Reason::allowed, ending, {}),
               Catch::Contains(R"("secrets":30)"));
}

TEST_CASE("the policy record holds the whole policy and who started the run") {
    PolicyRecord record;
    record.session = "run-1";
    record.effective_json = R"({"allow":[{"domain":"origin.test"}],"version":1})";
    record.sha256 = "abc";
    record.version = "0.1.0";
    record.host = "build-7";
    record.mode = "enforce";
    record.uid = 1000;
    record.user = "ci";
    record.recovered_bytes = 26;
    const std::string fields = policy_record(record);
    check_object(
        fields, R"({"event":"policy","session":"run-1","version":"0.1.0","machine":"build-7","mode":"enforce",
                             "started_by":{"uid":1000,"user":"ci"},"recovered_bytes":26,"sha256":"abc",
                             "policy":{"allow":[{"domain":"origin.test"}],"version":1}})");
    CHECK_THAT(fields, Catch::Contains(std::string(
                           record.effective_json))); // to the byte, so that the sha256 can be checked
}

TEST_CASE("the records of a run's life") {
    const std::vector<std::string> weaker{"allow: b.test is new", "mode: enforce became observe"};
    check_object(
        reload_record(true, "", weaker),
        R"({"event":"reload","ok":true,"weakenings":["allow: b.test is new","mode: enforce became observe"]})");
    check_object(reload_record(false, "allow.yaml:3:5: error", {}),
                 R"({"event":"reload","ok":false,"message":"allow.yaml:3:5: error","weakenings":[]})");
    check_object(stop_record("SIGTERM"), R"({"event":"stop","reason":"SIGTERM"})");
    check_object(limit_record(12), R"({"event":"limit","lost":12})");
}

TEST_CASE("no text of an agent breaks out of its field or its line") {
    policy::Attempt attempt = attempt_for("origin.test");
    attempt.task = "a\",\"decision\":\"allow";
    attempt.path = "/\n{\"event\":\"stop\"}\x1b[2J\xe2\x80\xae\xff";
    const std::string subject = subject_fields("i", "s", "c\"\n", &attempt);
    const std::string record = attempt_record(subject, &attempt, {}, "r\"\n", "q\x7f\n");
    CHECK(std::all_of(record.begin(), record.end(), [](char c) { return c >= 0x20 && c < 0x7f; }));
    const boost::json::object object = boost::json::parse("{" + record + "}").as_object();
    CHECK(object.at("decision") == "deny");
    CHECK(object.at("task") == boost::json::string_view(attempt.task));
}
