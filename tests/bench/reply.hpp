// The parts of an HTTP/1.1 message head that both ends of the benchmark read: where it ends, its status and
// its length. Nothing else of HTTP is understood; what is measured is a proxy, not this parser.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace egressd::bench {

constexpr std::string_view head_end = "\r\n\r\n";

/// The length of the head at the start of `bytes`, its empty line included, once it is all there.
std::optional<std::size_t> head_length(std::string_view bytes);

/// The three digits of a complete head's status line; empty when there are none.
std::string_view status_of(std::string_view head);

/// The value of Content-Length in a complete head.
std::optional<std::size_t> content_length(std::string_view head);

} // namespace egressd::bench
