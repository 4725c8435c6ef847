#include "audit/chain.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace egressd::audit;

namespace {

// Computed with Python's hashlib from the description of the format.
const std::string first = R"({"v":1,"seq":1,"ts":"2026-01-01T00:00:00.000000Z","event":"policy",)"
                          R"("prev":"0000000000000000000000000000000000000000000000000000000000000000",)"
                          R"("hash":"3b6c7ea75cb0607371c80dd966219e7cb772f1b4d40c527b2822072eb49f7061"})";
const std::string second =
    R"({"v":1,"seq":2,"ts":"2026-01-01T00:00:00.000001Z","event":"stop","reason":"SIGTERM",)"
    R"("prev":"3b6c7ea75cb0607371c80dd966219e7cb772f1b4d40c527b2822072eb49f7061",)"
    R"("hash":"259c63c75c621f5945ba4f84124ab4bfb260391099e5f5b0716ca6da493f4b76"})";

} // namespace

TEST_CASE("lines are numbered and chained") {
    std::string out;
    Position position;
    Sha256 sha256;
    append_line(out, position, sha256, "2026-01-01T00:00:00.000000Z", R"("event":"policy")");
    append_line(out, position, sha256, "2026-01-01T00:00:00.000001Z", R"("event":"stop","reason":"SIGTERM")");
    CHECK(out == first + "\n" + second + "\n");
    CHECK(position.seq == 2);
    CHECK(first.starts_with(line_start(1)));
    CHECK(second.starts_with(line_start(2)));
}

TEST_CASE("a line is read back") {
    Sha256 sha256;
    const auto link = read_link(second, sha256);
    REQUIRE(link.has_value());
    CHECK(link->seq == 2);
    CHECK(view(link->prev) == "3b6c7ea75cb0607371c80dd966219e7cb772f1b4d40c527b2822072eb49f7061");
    CHECK(view(link->hash) == "259c63c75c621f5945ba4f84124ab4bfb260391099e5f5b0716ca6da493f4b76");
}

TEST_CASE("no byte of a line can be changed, taken out or doubled") {
    Sha256 sha256;
    for (std::size_t i = 0; i < second.size(); ++i) {
        INFO("byte " << i);
        std::string changed = second;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        CHECK_FALSE(read_link(changed, sha256).has_value());
        CHECK_FALSE(read_link(second.substr(0, i), sha256).has_value());
        std::string shorter = second;
        shorter.erase(i, 1);
        CHECK_FALSE(read_link(shorter, sha256).has_value());
        std::string longer = second;
        longer.insert(i, 1, second[i]);
        CHECK_FALSE(read_link(longer, sha256).has_value());
    }
}

TEST_CASE("there is no line 0") {
    std::string out;
    Position position;
    position.seq = std::numeric_limits<std::uint64_t>::max();
    Sha256 sha256;
    append_line(out, position, sha256, "2026-01-01T00:00:00.000000Z", R"("event":"stop")");
    REQUIRE(out.starts_with(R"({"v":1,"seq":0,)"));
    CHECK_FALSE(read_link(std::string_view(out).substr(0, out.size() - 1), sha256).has_value());
}

TEST_CASE("a line says why it is refused") {
    Sha256 sha256;
    std::string changed = second;
    changed.replace(changed.find("SIGTERM"), 7, "SIGQUIT");
    CHECK(read_link(changed, sha256).error().message == "its content does not match its hash");
    CHECK(read_link("Jan  1 00:00:00 host sshd[1]: hello", sha256).error().message ==
          "it is not a record of egressd");
    CHECK(read_link("", sha256).error().message == "it is not a record of egressd");
}
