// Which part of a URL is the password? Text alone: hostile, maybe cut, and with the unescaped '/', '#' and
// '@' that people put into passwords.
#pragma once

#include <optional>
#include <string_view>

namespace egressd::scan {

struct Userinfo {
    std::string_view user;
    std::string_view password; // all of it where there is no ':', since it is a token then
};

/// What stands between "://" and '@'; nullopt where one of them is missing.
std::optional<Userinfo> userinfo_of(std::string_view url);

} // namespace egressd::scan
