#include "scan/userinfo.hpp"

namespace egressd::scan {

std::optional<Userinfo> userinfo_of(std::string_view url) {
    constexpr std::string_view mark = "://";
    constexpr auto none = std::string_view::npos;
    const std::size_t scheme = url.find(mark);
    if (scheme == none) {
        return std::nullopt;
    }
    const std::string_view rest = url.substr(scheme + mark.size());
    // As a URL's parser reads it; else a password with a '/' in it.
    const std::size_t within = rest.substr(0, rest.find_first_of("/?#")).rfind('@');
    const std::size_t at = within != none ? within : rest.find('@');
    if (at == none) {
        return std::nullopt;
    }
    const std::string_view userinfo = rest.substr(0, at);
    const std::size_t colon = userinfo.find(':');
    if (colon == none) {
        return Userinfo{{}, userinfo};
    }
    return Userinfo{userinfo.substr(0, colon), userinfo.substr(colon + 1)};
}

} // namespace egressd::scan
