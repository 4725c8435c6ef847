#include "scan/layout.hpp"
#include "scan/run_demand.hpp"
#include "tests/unit/scan/tokens.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace egressd::scan;
using namespace egressd::scan::tokens;

namespace {

bool demands(const char* pattern, std::vector<std::string> keywords = {}) {
    Rule rule;
    rule.pattern = pattern;
    rule.keywords = std::move(keywords);
    return demands_run(rule);
}

} // namespace

TEST_CASE("a pattern demands a run when each of its matches holds one") {
    for (const char* pattern :
         {"tok_[0-9A-Za-z]{36}", R"(\bghp_[A-Za-z0-9]{20,255}\b)", R"(key=([0-9a-f]{32})(?:[^0-9a-f]|$))",
          "x-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "(?:a|bcd)_[0-9A-Za-z]{22}", R"([\w-]{24})",
          "(?i)(?:token|secret)[^0-9a-z]{1,8}([0-9a-f]{32})",
          R"([0-9A-Za-z_-]{23,28}\.[0-9a-z]{6}\.[0-9a-z]{27})", "[A-Z2-7]{56}", "[0-9A-Za-z+/=_-]{40}",
          "(?:ab[0-9]{30}|[0-9a-f]{40})", "a[0-9]{11}b[0-9]{11}", "[0-9]{30}|[0-9a-f]{32}"}) {
        INFO(pattern);
        CHECK(demands(pattern));
    }
}

TEST_CASE("a pattern that can match elsewhere demands none") {
    for (const char* pattern : {"tok_[0-9A-Za-z]{16}",
                                "[a-z_]{40}",
                                "[A-Z2-7]{24}",
                                "[0-9A-Za-z.]{40}",
                                "[^ ]{40}",
                                ".{40}",
                                "[0-9]{0,30}x",
                                "(?:[0-9]{30})?x",
                                "[0-9]{30}|x",
                                "(?:[0-9]{30}|x.y)",
                                "[0-9]{11} [0-9]{11}",
                                "-----BEGIN PRIVATE KEY-----",
                                "x{0,200}.{129}[0-9]{30}",
                                "[0-9]{30}.{65}",
                                ".*[0-9]{30}",
                                "",
                                "[0-9]{30}(?=x)",
                                R"([0-9]{30}\x41)",
                                "[[:digit:]]{30}",
                                "[0-9]{30",
                                "([0-9]{30}",
                                "[0-9]{30})",
                                "[0-9",
                                "\\"}) {
        INFO(pattern);
        CHECK_FALSE(demands(pattern));
    }
    CHECK(demands("[0-9a-f]{32}", {"acme"}));
    CHECK_FALSE(demands("[0-9a-f]{32}", {std::string(100, 'k')}));
}

TEST_CASE("what the layout of a block leaves out holds no token") {
    for (int round = 0; round < 300; ++round) {
        const std::string token = random(base62, 22 + static_cast<std::size_t>(round) % 40);
        const std::string front = random_bytes(static_cast<std::size_t>(round) * 37 % 5000);
        const std::string block = front + ' ' + token + ' ' + random_bytes(3000);
        const Layout layout = layout_of(block);
        const std::size_t begin = front.size() + 1;
        CHECK(std::any_of(layout.text.begin(), layout.text.end(), [&](const Run& region) {
            return region.begin <= begin - std::min(begin, max_match) &&
                   region.end >= std::min(begin + token.size() + max_match, block.size());
        }));
        CHECK(std::any_of(layout.letters.begin(), layout.letters.end(), [&](const LetterRun& run) {
            return run.begin <= begin && run.end >= begin + token.size() && run.is_mixed;
        }));
    }
}

TEST_CASE("of bytes without text nothing is left") {
    std::size_t left = 0;
    for (int round = 0; round < 20; ++round)
        for (const Run& region : layout_of(random_bytes(100000)).text)
            left += region.end - region.begin;
    CHECK(left < 20 * 100000 / 5);
    const std::string words = "static inline int some_very_long_identifier_of_code(void)";
    const Layout layout = layout_of(words);
    CHECK(layout.text.size() == 1);
    REQUIRE(layout.letters.size() == 1);
    CHECK_FALSE(layout.letters.front().is_mixed);
}
