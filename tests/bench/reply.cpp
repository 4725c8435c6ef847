#include "tests/bench/reply.hpp"

#include <algorithm>
#include <charconv>
#include <strings.h>

namespace egressd::bench {

std::optional<std::size_t> head_length(std::string_view bytes) {
    const std::size_t end = bytes.find(head_end);
    return end == std::string_view::npos ? std::nullopt : std::optional(end + head_end.size());
}

std::string_view status_of(std::string_view head) {
    constexpr std::size_t status_at = 9; // after "HTTP/1.1 "
    return head.size() < status_at + 3 ? std::string_view() : head.substr(status_at, 3);
}

std::optional<std::size_t> content_length(std::string_view head) {
    constexpr std::string_view field = "content-length:";
    for (std::size_t at = head.find('\n'); at != std::string_view::npos; at = head.find('\n', at)) {
        std::string_view line = head.substr(++at);
        if (line.size() < field.size() || ::strncasecmp(line.data(), field.data(), field.size()) != 0) {
            continue;
        }
        line.remove_prefix(field.size());
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        std::size_t length = 0;
        const std::from_chars_result read = std::from_chars(line.data(), line.data() + line.size(), length);
        return read.ec == std::errc() ? std::optional(length) : std::nullopt;
    }
    return std::nullopt;
}

} // namespace egressd::bench
