// Heads in one line each, for the tests of proxy/.
#pragma once

#include "proxy/http1.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace egressd::proxy {

inline constexpr std::size_t test_max_fields = 100;

/// `lines` with CRLF behind each, and the empty line.
inline std::string lines(std::initializer_list<std::string_view> lines) {
    std::string text;
    for (const std::string_view line : lines)
        text.append(line).append("\r\n");
    return text + "\r\n";
}

/// A parsed request; `bytes` outlives it.
inline RequestHead request(const std::string& bytes) {
    RequestHead head;
    parse_request_head(bytes, test_max_fields, head).value();
    return head;
}

inline ResponseHead response(const std::string& bytes) {
    ResponseHead head;
    parse_response_head(bytes, test_max_fields, head).value();
    return head;
}

} // namespace egressd::proxy
