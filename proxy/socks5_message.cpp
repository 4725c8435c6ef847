#include "proxy/socks5_message.hpp"

#include <algorithm>

namespace egressd::proxy::socks5 {

namespace {

constexpr unsigned char login_version = 1; // RFC 1929 2

constexpr unsigned char command_connect = 1;
constexpr unsigned char address_ipv4 = 1;
constexpr unsigned char address_domain = 3;
constexpr unsigned char address_ipv6 = 4;

constexpr std::size_t port_length = 2;

unsigned char byte(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned char>(bytes[at]);
}

template <class Value>
Parse<Value> malformed(std::string_view problem, Reply reply = Reply::general_failure) {
    return {Parse<Value>::State::malformed, {}, 0, problem, reply};
}

template <class Value>
Parse<Value> complete(Value value, std::size_t length) {
    return {Parse<Value>::State::complete, std::move(value), length};
}

template <class Address>
boost::asio::ip::address read_address(std::string_view bytes) {
    typename Address::bytes_type octets;
    std::transform(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(octets.size()), octets.begin(),
                   [](char c) { return static_cast<unsigned char>(c); });
    return Address(octets);
}

/// The fixed part of a request (RFC 1928 4), each byte judged as soon as it is there: what is wrong, or
/// nothing.
Parse<Request> check_request_head(std::string_view bytes) {
    if (bytes.size() > 0 && bytes[0] != version) {
        return malformed<Request>("the SOCKS version is not 5");
    }
    if (bytes.size() > 1 && byte(bytes, 1) != command_connect) {
        return malformed<Request>("the SOCKS command is not CONNECT", Reply::command_not_supported);
    }
    if (bytes.size() > 2 && byte(bytes, 2) != 0) {
        return malformed<Request>("the reserved byte of the SOCKS request is not zero");
    }
    if (bytes.size() > 3 && byte(bytes, 3) != address_ipv4 && byte(bytes, 3) != address_domain &&
        byte(bytes, 3) != address_ipv6) {
        return malformed<Request>("the SOCKS address type is unknown", Reply::address_type_not_supported);
    }
    return {};
}

} // namespace

Parse<Greeting> parse_greeting(std::string_view bytes) {
    if (bytes.size() > 0 && bytes[0] != version) {
        return malformed<Greeting>("the SOCKS version is not 5");
    }
    if (bytes.size() < 2) {
        return {};
    }
    const std::size_t count = byte(bytes, 1);
    if (count == 0) {
        return malformed<Greeting>("the SOCKS client offers no authentication method");
    }
    if (bytes.size() < 2 + count) {
        return {};
    }
    const auto offers = [methods = bytes.substr(2, count)](Method method) {
        return methods.find(static_cast<char>(method)) != std::string_view::npos;
    };
    return complete(Greeting{offers(Method::none), offers(Method::password)}, 2 + count);
}

Parse<Login> parse_login(std::string_view bytes) {
    if (bytes.size() > 0 && byte(bytes, 0) != login_version) {
        return malformed<Login>("the version of the SOCKS login is not 1");
    }
    if (bytes.size() < 2) {
        return {};
    }
    const std::size_t user_length = byte(bytes, 1);
    if (user_length == 0) {
        return malformed<Login>("the SOCKS login has no user name");
    }
    const std::size_t password_at = 2 + user_length + 1;
    if (bytes.size() < password_at) {
        return {};
    }
    const std::size_t password_length = byte(bytes, password_at - 1);
    const std::size_t length = password_at + password_length;
    if (bytes.size() < length) {
        return {};
    }
    return complete(Login{std::string(bytes.substr(2, user_length)),
                          std::string(bytes.substr(password_at, password_length))},
                    length);
}

Parse<Request> parse_request(std::string_view bytes) {
    Parse<Request> head = check_request_head(bytes);
    if (head.state == Parse<Request>::State::malformed || bytes.size() < 5) {
        return head;
    }
    const unsigned char type = byte(bytes, 3);
    std::size_t host_at = 4;
    std::size_t host_length = type == address_ipv4 ? 4 : 16;
    if (type == address_domain) {
        host_at = 5;
        host_length = byte(bytes, 4);
        if (host_length == 0) {
            return malformed<Request>("the domain name of the SOCKS request is empty");
        }
    }
    const std::size_t port_at = host_at + host_length;
    if (bytes.size() < port_at + port_length) {
        return {};
    }
    Request request;
    const std::string_view host = bytes.substr(host_at, host_length);
    if (type == address_domain) {
        request.host = std::string(host);
    } else if (type == address_ipv4) {
        request.host = read_address<boost::asio::ip::address_v4>(host);
    } else {
        request.host = read_address<boost::asio::ip::address_v6>(host);
    }
    request.port = static_cast<std::uint16_t>(byte(bytes, port_at) << 8 | byte(bytes, port_at + 1));
    if (request.port == 0) {
        return malformed<Request>("the port of the SOCKS request is 0");
    }
    return complete(std::move(request), port_at + port_length);
}

std::string choose(Method method) {
    return {version, static_cast<char>(method)};
}

std::string login_result(bool accepted) {
    return {static_cast<char>(login_version), accepted ? '\0' : '\1'};
}

std::string to_wire(Reply reply) {
    return {version, static_cast<char>(reply), 0, static_cast<char>(address_ipv4), 0, 0, 0, 0, 0, 0};
}

} // namespace egressd::proxy::socks5
