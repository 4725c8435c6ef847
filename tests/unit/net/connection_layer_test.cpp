#include "net/connection.hpp"
#include "tests/unit/net/loopback.hpp"

#include <boost/asio/error.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <deque>
#include <vector>

using namespace egressd;
using namespace egressd::test;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using net::Progress;
using State = Progress::State;

namespace {

/// What the test and the layer, which the connection owns, both see.
struct Script {
    std::vector<std::string> written;      // one for each call that took something
    std::size_t takes = std::string::npos; // bytes of a call, at most
    std::deque<Progress> first;            // the answers before it does anything
    std::string to_read;
    int shut_downs = 0;
    bool quiet = true;
};

class FakeLayer final : public net::Layer {
public:
    explicit FakeLayer(Script& script) : script_(script) {}

    Progress handshake() override { return next().value_or(Progress{}); }

    Progress read(asio::mutable_buffer buffer) override {
        if (const std::optional<Progress> step = next())
            return *step;
        if (script_.to_read.empty())
            return {State::done, asio::error::eof, 0};
        const std::size_t size = asio::buffer_copy(buffer, asio::buffer(script_.to_read));
        script_.to_read.erase(0, size);
        return {State::done, {}, size};
    }

    Progress write(asio::const_buffer part) override {
        if (const std::optional<Progress> step = next())
            return *step;
        const std::size_t size = std::min(part.size(), script_.takes);
        script_.written.emplace_back(static_cast<const char*>(part.data()), size);
        return {State::done, {}, size};
    }

    void shut_down() override { ++script_.shut_downs; }
    bool is_quiet() override { return script_.quiet; }

private:
    std::optional<Progress> next() {
        if (script_.first.empty())
            return std::nullopt;
        const Progress step = script_.first.front();
        script_.first.pop_front();
        return step;
    }

    Script& script_;
};

struct Layered {
    asio::io_context io{1};
    net::Timers timers{io};
    Ends ends{io, timers};
    Script script;
    net::Connection& connection = ends.near;

    Layered() { REQUIRE_FALSE(run(io, connection.secure(std::make_unique<FakeLayer>(script)))); }

    error_code write(const std::vector<std::string>& texts) {
        std::vector<asio::const_buffer> parts;
        for (const std::string& text : texts)
            parts.push_back(asio::buffer(text));
        return run(io, connection.write(parts));
    }
};

using Calls = std::vector<std::string>;

} // namespace

TEST_CASE("small parts go through a layer in one piece, and nothing reaches the socket beside it") {
    Layered layered;
    CHECK_FALSE(layered.write({"head", "", "body", "end"}));
    CHECK(layered.script.written == Calls{"headbodyend"});
    CHECK(layered.ends.far.is_quiet());
}

TEST_CASE("a part too large to be joined goes by itself, in its place") {
    const std::string large = pattern(100'000, 1);
    Layered layered;
    CHECK_FALSE(layered.write({"4000\r\n", large, "\r\n", "0\r\n\r\n"}));
    REQUIRE(layered.script.written.size() == 3);
    CHECK(layered.script.written[0] == "4000\r\n");
    CHECK((layered.script.written[1] == large));
    CHECK(layered.script.written[2] == "\r\n0\r\n\r\n");
}

TEST_CASE("no joined piece is larger than a record") {
    const std::string half = pattern(10'000, 1);
    Layered layered;
    CHECK_FALSE(layered.write({half, half, "x"}));
    CHECK((layered.script.written == Calls{half, half + "x"}));
}

TEST_CASE("what a layer takes in pieces arrives whole, whatever it waits for in between") {
    Layered layered;
    layered.script.takes = 3;
    layered.script.first = {{State::wants_write, {}, 0}, {State::wants_write, {}, 0}};
    CHECK_FALSE(layered.write({"abcd", "efgh"}));
    CHECK(layered.script.written == Calls{"abc", "def", "gh"});
}

TEST_CASE("more parts than one call takes are refused by a layer, too, and nothing is sent") {
    Layered layered;
    CHECK(layered.write(std::vector<std::string>(net::Connection::max_parts + 1, "x")) ==
          asio::error::invalid_argument);
    CHECK(layered.script.written.empty());
}

TEST_CASE("a layer's failure ends the write") {
    Layered layered;
    layered.script.first = {{State::done, asio::error::connection_reset, 0}};
    CHECK(layered.write({"abc"}) == asio::error::connection_reset);
    CHECK(layered.script.written.empty());
}

TEST_CASE("a layer that waits is subject to the deadline and to an interrupt") {
    Layered layered;
    std::string space(8, '\0');
    layered.script.first.assign(1, {State::wants_read, {}, 0}); // and nothing comes
    SECTION("the deadline of a read") {
        layered.connection.expires_after(50ms);
        CHECK(run(layered.io, layered.connection.read_some(asio::buffer(space))).ec ==
              asio::error::timed_out);
    }
    SECTION("the deadline of a write that has to read first") {
        layered.connection.expires_after(50ms);
        CHECK(layered.write({"x"}) == asio::error::timed_out);
        CHECK(layered.script.written.empty());
    }
    SECTION("the deadline of a handshake") {
        layered.connection.expires_after(50ms);
        CHECK(run(layered.io, layered.connection.secure(std::make_unique<FakeLayer>(layered.script))) ==
              asio::error::timed_out);
    }
    SECTION("an interrupt") {
        layered.connection.interrupt();
        CHECK(layered.write({"x"}) == asio::error::operation_aborted);
        CHECK(run(layered.io, layered.connection.read_some(asio::buffer(space))).ec ==
              asio::error::operation_aborted);
        CHECK(layered.script.written.empty());
    }
}

TEST_CASE("reads, quietness and the end of a connection are its layer's") {
    Layered layered;
    std::string space(8, '\0');
    layered.script.to_read = "inside";
    CHECK_FALSE(run(layered.io, layered.ends.far.write(asio::buffer("outside", 7))));
    CHECK(run(layered.io, layered.connection.read_some(asio::buffer(space))).size == 6);
    CHECK(space.starts_with("inside"));
    CHECK(run(layered.io, layered.connection.read_some(asio::buffer(space))).ec == asio::error::eof);
    CHECK(layered.connection.is_quiet());
    layered.script.quiet = false;
    CHECK_FALSE(layered.connection.is_quiet());
    layered.connection.shutdown_send();
    CHECK(layered.script.shut_downs == 1);
}
