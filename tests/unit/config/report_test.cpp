#include "config/report.hpp"

#include <catch2/catch.hpp>

using namespace egressd::config;

TEST_CASE("findings come sorted by position, the files in the order of their first finding") {
    Report report;
    const FileReport main(report, "main.yaml");
    const FileReport other(report, "a-included.yaml");
    main.error({9, 1}, "third");
    other.warning({1, 1}, "fourth");
    main.warning({2, 7}, "second");
    main.error({2, 3}, "first");
    std::vector<std::string> lines;
    for (const Diagnostic& finding : report.sorted())
        lines.push_back(finding.text());
    CHECK(lines == std::vector<std::string>{"main.yaml:2:3: error: first", "main.yaml:2:7: warning: second",
                                            "main.yaml:9:1: error: third",
                                            "a-included.yaml:1:1: warning: fourth"});
    CHECK(report.failed());
}

TEST_CASE("a finding about a whole file has no position") {
    Report report;
    FileReport(report, "allow.yaml").warning({}, "nothing is allowed");
    CHECK(report.sorted().front().text() == "allow.yaml: warning: nothing is allowed");
    CHECK_FALSE(report.failed());
}

TEST_CASE("a flood of findings is cut off, and the report says so") {
    Report report;
    const FileReport file(report, "allow.yaml");
    for (int line = 1; line <= 250; ++line)
        file.error({line, 1}, "wrong");
    const std::vector<Diagnostic> findings = report.sorted();
    REQUIRE(findings.size() == max_findings_of_a_level + 1);
    CHECK(findings.back().message == "there are more errors, which are not shown");
}

TEST_CASE("the operator's text is quoted without what a terminal would act on") {
    CHECK(in_quotes("methodes") == "\"methodes\"");
    CHECK(in_quotes("a\x1B[2Jb").find('\x1B') == std::string::npos);
}
