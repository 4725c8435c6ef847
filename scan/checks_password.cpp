// Is the password of a URL or of HTTP's Basic scheme one that somebody uses, or what a document puts in its
// place?
#include "scan/check_functions.hpp"
#include "scan/checks.hpp"
#include "scan/text_codec.hpp"
#include "scan/userinfo.hpp"

#include <algorithm>
#include <string>

namespace egressd::scan::checks {

namespace {

bool is_worth_guarding(const Userinfo& login) {
    return login.password != login.user && !is_placeholder(login.password);
}

} // namespace

bool basic_auth(std::string_view token) {
    constexpr std::string_view scheme = "basic ";
    if (token.size() > scheme.size() && std::equal(scheme.begin(), scheme.end(), token.begin(),
                                                   [](char a, char b) { return a == to_lower(b); })) {
        token.remove_prefix(scheme.size());
    }
    const std::optional<std::string> text = decode_base64(token);
    const std::size_t colon = text ? text->find(':') : std::string::npos;
    if (colon == std::string::npos ||
        std::any_of(text->begin(), text->end(), [](unsigned char c) { return c < ' ' || c == 0x7f; })) {
        return false;
    }
    const std::string_view login = *text;
    return is_worth_guarding({login.substr(0, colon), login.substr(colon + 1)});
}

bool url_password(std::string_view token) {
    const std::optional<Userinfo> login = userinfo_of(token);
    return is_worth_guarding(login ? *login : Userinfo{{}, token});
}

} // namespace egressd::scan::checks
