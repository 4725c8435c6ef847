#include "audit/chain.hpp"
#include "config/effective.hpp"
#include "config/loader.hpp"
#include "tests/unit/config/support.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

using namespace egressd;
using namespace egressd::config;
using namespace egressd::config::test;
using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

namespace {

/// Fails the test with the errors in sight when the text does not load.
Settings settings_of(const Loaded& loaded) {
    CAPTURE(errors(loaded));
    REQUIRE(loaded.settings.has_value());
    return *loaded.settings;
}

Settings load_sections() {
    Surroundings surroundings = real_surroundings();
    surroundings.variable = variable;
    return settings_of(load_from((source_tree() / "tests/config/good.sections.yaml").string(), surroundings));
}

policy::Decision decide(const Settings& settings, const std::string& host, std::uint16_t port) {
    policy::Attempt attempt;
    attempt.task = "default";
    attempt.host = net::Host::parse(host).value();
    attempt.port = port;
    return settings.policy->decide(attempt);
}

} // namespace

TEST_CASE("an empty policy has every default, and denies") {
    const Loaded loaded = load_text("version: 1\n");
    const Settings settings = settings_of(loaded);
    CHECK(settings.file == "allow.yaml");
    CHECK(settings.proxy_listen.address.to_string() == "127.0.0.1");
    CHECK(settings.proxy_listen.port == 3128);
    CHECK(settings.workers == 0);
    CHECK(settings.dns.system);
    CHECK(settings.dns.servers.empty());
    CHECK_FALSE(settings.upstream_proxy.has_value());
    CHECK(settings.audit.file == "/home/agent/.local/state/egressd/audit.jsonl");
    CHECK(settings.state == "/home/agent/.local/state/egressd");
    CHECK(settings.ca == own_ca_in(settings.state));
    CHECK(settings.audit.on_failure == audit::OnFailure::deny);
    CHECK(settings.audit.sync == 1s);
    CHECK(settings.policy->mode() == policy::Mode::enforce);
    CHECK(decide(settings, "api.example", 443).verdict == policy::Verdict::deny);
    CHECK(warnings(loaded) == Lines{"allow.yaml: warning: nothing is allowed, so everything is denied"});
}

TEST_CASE("the defaults of the schema are those of the struct") {
    const Limits given = settings_of(load_text("version: 1\n")).limits;
    const Limits plain;
    CHECK(given.header_bytes == plain.header_bytes);
    CHECK(given.header_fields == plain.header_fields);
    CHECK(given.header_timeout == plain.header_timeout);
    CHECK(given.keep_alive_timeout == plain.keep_alive_timeout);
    CHECK(given.client_hello_timeout == plain.client_hello_timeout);
    CHECK(given.resolve_timeout == plain.resolve_timeout);
    CHECK(given.connect_timeout == plain.connect_timeout);
    CHECK(given.response_timeout == plain.response_timeout);
    CHECK(given.idle_timeout == plain.idle_timeout);
    CHECK(given.connections == plain.connections);
    CHECK(given.drain_timeout == plain.drain_timeout);
}

TEST_CASE("the defaults of DNS in the schema are those of the struct") {
    const Settings settings = settings_of(load_text("version: 1\n"));
    const DnsSettings plain;
    CHECK_FALSE(settings.dns_listen.has_value());
    CHECK(settings.dns.synthetic == plain.synthetic);
    CHECK(settings.dns.sinkhole == plain.sinkhole);
    CHECK(settings.dns.rate == plain.rate);
    CHECK(settings.dns.budget.window == plain.budget.window);
    CHECK(settings.dns.budget.names == plain.budget.names);
    CHECK(settings.dns.budget.bytes == plain.budget.bytes);
    CHECK(settings.dns.budget.random == plain.budget.random);
    CHECK(settings.dns.budget.missing == plain.budget.missing);
    CHECK(settings.dns.budget.lookups == plain.budget.lookups);
}

TEST_CASE("the default places of state and log depend on who runs egressd") {
    Surroundings surroundings = with_files({{"allow.yaml", "version: 1\n"}});
    surroundings.is_root = true;
    CHECK(settings_of(load_from("allow.yaml", surroundings)).audit.file == "/var/log/egressd/audit.jsonl");
    CHECK(settings_of(load_from("allow.yaml", surroundings)).state == "/var/lib/egressd");
    surroundings.is_root = false;
    surroundings.variable = [](const std::string& name) -> std::optional<std::string> {
        return name == "XDG_STATE_HOME" ? std::optional<std::string>("/state") : std::nullopt;
    };
    CHECK(settings_of(load_from("allow.yaml", surroundings)).audit.file == "/state/egressd/audit.jsonl");
    CHECK(settings_of(load_from("allow.yaml", surroundings)).state == "/state/egressd");
    surroundings.variable = [](const std::string&) -> std::optional<std::string> { return std::nullopt; };
    CHECK_FALSE(load_from("allow.yaml", surroundings).settings.has_value());
}

TEST_CASE("a state directory must be known, unless the operator brings log and CA") {
    const std::string log = "version: 1\naudit: {file: /log/audit.jsonl}\n";
    const std::string ca = "inspection: {ca: {cert: ca.pem, key: keys/ca.key}}\n";
    Surroundings surroundings = with_files({{"/etc/log.yaml", log},
                                            {"/etc/both.yaml", log + ca},
                                            {"/etc/ca.pem", "-----BEGIN CERTIFICATE-----\n"}});
    surroundings.variable = [](const std::string&) -> std::optional<std::string> { return std::nullopt; };
    CHECK(errors(load_from("/etc/log.yaml", surroundings)) ==
          Lines{"/etc/log.yaml: error: state is missing, and there is neither XDG_STATE_HOME nor HOME to put "
                "the directory below"});
    const Settings settings = settings_of(load_from("/etc/both.yaml", surroundings));
    CHECK(settings.state.empty());
    CHECK(settings.ca == CaFiles{"/etc/ca.pem", "/etc/keys/ca.key"});
}

TEST_CASE("every section reaches the settings") {
    const Settings settings = load_sections();
    CHECK(settings.proxy_listen.address.to_string() == "::1");
    CHECK(settings.proxy_listen.port == 0);
    CHECK(settings.workers == 4);
    CHECK_FALSE(settings.dns.system);
    REQUIRE(settings.dns.servers.size() == 4);
    CHECK(settings.dns.servers[0].port == 53);
    CHECK(settings.dns.servers[1].port == 5353);
    CHECK(settings.dns.servers[2].address.to_string() == "2001:db8::53");
    CHECK(settings.dns.servers[3].port == 5353);
    REQUIRE(settings.dns.hosts.contains("origin.test"));
    CHECK(settings.dns.hosts.at("origin.test").size() == 2);
    REQUIRE(settings.dns_listen.has_value());
    CHECK(settings.dns_listen->address.to_string() == "127.0.0.53");
    CHECK(settings.dns_listen->port == 53);
    CHECK(settings.dns.synthetic);
    CHECK(settings.dns.sinkhole);
    CHECK(settings.dns.rate == 100);
    CHECK(settings.dns.budget.window == 5min);
    CHECK(settings.dns.budget.names == 10);
    CHECK(settings.dns.budget.bytes == 1024);
    CHECK(settings.dns.budget.random == 0);
    CHECK(settings.dns.budget.missing == 5);
    CHECK(settings.dns.budget.lookups == 100);
    REQUIRE(settings.upstream_proxy.has_value());
    CHECK(settings.upstream_proxy->authority.text() == "proxy.example:8080");
    CHECK(settings.upstream_proxy->credentials == "agent:not-for-the-log");
    CHECK(settings.upstream_proxy->no_proxy.size() == 2);
    CHECK(settings.upstream_proxy->no_proxy_networks.size() == 2);
    CHECK(settings.upstream_ca == Lines{(source_tree() / "tests/config/root.pem").string()});
    CHECK(settings.state == (source_tree() / "tests/config/keep/here").string());
    CHECK(settings.ca.certificate == (source_tree() / "tests/config/root.pem").string());
    CHECK(settings.ca.key == (source_tree() / "tests/config/secret/root.key").string());
    CHECK(settings.audit.file == (source_tree() / "tests/config/log/audit.jsonl").string());
    CHECK(settings.audit.on_failure == audit::OnFailure::carry_on);
    CHECK(settings.audit.sync == 250ms);
    CHECK(settings.limits.header_bytes == 32 * 1024);
    CHECK(settings.limits.response_timeout == 10min);
    CHECK(settings.limits.drain_timeout == 0ms);
    CHECK(settings.policy->mode() == policy::Mode::observe);
}

TEST_CASE("an entry reaches the policy as it was meant") {
    const Settings settings =
        settings_of(load_text("version: 1\n"
                              "allow:\n"
                              "  - Api.Example.\n"
                              "  - domain: bücher.example\n"
                              "    ports: [8080, 80]\n"
                              "    methods: read-only\n"
                              "    paths: [/a/**]\n"
                              "    reason: books\n"
                              "  - {domain: db.example, ports: [5432], tls: raw, private: [10.0.0.0/8]}\n"
                              "  - {domain: tunnel.example, tls: tunnel}\n"
                              "  - {domain: inspect.example, tls: inspect}\n"
                              "deny: [bad.example]\n"));
    const std::vector<policy::Rule>& allow = settings.policy->allow();
    REQUIRE(allow.size() == 5);
    CHECK(allow[0].pattern.text() == "api.example");
    CHECK(allow[0].ports == std::vector<std::uint16_t>{80, 443});
    CHECK(allow[0].tls == policy::Tls::inspect);
    CHECK(allow[0].source.text() == "allow.yaml:3");
    CHECK(allow[1].pattern.text() == "xn--bcher-kva.example");
    CHECK(allow[1].ports == std::vector<std::uint16_t>{8080, 80});
    CHECK(allow[1].methods == Lines{"GET", "HEAD", "OPTIONS"});
    CHECK(allow[1].paths == Lines{"/a/**"});
    CHECK(allow[1].reason == "books");
    CHECK(allow[2].tls == policy::Tls::raw);
    REQUIRE(allow[2].private_ranges.size() == 1);
    CHECK(allow[2].private_ranges[0].text() == "10.0.0.0/8");
    CHECK(allow[3].tls == policy::Tls::tunnel);
    CHECK(allow[4].tls == policy::Tls::inspect);
    REQUIRE(settings.policy->deny().size() == 1);
    CHECK(settings.policy->deny()[0].ports.empty());
    CHECK(decide(settings, "api.example", 443).verdict == policy::Verdict::allow);
    CHECK(decide(settings, "bad.example", 9).reason == policy::Reason::denied_by_rule);
}

TEST_CASE("all errors of a file are told at once, in order") {
    const Loaded loaded = load_text("version: 1\n"
                                    "mode: strict\n"
                                    "allow:\n"
                                    "  - {domain: \"*\", ports: [0], methodes: [GET]}\n"
                                    "  - {domain: api.example, methods: [get]}\n"
                                    "limits: {idle_timeout: 5}\n"
                                    "tasks: {}\n");
    CHECK_FALSE(loaded.settings.has_value());
    std::vector<int> lines;
    for (const Diagnostic& finding : loaded.diagnostics) {
        if (finding.level == Diagnostic::Level::error)
            lines.push_back(finding.source.line);
    }
    CHECK(lines == std::vector<int>{2, 4, 4, 4, 5, 6, 7});
}

TEST_CASE(
    "included files add their entries, keep their names, and are relative to the file that names them") {
    const Loaded loaded = load_from(
        "etc/allow.yaml",
        with_files({{"etc/allow.yaml", "version: 1\nallow: [a.example]\ninclude: [team/base.yaml]\n"},
                    {"etc/team/base.yaml", "allow:\n\n- b.example\ninclude: [../more.yaml]\n"},
                    {"etc/more.yaml", "deny: [c.example]\n"}}));
    const Settings settings = settings_of(loaded);
    const policy::Decision decision = decide(settings, "b.example", 443);
    REQUIRE(decision.rule != nullptr);
    CHECK(decision.rule->source.file == "etc/team/base.yaml");
    CHECK(decision.rule->source.text() == "base.yaml:3");
    CHECK(decide(settings, "c.example", 443).reason == policy::Reason::denied_by_rule);
}

TEST_CASE("a chain of includes is bounded") {
    std::map<std::string, std::string> files{{"allow.yaml", "version: 1\ninclude: [1.yaml]\n"}};
    for (int i = 1; i <= 100; ++i)
        files[std::to_string(i) + ".yaml"] = "include: [" + std::to_string(i + 1) + ".yaml]\n";
    const Lines found = errors(load_from("allow.yaml", with_files(files)));
    REQUIRE(found.size() == 1);
    CHECK_THAT(found.front(), Catch::Contains("more than 64 files"));
}

TEST_CASE("a file that cannot be read is an error, whatever the cause") {
    for (const char* path : {"/no/such/allow.yaml", "/", "/dev/zero"}) {
        CAPTURE(path);
        const Loaded loaded = load(path);
        CHECK_FALSE(loaded.settings.has_value());
        REQUIRE(loaded.diagnostics.size() == 1);
        CHECK_THAT(loaded.diagnostics.front().text(),
                   Catch::StartsWith(std::string(path) + ": error: cannot read"));
    }
}

TEST_CASE("the effective configuration is canonical, and its hash is of exactly these bytes") {
    const Settings settings = settings_of(load_text("version: 1\nallow: [bücher.example]\n"));
    CHECK_THAT(
        settings.effective_json,
        Catch::StartsWith(
            R"({"allow":[{"domain":"xn--bcher-kva.example","ports":[80,443],"private":[],"secrets":"block","source":"allow.yaml:2","tls":"inspect"}],"audit":{)"));
    CHECK(settings.sha256 == sha256_of(settings.effective_json));
    CHECK(sha256_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("the hash changes with the meaning, not with the spelling") {
    const std::string one =
        settings_of(load_text("version: 1\nallow: [api.example]\nmode: enforce\n")).sha256;
    CHECK(settings_of(load_text("version: 1\nallow: [\"API.example.\"]\n")).sha256 == one);
    CHECK(settings_of(load_text("version: 1\nallow: [api.example]\nlimits: {idle_timeout: 60m}\n")).sha256 ==
          one);
    CHECK(settings_of(load_text("version: 1\nallow: [api.example]\nlimits: {idle_timeout: 59m}\n")).sha256 !=
          one);
    CHECK(settings_of(load_text("version: 1\nallow: [api2.example]\n")).sha256 != one);
}

TEST_CASE("a credential is in no output") {
    const Settings settings = load_sections();
    CHECK(settings.effective_json.find("not-for-the-log") == std::string::npos);
    CHECK_THAT(settings.effective_json, Catch::Contains(R"("proxy_credentials":"env:PARENT_PROXY")"));
    for (const char* url : {"http://agent:hunter2@proxy.example:8080", "agent:hunter2@proxy.example:8080",
                            "https://agent:hunter2@p"}) {
        const Loaded loaded = load_text("version: 1\nupstream: {proxy: \"" + std::string(url) + "\"}\n");
        const Lines found = errors(loaded);
        REQUIRE(found.size() == 1);
        CHECK_THAT(found.front(), !Catch::Contains("hunter2"));
    }
}

TEST_CASE("the effective configuration, read again, means the same") {
    const std::string text = read_text(source_tree() / "tests/config/good.entry.yaml");
    const std::string first = settings_of(load_text(text)).effective_json;
    const auto without_sources = [](const std::string& json) {
        boost::json::value value = boost::json::parse(json);
        for (const char* list : {"allow", "deny"}) {
            for (boost::json::value& entry : value.as_object()[list].as_array())
                entry.as_object().erase("source");
        }
        for (boost::json::value& file : value.as_object()["secrets"].as_object()["rules"].as_array())
            file = boost::json::value(file.at("file")); // the hash is of what was read, and is not written
        return boost::json::serialize(value);
    };
    const std::string again = settings_of(load_text(without_sources(first))).effective_json;
    CHECK(without_sources(again) == without_sources(first));
}

TEST_CASE("what weakens the policy is warned of") {
    struct Case {
        const char* text;
        const char* warning;
    };
    const Case cases[] = {
        {"mode: observe\n", "allow.yaml:3:7: warning: mode: observe lets unlisted hosts through"},
        {"audit: {on_failure: continue}\n", "allow.yaml:3:21: warning: audit.on_failure: continue"},
        {"deny: [{domain: b.example, methods: [PUT]}]\n", nullptr}, // judged inside, or denies the tunnel
        {"deny: [b.example]\ninclude: []\n", nullptr},
        {"listen: {proxy: \"0.0.0.0:3128\"}\n", "allow.yaml:3:17: warning: listen.proxy: everybody"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.text);
        const Loaded loaded = load_text("version: 1\nallow: [api.example]\n" + std::string(c.text));
        CHECK(loaded.settings.has_value());
        REQUIRE(warnings(loaded).size() == (c.warning == nullptr ? 0U : 1U));
        if (c.warning != nullptr)
            CHECK_THAT(warnings(loaded).front(), Catch::StartsWith(c.warning));
    }
}

TEST_CASE("entries that do other than they seem to are warned of") {
    const Loaded loaded =
        load_text("version: 1\n"
                  "allow:\n"
                  "  - \"*.example.org\"\n"
                  "  - {domain: a.example, methods: [GET], tls: tunnel}\n"
                  "  - {domain: b.example, ports: [80], methods: [GET], paths: [/x], tls: tunnel}\n"
                  "  - 192.0.2.7\n"
                  "  - {domain: c.example, methods: [GET], paths: [/x]}\n"
                  "  - {domain: d.example, methods: [GET], paths: [/x], tls: inspect}\n");
    CHECK(errors(loaded).size() == 1); // a documentation address is not public
    CHECK_THAT(errors(loaded).front(),
               Catch::StartsWith("allow.yaml:6:5: error: 192.0.2.7 is a special-purpose"));
    const Lines found = warnings(loaded);
    REQUIRE(found.size() == 3);
    CHECK_THAT(found[0],
               Catch::StartsWith("allow.yaml:3:5: warning: '*.example.org' does not match example.org"));
    CHECK_THAT(found[1],
               Catch::StartsWith("allow.yaml:4:25: warning: methods and paths cannot be checked inside"));
    CHECK_THAT(found[2], Catch::StartsWith("allow.yaml:6:5: warning: domain: an address is reached only by"));
}

TEST_CASE("egressd is not to be its own name server, not even by way of resolv.conf") {
    const auto errors_with = [](const std::string& resolv_conf, const std::string& listen) {
        const std::string text = "version: 1\nlisten: {dns: \"" + listen + "\"}\n";
        return texts(
            load_from("allow.yaml", with_files({{"allow.yaml", text}, {"/etc/resolv.conf", resolv_conf}})),
            Diagnostic::Level::error);
    };
    const std::string loop = "# made by hand\nsearch test\nnameserver 192.0.2.53\nnameserver 127.0.0.53\n";
    REQUIRE(errors_with(loop, "127.0.0.53:53").size() == 1);
    CHECK(errors_with(loop, "127.0.0.53:53")[0].find(
              "allow.yaml:2:15: error: listen.dns: /etc/resolv.conf") == 0);
    CHECK(errors_with(loop, "0.0.0.0:53").size() == 1);
    CHECK(errors_with(loop, "127.0.0.53:5300").empty());
    CHECK(errors_with(loop, "127.0.0.54:53").empty());
    CHECK(errors_with("nameserver 192.0.2.53\n", "127.0.0.53:53").empty());
}
