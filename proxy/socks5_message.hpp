// What does a SOCKS5 client say, and how is it answered? The messages of RFC 1928 and of the user name and
// password method (RFC 1929), taken apart and put together. Pure; every message is bounded by its own length
// bytes (513 at most). A domain name is passed on as raw bytes: net::Host says whether it is one. Only
// CONNECT is a request here.
#pragma once

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace egressd::proxy::socks5 {

/// The first byte of every SOCKS5 connection, by which it is told apart from HTTP on the same port.
inline constexpr char version = 5;

/// RFC 1929: version, two lengths, and 255 bytes each. No other message is longer, so that no parser wants
/// more than this.
inline constexpr std::size_t max_message = 3 + 2 * 255;

/// RFC 1928 6, the REP field.
enum class Reply : unsigned char {
    succeeded = 0,
    general_failure = 1,
    not_allowed = 2,
    network_unreachable = 3,
    host_unreachable = 4,
    connection_refused = 5,
    ttl_expired = 6,
    command_not_supported = 7,
    address_type_not_supported = 8,
};

/// RFC 1928 3, the methods that are known here.
enum class Method : unsigned char { none = 0, password = 2, not_acceptable = 0xff };

/// What a parser makes of the bytes so far. It always gets them from the message's first byte on; once it has
/// said malformed or complete, more bytes do not change that.
template <class Value>
struct Parse {
    enum class State { need_more, malformed, complete };
    State state = State::need_more;
    Value value{};              // when complete
    std::size_t length = 0;     // of the message, when complete; what follows belongs to the next one
    std::string_view problem{}; // a literal, for people; when malformed
    Reply reply = Reply::general_failure; // what a malformed request is answered with
};

struct Greeting {
    bool offers_none = false;
    bool offers_password = false;
};

struct Login {
    std::string user;     // any bytes, 1 to 255
    std::string password; // any bytes, 0 to 255: RFC 1929 wants one at least, curl sends none for `user@`
};

struct Request {
    /// A domain name as sent, 1 to 255 bytes of any value, or an address.
    std::variant<std::string, boost::asio::ip::address> host;
    std::uint16_t port = 0; // never 0 when complete
};

Parse<Greeting> parse_greeting(std::string_view bytes);
Parse<Login> parse_login(std::string_view bytes);
Parse<Request> parse_request(std::string_view bytes);

std::string choose(Method method);
std::string login_result(bool accepted);
/// BND.ADDR and BND.PORT are always 0.0.0.0:0: from which address we speak to the origin is not the agent's
/// business.
std::string to_wire(Reply reply);

} // namespace egressd::proxy::socks5
