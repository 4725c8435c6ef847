#include "net/utf8.hpp"

#include <cstddef>

namespace egressd::net {
namespace {

struct Form {
    unsigned char mask; // the bits of the first byte that say how long the sequence is
    unsigned char lead; // their value
    std::size_t length; // bytes in all
    char32_t smallest;  // what fits a shorter form is overlong
};

constexpr Form forms[] = {
    {0x80, 0x00, 1, 0}, {0xe0, 0xc0, 2, 0x80}, {0xf0, 0xe0, 3, 0x800}, {0xf8, 0xf0, 4, 0x10000}};

constexpr char32_t last_character = 0x10ffff;

bool is_surrogate(char32_t character) {
    return character >= 0xd800 && character <= 0xdfff;
}

} // namespace

std::optional<char32_t> take_utf8(std::string_view& text) {
    if (text.empty())
        return std::nullopt;
    const auto lead = static_cast<unsigned char>(text.front());
    for (const Form& form : forms) {
        if ((lead & form.mask) != form.lead)
            continue;
        if (text.size() < form.length)
            return std::nullopt;
        char32_t character = lead & static_cast<unsigned char>(~form.mask);
        for (std::size_t i = 1; i < form.length; ++i) {
            const auto byte = static_cast<unsigned char>(text[i]);
            if ((byte & 0xc0) != 0x80)
                return std::nullopt;
            character = (character << 6) | (byte & 0x3fU);
        }
        if (character < form.smallest || character > last_character || is_surrogate(character))
            return std::nullopt;
        text.remove_prefix(form.length);
        return character;
    }
    return std::nullopt;
}

void append_utf8(std::string& text, char32_t character) {
    const auto tail = [&](unsigned shift) {
        text += static_cast<char>(0x80 | ((character >> shift) & 0x3f));
    };
    if (character < 0x80) {
        text += static_cast<char>(character);
    } else if (character < 0x800) {
        text += static_cast<char>(0xc0 | (character >> 6));
        tail(0);
    } else if (character < 0x10000) {
        text += static_cast<char>(0xe0 | (character >> 12));
        tail(6);
        tail(0);
    } else {
        text += static_cast<char>(0xf0 | (character >> 18));
        tail(12);
        tail(6);
        tail(0);
    }
}

} // namespace egressd::net
