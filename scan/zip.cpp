#include "scan/zip.hpp"

namespace egressd::scan {

namespace {

constexpr std::string_view signature = "PK\x03\x04";
constexpr std::size_t header_size = 30;
constexpr std::size_t flags_at = 6;
constexpr std::size_t method_at = 8;
constexpr std::size_t name_size_at = 26;
constexpr std::size_t extra_size_at = 28;
constexpr std::size_t encrypted = 1; // of the flags
constexpr std::size_t deflated = 8;

/// Little endian.
std::size_t number(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned char>(bytes[at]) |
           static_cast<std::size_t>(static_cast<unsigned char>(bytes[at + 1])) << 8;
}

} // namespace

bool begins_member(std::string_view bytes) {
    return bytes.starts_with(signature);
}

std::optional<std::size_t> deflated_member(std::string_view bytes) {
    if (bytes.size() < header_size || !bytes.starts_with(signature) ||
        (number(bytes, flags_at) & encrypted) != 0 || number(bytes, method_at) != deflated)
        return std::nullopt;
    const std::size_t begin = header_size + number(bytes, name_size_at) + number(bytes, extra_size_at);
    if (begin >= bytes.size())
        return std::nullopt;
    return begin;
}

} // namespace egressd::scan
