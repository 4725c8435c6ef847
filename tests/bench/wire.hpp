// The bytes that the load generator and its origin exchange: a well-formed TLS ClientHello whose session id
// carries an order to the origin. It knows no socket. A proxy that checks SNI against the CONNECT name sees a
// real hello; all others relay opaque bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace egressd::bench {

/// What the origin is to do after it has read the hello.
enum class Order : std::uint8_t {
    answer = 'A', // send `amount` bytes, then wait for the end
    source = 'D', // send until the client closes
    sink = 'U',   // read until the client closes
};

struct Request {
    Order order = Order::answer;
    std::uint32_t amount = 0;
};

/// A TLS record with a ClientHello for `name`.
std::string hello(std::string_view name, Request request);

/// The length of the record that starts with `bytes`, once its header is complete.
std::optional<std::size_t> record_length(std::string_view bytes);

/// The order inside a complete record made by hello(); nothing for any other bytes.
std::optional<Request> parse(std::string_view record);

} // namespace egressd::bench
