#include "policy/rule.hpp"

#include <catch2/catch.hpp>

#include <chrono>

using egressd::policy::glob_matches;

TEST_CASE("one star stays in its segment, two cross") {
    struct Case {
        const char *glob, *path;
        bool expected;
    };
    for (const Case& each : std::vector<Case>{
             {"/a", "/a", true},
             {"/a", "/a/", false},
             {"/a", "/A", false},
             {"/a", "/ab", false},
             {"/a/*", "/a/b", true},
             {"/a/*", "/a/", true},
             {"/a/*", "/a", false},
             {"/a/*", "/a/b/c", false},
             {"/a/**", "/a/", true},
             {"/a/**", "/a/b/c", true},
             {"/a/**", "/a", false},
             {"/a/**", "/ab", false},
             {"/**", "/", true},
             {"/**", "/x/y", true},
             {"/*", "/x/y", false},
             {"/a/*/c", "/a/b/c", true},
             {"/a/*/c", "/a//c", true},
             {"/a/*/c", "/a/b/b/c", false},
             {"/a/**/c", "/a/b/b/c", true},
             {"/a/**/c", "/a/c", false},
             {"/*.tgz", "/x.tgz", true},
             {"/*.tgz", "/x.tgz.exe", false},
             {"/*.tgz", "/a/x.tgz", false},
             {"/**.tgz", "/a/x.tgz", true},
             {"/v*/x*y", "/v1/xaay", true},
             {"/v*/x*y", "/v1/xaayz", false},
             {"/a*b*c", "/abbcbc", true},
             {"/a*b*c", "/abb/c", false},
             {"/**/b*/c", "/b/b/bx/c", true},
             {"/**/b*/c", "/b/b/x/c", false},
             {"/**a*b", "/ab/xab", true},
             {"/**a*b", "/ab/x", false},
             {"/***", "/a/b", true},
             {"/*a**b", "/xa/y/b", true},
             {"/a.b", "/axb", false},
             {"/a?", "/ab", false},
             {"/[ab]", "/a", false},
             {"/@scope%2F*", "/@scope%2Fname", true},
             {"/@scope/*", "/@scope%2Fname", false},
         }) {
        CAPTURE(each.glob, each.path);
        CHECK(glob_matches(each.glob, each.path) == each.expected);
    }
}

TEST_CASE("no path makes a glob slow") {
    // Backtracking over these would take longer than the age of the universe; the bound is generous for a
    // sanitizer build.
    const std::string glob = "/**a*a**a*a**a*a**a*a**a*a**a*a**b";
    const std::string path = '/' + std::string(20'000, 'a');
    const auto begin = std::chrono::steady_clock::now();
    CHECK_FALSE(glob_matches(glob, path));
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
}
