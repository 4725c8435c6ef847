#include "policy/budget.hpp"
#include "policy/public_suffix.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace egressd::policy;
using namespace std::chrono_literals;
using Answer = NameBudget::Answer;

namespace {

const NameBudget::Time start{1h};

std::string numbered(std::size_t number, const std::string& domain) {
    return "n" + std::to_string(number) + "." + domain;
}

} // namespace

TEST_CASE("the registered domain is one label below a public suffix") {
    CHECK(registered_domain("www.example.com") == "example.com");
    CHECK(registered_domain("a.b.example.co.uk") == "example.co.uk");
    CHECK(registered_domain("me.github.io") == "me.github.io");
    CHECK(registered_domain("raw.githubusercontent.com") == "githubusercontent.com");
    CHECK(registered_domain("a.b.internal") == "b.internal");
    CHECK(registered_domain("com") == "com");
    CHECK(registered_domain("localhost") == "localhost");
}

TEST_CASE("a domain has so many names in a window, and those that were seen stay free") {
    NameBudget budget;
    NameLimits limits;
    limits.names = 3;
    for (std::size_t i = 0; i < 3; ++i)
        CHECK(budget.charge("task", numbered(i, "example.com"), limits, start) == Answer::within);
    CHECK(budget.charge("task", numbered(3, "example.com"), limits, start) == Answer::spent_now);
    CHECK(budget.charge("task", numbered(4, "deep.example.com"), limits, start + 1s) == Answer::spent);
    CHECK(budget.charge("task", numbered(1, "example.com"), limits, start + 1s) == Answer::within);
    CHECK(budget.charge("task", numbered(0, "example.org"), limits, start) == Answer::within);
    CHECK(budget.charge("other", numbered(3, "example.com"), limits, start) == Answer::within);
    CHECK(budget.charge("task", numbered(3, "example.com"), limits, start + limits.window - 1ms) ==
          Answer::spent);
    CHECK(budget.charge("task", numbered(3, "example.com"), limits, start + limits.window) == Answer::within);
}

TEST_CASE("long names use it up sooner") {
    NameBudget budget;
    NameLimits limits;
    limits.bytes = 100;
    const std::string words = "correct-horse-battery-staple-and-more-words."; // 44
    CHECK(budget.charge("task", words + "example.com", limits, start) == Answer::within);
    CHECK(budget.charge("task", "a." + words + "example.com", limits, start) == Answer::within);
    CHECK(budget.charge("task", "bb." + words + "example.com", limits, start) == Answer::spent_now);
    CHECK(budget.charge("task", "short.example.com", limits, start) == Answer::within);
}

TEST_CASE("labels that look random have a smaller budget of their own") {
    CHECK(looks_random("d41d8cd98f00b204e9800998ecf8427e"));
    CHECK(looks_random("mzxw6ytboi2gk3tfmqxgs4tfon2gk3tf"));
    CHECK_FALSE(looks_random("d41d8cd98f00b204"));
    CHECK_FALSE(looks_random("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
    CHECK_FALSE(looks_random("0000-0000-0000-0000-0000-0000"));

    NameBudget budget;
    NameLimits limits;
    limits.random = 1;
    CHECK(budget.charge("task", "d41d8cd98f00b204e9800998ecf8427e.example.com", limits, start) ==
          Answer::within);
    CHECK(budget.charge("task", "x.9e107d9d372bb6826bd81d3542a419d6.example.com", limits, start) ==
          Answer::spent_now);
    CHECK(budget.charge("task", "api.example.com", limits, start) == Answer::within);
}

TEST_CASE("names that do not exist use it up, and so does asking") {
    NameBudget budget;
    NameLimits limits;
    limits.missing = 2;
    limits.lookups = 3;
    for (int i = 0; i < 3; ++i)
        budget.note_missing("task", "a.example.com", limits, start);
    CHECK(budget.charge("task", "b.example.com", limits, start) == Answer::within);
    budget.note_missing("task", "b.example.com", limits, start);
    CHECK(budget.charge("task", "c.example.com", limits, start) == Answer::spent_now);

    for (int i = 0; i < 3; ++i)
        CHECK(budget.charge_lookup("task", "a.example.org", limits, start) == Answer::within);
    CHECK(budget.charge_lookup("task", "a.example.org", limits, start) == Answer::spent_now);
    CHECK(budget.charge_lookup("task", "a.example.org", limits, start + limits.window) == Answer::within);
}

TEST_CASE("its memory is bounded: a new domain is refused until an old one is out of date") {
    NameBudget budget;
    const NameLimits limits;
    for (std::size_t i = 0; i < NameBudget::max_domains; ++i)
        CHECK(budget.charge("task", "www.d" + std::to_string(i) + ".com", limits, start) == Answer::within);
    CHECK(budget.charge("task", "www.another.com", limits, start) == Answer::spent);
    CHECK(budget.charge("task", "www.d7.com", limits, start) == Answer::within);
    CHECK(budget.charge("task", "www.another.com", limits, start + limits.window) == Answer::within);
}

TEST_CASE("ordinary work stays within the defaults") {
    NameBudget budget;
    const NameLimits limits;
    for (const char* name :
         {"deb.debian.org", "security.debian.org", "ftp.de.debian.org", "cdn-fastly.deb.debian.org",
          "registry.npmjs.org", "www.npmjs.org", "files.pythonhosted.org", "index.docker.io",
          "production.cloudfront.docker.com", "raw.githubusercontent.com", "objects.githubusercontent.com",
          "pkg-containers.githubusercontent.com", "release-assets.githubusercontent.com",
          "avatars.githubusercontent.com", "productionresultssa0.blob.core.windows.net",
          "7d2c8b0ad6b34a5f9f1e3c2b4a596877.r2.cloudflarestorage.com"})
        CHECK(budget.charge("task", name, limits, start) == Answer::within);
}
