#include "config/known_values.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

using namespace egressd;
using namespace egressd::config;

namespace {

/// The environment holds these alone while it lives.
class Variables {
public:
    explicit Variables(const std::map<std::string, std::string>& variables) {
        for (const auto& [name, value] : variables)
            texts_.push_back(name + "=" + value);
        for (std::string& text : texts_)
            entries_.push_back(text.data());
        entries_.push_back(nullptr);
        before_ = ::environ;
        ::environ = entries_.data();
    }
    ~Variables() { ::environ = before_; }
    Variables(const Variables&) = delete;
    Variables& operator=(const Variables&) = delete;

private:
    std::vector<std::string> texts_;
    std::vector<char*> entries_;
    char** before_;
};

class Folder {
public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "egressd-known-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr)
            throw std::runtime_error("cannot make a folder");
        path_ = name;
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    KnownSource file(const std::string& name, const std::string& content) const {
        std::ofstream(path_ / name, std::ios::binary) << content;
        return missing(name);
    }
    KnownSource missing(const std::string& name) const {
        return {KnownSource::file, {}, (path_ / name).string(), {"/etc/allow.yaml", 7, 5}};
    }

private:
    std::filesystem::path path_;
};

KnownSource variables(std::vector<std::string> names) {
    return {KnownSource::env, std::move(names), "", {"/etc/allow.yaml", 3, 1}};
}

struct Gathered {
    std::map<std::string, std::string> values;
    std::vector<std::string> problems;
};

Gathered gather(const std::vector<KnownSource>& sources) {
    Gathered result;
    for (const scan::KnownSecret& secret : gather_known(sources, result.problems)) {
        CHECK_FALSE(secret.canary);
        result.values.emplace(secret.name, secret.value);
    }
    return result;
}

using Values = std::map<std::string, std::string>;

const std::string random_value = "q7Zr2Vb9XkLm4TsW";

} // namespace

TEST_CASE("by default those variables are known that look like secrets") {
    const Variables set({{"API_TOKEN", random_value},
                         {"SAME_TOKEN", random_value},
                         {"UNTOLD", "another-" + random_value},
                         {"SHORT_TOKEN", "q7Zr2Vb"},
                         {"DEPLOY_KEY", "/home/agent/deploy.key"},
                         {"DATABASE_URL", "postgres://app:Wm%2FcR5tYhGq8@db/app"},
                         {"OTHER_URL", "https://example.com/some/path"}});
    const Gathered known = gather(default_known());
    CHECK(known.values.at("env:API_TOKEN") == random_value);
    CHECK(known.problems.empty());
    std::vector<std::string> problems;
    const auto secrets = gather_known(default_known(), problems);
    CHECK(secrets.size() == 3);
    const auto has = [&](const std::string& value) {
        return std::any_of(secrets.begin(), secrets.end(),
                           [&](const auto& one) { return one.value == value; });
    };
    CHECK(has("Wm%2FcR5tYhGq8"));
    CHECK(has("Wm/cR5tYhGq8"));
}

TEST_CASE("a variable that is named is known whatever it looks like") {
    const Variables set(
        {{"PHRASE", "developmentserver"}, {"SHORT", "elevenbytes"}, {"LONG", std::string(5000, 'a')}});
    const Gathered known = gather({variables({"PHRASE", "SHORT", "LONG", "ABSENT"})});
    CHECK(known.values == Values{{"env:PHRASE", "developmentserver"}});
    REQUIRE(known.problems.size() == 3);
    CHECK(known.problems[0].find(
              "allow.yaml:3: the value of SHORT is not looked for: it is shorter than 12") == 0);
    CHECK(known.problems[1].find("LONG is not looked for: it is longer than 4096") != std::string::npos);
    CHECK(known.problems[2].find("no variable ABSENT; set it") != std::string::npos);
    for (const std::string& problem : known.problems)
        CHECK(problem.find("eleven") == std::string::npos);
}

TEST_CASE("globs take what looks like a secret") {
    const Variables set({{"APP_ONE", random_value},
                         {"APP_TWO", "two-" + random_value},
                         {"APP_MODE", "development"},
                         {"MYAPP_ONE", "three-" + random_value}});
    const Gathered known = gather({variables({"APP_*", "APP_T*O", "*NOTHING"})});
    CHECK(known.values == Values{{"env:APP_ONE", random_value}, {"env:APP_TWO", "two-" + random_value}});
    REQUIRE(known.problems.size() == 1);
    CHECK(known.problems[0].find("*NOTHING") != std::string::npos);
}

TEST_CASE("files of assignments") {
    const Folder folder;
    const KnownSource file = folder.file(".env", "DB_PASSWORD=correct-horse-battery-staple\n"
                                                 "HOST=db-1.cluster-cx3k2j4.eu-west-1.example.com\n"
                                                 "BUCKET=my-app-uploads-eu-west-1\n"
                                                 "COMMIT=0123456789abcdef0123456789abcdef01234567\n"
                                                 "UNTOLD=" +
                                                     random_value + "\nURL=amqp://u:Nf4kQ9xLw2Jz@mq/\n");
    const Gathered known = gather({file});
    CHECK(known.values == Values{{".env:DB_PASSWORD", "correct-horse-battery-staple"},
                                 {".env:UNTOLD", random_value},
                                 {".env:URL (password)", "Nf4kQ9xLw2Jz"}});
    CHECK(known.problems.empty());

    const Gathered nothing = gather({folder.file("plain.env", "MODE=development\n")});
    CHECK(nothing.values.empty());
    REQUIRE(nothing.problems.size() == 1);
    CHECK(nothing.problems[0].find("plain.env looks like a secret") != std::string::npos);
}

TEST_CASE("files that are one value") {
    const Folder folder;
    const Gathered known =
        gather({folder.file("token", "\n  a plain sentence \r\n"), folder.file("short", "abc\n"),
                folder.file("empty", ""), folder.file("long", std::string(5000, 'a'))});
    CHECK(known.values == Values{{"token", "a plain sentence"}});
    REQUIRE(known.problems.size() == 3);
    CHECK(known.problems[0].find("allow.yaml:7: ") == 0);
    CHECK(known.problems[0].find("/short holds is not looked for: it is shorter") != std::string::npos);
}

TEST_CASE("files that cannot be read are problems") {
    const Folder folder;
    const Gathered known = gather({folder.missing("absent"), folder.missing("."),
                                   folder.file("big", std::string(max_known_file_bytes + 1, 'x'))});
    CHECK(known.values.empty());
    REQUIRE(known.problems.size() == 3);
    CHECK(known.problems[0].find("absent: No such file or directory; let egressd's user read it") !=
          std::string::npos);
    CHECK(known.problems[1].find("it is a directory") != std::string::npos);
    CHECK(known.problems[2].find("larger than 1 MiB") != std::string::npos);
}

TEST_CASE("no more values than can be looked for") {
    std::map<std::string, std::string> many;
    for (int i = 0; i < 510; ++i)
        many["TOKEN_" + std::to_string(i)] = random_value + std::to_string(i);
    const Variables set(many);
    const Gathered known = gather({variables({"TOKEN_*"}), variables({"TOKEN_1", "TOKEN_99"})});
    CHECK(known.values.size() == max_known_values);
    REQUIRE(known.problems.size() == 1);
    CHECK(known.problems[0].find("more than 500 known values") != std::string::npos);
}
