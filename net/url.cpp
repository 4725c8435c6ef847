#include "net/url.hpp"

#include <algorithm>

namespace egressd::net {
namespace {

constexpr std::size_t max_query_names = 256; // a log line is for reading; the rest of a query adds nothing

/// RFC 3986 2: unreserved, reserved and '%'.
bool is_uri_character(char c) {
    const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return alphanumeric ||
           (c != '\0' && std::string_view("-._~:/?#[]@!$&'()*+,;=%").find(c) != std::string_view::npos);
}

/// ASCII only, whatever the locale.
std::string lower_case(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return lower;
}

} // namespace

Result<Url> parse_absolute(std::string_view target) {
    if (!std::all_of(target.begin(), target.end(), is_uri_character))
        return Error{Side::client, "the target has a byte that a URI cannot have (RFC 3986 2)"};
    if (target.find('#') != std::string_view::npos)
        return Error{Side::client, "the target has a fragment"};
    const std::size_t colon = target.find("://");
    if (colon == std::string_view::npos)
        return Error{Side::client, "the target is not an absolute URI"};
    Url url;
    url.scheme = lower_case(target.substr(0, colon));
    if (url.scheme != "http" && url.scheme != "https")
        return Error{Side::client, "the scheme is neither http nor https"};
    target.remove_prefix(colon + 3);

    const std::size_t authority_end = std::min(target.find_first_of("/?"), target.size());
    const std::uint16_t default_port = url.scheme == "https" ? 443 : 80;
    Result<Authority> authority = parse_authority(target.substr(0, authority_end), default_port);
    if (!authority)
        return authority.error();
    url.authority = *std::move(authority);
    target.remove_prefix(authority_end);

    const std::size_t question = target.find('?');
    url.path = target.substr(0, question);
    if (url.path.empty())
        url.path = "/";
    if (question != std::string_view::npos) {
        url.has_query = true;
        url.query = target.substr(question + 1);
    }
    return url;
}

std::string query_names(std::string_view query) {
    std::string names;
    while (!query.empty() && names.size() < max_query_names) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view part = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const std::size_t equals = part.find('=');
        if (equals == std::string_view::npos || equals == 0)
            continue;
        if (!names.empty())
            names += ',';
        names += sanitised(part.substr(0, equals), max_query_names);
    }
    names.resize(std::min(names.size(), max_query_names));
    return names;
}

} // namespace egressd::net
