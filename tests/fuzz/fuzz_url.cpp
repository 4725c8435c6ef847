// Does any target or path make the parsers crash, or yield a path that an origin could take for another? The
// canonical form must be stable, no reading of it may hold a dot segment, and globs must agree with a slow
// and obvious matcher.
#include "net/url.hpp"
#include "policy/rule.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace egressd;

void demand(bool holds) {
    if (!holds)
        std::abort();
}

void check_reading(std::string_view path) {
    demand(path.starts_with('/'));
    while (!path.empty()) {
        path.remove_prefix(1);
        const std::size_t end = std::min(path.find('/'), path.size());
        demand(path.substr(0, end) != "." && path.substr(0, end) != "..");
        path.remove_prefix(end);
    }
}

void check_path(const std::string& canonical) {
    const Result<std::string> again = net::canonical_path(canonical);
    demand(again && *again == canonical);
    demand(canonical.find_first_of("\\?# ") == std::string::npos);
    for (const char c : canonical)
        demand(c > ' ' && c <= '~');
    const std::vector<std::string> readings = net::path_readings(canonical);
    demand(readings.size() < 64 && readings.front() == canonical);
    for (const std::string& reading : readings)
        check_reading(reading);
    demand(policy::glob_matches("/**", canonical));
    demand(policy::glob_matches(canonical, canonical)); // a '*' of the path is a glob that matches it
}

bool matches_slowly(std::string_view glob, std::string_view path) {
    if (glob.empty())
        return path.empty();
    if (glob.front() != '*')
        return !path.empty() && path.front() == glob.front() &&
               matches_slowly(glob.substr(1), path.substr(1));
    const bool twice = glob.starts_with("**");
    if (matches_slowly(glob.substr(twice ? 2 : 1), path))
        return true;
    return !path.empty() && (twice || path.front() != '/') && matches_slowly(glob, path.substr(1));
}

/// The first half as a glob, the second as a path.
void check_glob(const std::string& text) {
    constexpr std::size_t longest = 24; // the slow matcher is exponential
    if (text.size() > longest)
        return;
    const std::string glob = '/' + text.substr(0, text.size() / 2);
    const std::string path = '/' + text.substr(text.size() / 2);
    demand(policy::glob_matches(glob, path) == matches_slowly(glob, path));
}

void check_url(const net::Url& url) {
    demand(url.scheme == "http" || url.scheme == "https");
    demand(url.authority.port != 0 && !url.authority.host.text().empty());
    demand(url.path.starts_with('/') && url.path.find('?') == std::string::npos);
    const std::string rebuilt =
        url.scheme + "://" + url.authority.text() + url.path + (url.has_query ? "?" + url.query : "");
    const Result<net::Url> again = net::parse_absolute(rebuilt);
    demand(again && again->authority == url.authority && again->path == url.path &&
           again->query == url.query);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    if (const auto url = net::parse_absolute(text))
        check_url(*url);
    if (const auto path = net::canonical_path(text))
        check_path(*path);
    if (const auto path = net::canonical_path('/' + text))
        check_path(*path);
    check_glob(text);
    demand(net::query_names(text).size() <= 256);
    return 0;
}
