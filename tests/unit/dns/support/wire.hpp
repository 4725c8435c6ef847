// DNS messages as a client would write them, and as none would.
#pragma once

#include <string>
#include <string_view>

namespace egressd::dns::test {

inline std::string word(unsigned value) {
    return {static_cast<char>(value >> 8 & 0xFF), static_cast<char>(value & 0xFF)};
}

inline unsigned word_at(std::string_view octets, std::size_t at) {
    return static_cast<unsigned>(static_cast<unsigned char>(octets.at(at))) << 8 |
           static_cast<unsigned char>(octets.at(at + 1));
}

inline std::string wire_name(std::string_view name) {
    std::string wire;
    while (!name.empty()) {
        const std::size_t end = std::min(name.find('.'), name.size());
        wire += static_cast<char>(end);
        wire += name.substr(0, end);
        name.remove_prefix(std::min(end + 1, name.size()));
    }
    return wire + '\0';
}

/// Id 0x1234, recursion desired.
inline std::string header(unsigned questions, unsigned answers, unsigned authorities, unsigned additional) {
    return word(0x1234) + word(0x0100) + word(questions) + word(answers) + word(authorities) +
           word(additional);
}

inline std::string opt(unsigned payload, unsigned version = 0, const std::string& options = {}) {
    return '\0' + word(41) + word(payload) + word(version) + word(0x8000) +
           word(static_cast<unsigned>(options.size())) + options;
}

inline std::string question(std::string_view name, unsigned type, const std::string& additional = {}) {
    return header(1, 0, 0, additional.empty() ? 0 : 1) + wire_name(name) + word(type) + word(1) + additional;
}

} // namespace egressd::dns::test
