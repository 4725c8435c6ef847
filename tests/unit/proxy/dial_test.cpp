#include "proxy/dial.hpp"
#include "tests/unit/net/loopback.hpp"

#include <boost/asio/error.hpp>
#include <catch2/catch.hpp>

#include <sys/socket.h>

using namespace egressd;
using namespace egressd::proxy;
using namespace egressd::test;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::make_address;
using Addresses = std::vector<asio::ip::address>;

namespace {

Addresses addresses(std::initializer_list<const char*> texts) {
    Addresses made;
    for (const char* text : texts)
        made.push_back(make_address(text));
    return made;
}

/// A listener whose queue is full: a connect to it is neither accepted nor refused.
class Silent {
public:
    Silent(asio::io_context& io, const char* address, std::uint16_t port) : acceptor_(io) {
        acceptor_.open(tcp::v4());
        acceptor_.set_option(asio::socket_base::reuse_address(true));
        acceptor_.bind({make_address(address), port});
        acceptor_.listen(0);
        for (int i = 0; i < 4; ++i) {
            fillers_.emplace_back(io, tcp::v4());
            fillers_.back().native_non_blocking(true);
            const tcp::endpoint self = acceptor_.local_endpoint();
            ::connect(fillers_.back().native_handle(), self.data(), static_cast<socklen_t>(self.size()));
        }
    }
    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

private:
    tcp::acceptor acceptor_;
    std::vector<tcp::socket> fillers_;
};

struct Dialler {
    asio::io_context io{1};
    net::Timers timers{io};
    asio::steady_timer* waiting = nullptr;

    Dialled dial(Addresses to, std::uint16_t port, std::chrono::milliseconds limit = 30s) {
        return run(io, proxy::dial(io, std::move(to), port, limit, &waiting));
    }
};

} // namespace

TEST_CASE("families alternate, IPv6 first, and keep their order") {
    CHECK(interleaved({}).empty());
    CHECK(interleaved(addresses({"192.0.2.1", "192.0.2.2"})) == addresses({"192.0.2.1", "192.0.2.2"}));
    CHECK(interleaved(addresses({"192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1", "2001:db8::2"})) ==
          addresses({"2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "192.0.2.3"}));
}

TEST_CASE("the address that answers is the one that is used") {
    Dialler dialler;
    tcp::acceptor acceptor(dialler.io, {make_address("127.0.0.2"), 0});
    const std::uint16_t port = acceptor.local_endpoint().port();

    SECTION("the first") {
        const Dialled dialled = dialler.dial(addresses({"127.0.0.2", "127.0.0.3"}), port);
        CHECK_FALSE(dialled.ec);
        CHECK(dialled.socket.remote_endpoint() == acceptor.local_endpoint());
        CHECK(dialled.address == make_address("127.0.0.2"));
    }
    SECTION("another one, when those before refuse") {
        const Dialled dialled = dialler.dial(addresses({"127.0.0.4", "127.0.0.3", "127.0.0.2"}), port);
        CHECK_FALSE(dialled.ec);
        CHECK(dialled.address == make_address("127.0.0.2"));
        CHECK(dialled.socket.remote_endpoint() == acceptor.local_endpoint());
    }
    SECTION("another one, when the first keeps silent") {
        const Silent silent(dialler.io, "127.0.0.3", port);
        const Dialled dialled = dialler.dial(addresses({"127.0.0.3", "127.0.0.2"}), port);
        CHECK_FALSE(dialled.ec);
        CHECK(dialled.address == make_address("127.0.0.2"));
    }
    CHECK(dialler.waiting == nullptr);
}

TEST_CASE("a dial that fails says why") {
    Dialler dialler;
    tcp::acceptor acceptor(dialler.io, any_port());
    const std::uint16_t port = acceptor.local_endpoint().port();

    SECTION("all refuse") {
        acceptor.close();
        const Dialled dialled = dialler.dial(addresses({"127.0.0.1", "127.0.0.2"}), port);
        CHECK(dialled.ec == asio::error::connection_refused);
        CHECK_FALSE(dialled.socket.is_open());
    }
    SECTION("nobody answers in time") {
        const Silent silent(dialler.io, "127.0.0.3", 0);
        const auto start_time = std::chrono::steady_clock::now();
        const Dialled dialled = dialler.dial(addresses({"127.0.0.3"}), silent.port(), 300ms);
        CHECK(dialled.ec == asio::error::timed_out);
        CHECK_FALSE(dialled.socket.is_open());
        CHECK(std::chrono::steady_clock::now() - start_time >= 300ms);
    }
    SECTION("there is no address") {
        CHECK(dialler.dial({}, port).ec == asio::error::host_unreachable);
    }
    CHECK(dialler.waiting == nullptr);
}

TEST_CASE("a dial under way can be called off") {
    Dialler dialler;
    const Silent silent(dialler.io, "127.0.0.3", 0);
    std::optional<Dialled> dialled;
    start(dialler.io, proxy::dial(dialler.io, addresses({"127.0.0.3"}), silent.port(), 60s, &dialler.waiting),
          dialled);
    run_until(dialler.io, [&] { return dialler.waiting != nullptr; });
    dialler.waiting->cancel();
    run_until(dialler.io, [&] { return dialled.has_value(); });
    CHECK(dialled->ec == asio::error::operation_aborted);
    CHECK_FALSE(dialled->socket.is_open());
    CHECK(dialler.waiting == nullptr);
}
