#include "cli/shell.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>

using namespace egressd::cli;

namespace {

const std::string hostile = "a'b\"c $HOME `id` $(id) \\ \\n !x *?[~ #;&|<>\t\n'' end'";

/// What a command prints, with its standard error.
std::string output_of(const std::string& command) {
    std::FILE* pipe = ::popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string result;
    std::array<char, 4096> block{};
    while (const std::size_t n = std::fread(block.data(), 1, block.size(), pipe))
        result.append(block.data(), n);
    REQUIRE(::pclose(pipe) == 0);
    return result;
}

/// What a runner of GitHub's makes of its environment file (its documented format).
std::vector<Variable> read_github(std::string text) {
    std::vector<Variable> result;
    const auto take_line = [&] {
        const std::string line = text.substr(0, text.find('\n'));
        text.erase(0, line.size() + 1);
        return line;
    };
    while (!text.empty()) {
        const std::string line = take_line();
        const std::size_t equals = line.find('=');
        const std::size_t heredoc = line.find("<<");
        if (equals < heredoc) {
            result.push_back({line.substr(0, equals), line.substr(equals + 1)});
            continue;
        }
        std::string value;
        bool is_first = true;
        for (std::string next = take_line(); next != line.substr(heredoc + 2); next = take_line()) {
            value += (is_first ? "" : "\n") + next;
            is_first = false;
        }
        result.push_back({line.substr(0, heredoc), value});
    }
    return result;
}

} // namespace

TEST_CASE("a POSIX shell reads back exactly the value") {
    ::setenv("EGRESSD_TEST_SCRIPT",
             (for_shell(Shell::sh, {{"X", hostile}}) + "printf '%s' \"$X\"; printf .").c_str(), 1);
    CHECK(output_of("sh -c 'eval \"$EGRESSD_TEST_SCRIPT\"'") == hostile + ".");
    ::unsetenv("EGRESSD_TEST_SCRIPT");
}

TEST_CASE("fish escapes quotes and backslashes within single quotes, and nothing else") {
    CHECK(for_shell(Shell::fish, {{"X", "a'b\\c $d\"\n(e)"}}) == "set -gx X 'a\\'b\\\\c $d\"\n(e)'\n");
    CHECK(for_shell(Shell::fish, {{"X", ""}}) == "set -gx X ''\n");
}

TEST_CASE("the JSON is one object with every value") {
    const std::vector<Variable> variables{{"A", hostile}, {"B", ""}};
    const boost::json::object object = boost::json::parse(for_shell(Shell::json, variables)).as_object();
    CHECK(object.size() == 2);
    CHECK(object.at("A").as_string() == hostile);
    CHECK(object.at("B").as_string().empty());
}

TEST_CASE("a runner reads back exactly the values, also those that try to end early") {
    const std::vector<Variable> variables{{"A", "http://127.0.0.1:3128"},
                                          {"B", "a=b<<c"},
                                          {"C", hostile},
                                          {"D", "x\nEGRESSD_END\nE=injected"},
                                          {"F", "x\nEGRESSD_END_\nEGRESSD_END\n"},
                                          {"G", ""}};
    CHECK(read_github(for_shell(Shell::github, variables)) == variables);
}
