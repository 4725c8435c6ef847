// What a SOCKS5 client may send: every message parser gets the same bytes. Invariants: a result is the same
// for the shortest prefix that has one and for all bytes; a parser never wants more than the bound; a message
// lies within the bytes; what was taken apart gives the message again when it is put together.
#include "proxy/socks5_message.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace egressd::proxy::socks5;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

template <class Value>
Parse<Value> check(Parse<Value> (*parse)(std::string_view), std::string_view bytes) {
    using State = typename Parse<Value>::State;
    const Parse<Value> whole = parse(bytes);
    require(whole.state != State::need_more || bytes.size() < max_message);
    require((whole.state == State::malformed) == !whole.problem.empty());
    require(whole.state != State::complete || (whole.length > 0 && whole.length <= bytes.size()));

    bool decided = false;
    for (std::size_t length = 0; length <= bytes.size() && length <= max_message; ++length) {
        // A copy of its own, so that a read beyond the prefix is seen by the sanitizer.
        const std::string prefix(bytes.substr(0, length));
        const Parse<Value> part = parse(prefix);
        require(!decided || part.state != State::need_more);
        decided = part.state != State::need_more;
        if (decided) {
            require(part.state == whole.state && part.length == whole.length &&
                    part.problem == whole.problem && part.reply == whole.reply);
        }
        require(part.state != State::complete || length >= part.length);
    }
    require(decided == (whole.state != State::need_more));
    return whole;
}

std::string to_wire(const Request& request) {
    std::string wire("\5\1\0", 3);
    if (const auto* name = std::get_if<std::string>(&request.host)) {
        wire += '\3';
        wire += static_cast<char>(name->size());
        wire += *name;
    } else {
        const auto& address = std::get<boost::asio::ip::address>(request.host);
        wire += address.is_v4() ? '\1' : '\4';
        if (address.is_v4()) {
            const auto octets = address.to_v4().to_bytes();
            wire.append(octets.begin(), octets.end());
        } else {
            const auto octets = address.to_v6().to_bytes();
            wire.append(octets.begin(), octets.end());
        }
    }
    wire += static_cast<char>(request.port >> 8);
    wire += static_cast<char>(request.port & 0xff);
    return wire;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    check(parse_greeting, bytes);
    const Parse<Login> login = check(parse_login, bytes);
    if (login.state == Parse<Login>::State::complete) {
        std::string wire("\1");
        wire += static_cast<char>(login.value.user.size());
        wire += login.value.user;
        wire += static_cast<char>(login.value.password.size());
        wire += login.value.password;
        require(wire == bytes.substr(0, login.length));
    }
    const Parse<Request> request = check(parse_request, bytes);
    if (request.state == Parse<Request>::State::complete) {
        require(request.value.port != 0);
        require(to_wire(request.value) == bytes.substr(0, request.length));
    }
    return 0;
}
