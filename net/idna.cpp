#include "net/idna.hpp"

#include "net/utf8.hpp"

#include <idn2.h>

#include <cstdint>
#include <locale.h>
#include <memory>
#include <optional>
#include <wctype.h>

namespace egressd::net {
namespace {

struct FreeIdn2 {
    void operator()(void* text) const { idn2_free(text); }
};

constexpr char32_t first_beyond_ascii = 0x80;

/// Unicode's simple lower case. A locale of our own: the process's may know nothing beyond ASCII.
std::optional<char32_t> lowered(char32_t character) {
    static const locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    if (unicode == nullptr)
        return std::nullopt;
    return static_cast<char32_t>(towlower_l(static_cast<wint_t>(character), unicode));
}

/// The lookup of RFC 5891 5 without the mappings of UTS #46: what it would have to map is an error.
std::optional<std::string> look_up(const std::string& label) {
    std::uint8_t* raw = nullptr;
    const int code = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(label.c_str()), &raw,
                                    IDN2_NFC_INPUT | IDN2_NO_TR46);
    const std::unique_ptr<std::uint8_t, FreeIdn2> result(raw);
    if (code != IDN2_OK || !result)
        return std::nullopt;
    return std::string(reinterpret_cast<const char*>(result.get()));
}

std::optional<std::string> decoded(const std::string& a_label) {
    char* raw = nullptr;
    const int code = idn2_to_unicode_8z8z(a_label.c_str(), &raw, 0);
    const std::unique_ptr<char, FreeIdn2> result(raw);
    if (code != IDN2_OK || !result)
        return std::nullopt;
    return std::string(result.get());
}

} // namespace

Result<std::string> to_a_label(std::string_view label) {
    std::string lower;
    for (std::string_view rest = label; !rest.empty();) {
        const std::optional<char32_t> character = take_utf8(rest);
        if (!character)
            return Error{Side::client, "the host name is not valid UTF-8"};
        const std::optional<char32_t> small = lowered(*character);
        if (!small || (*small < first_beyond_ascii && *character >= first_beyond_ascii))
            return Error{Side::client, "the host name has a character that only looks like an ASCII letter"};
        append_utf8(lower, *small);
    }
    const std::optional<std::string> a_label = look_up(lower);
    if (!a_label)
        return Error{Side::client, "the host name has a label that IDNA 2008 does not allow"};
    return *a_label;
}

bool is_a_label(std::string_view label) {
    const std::string text(label);
    const std::optional<std::string> unicode = decoded(text);
    if (!unicode || *unicode == text)
        return false;
    const std::optional<std::string> again = look_up(*unicode);
    return again && *again == text;
}

} // namespace egressd::net
