// What does a request target ask for? Absolute-form targets (RFC 9112 3.2.2) taken apart, and paths brought
// to the one form in which they are judged *and* forwarded, so that an origin never sees another path than
// the rule did.
#pragma once

#include "net/host.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace egressd::net {

struct Url {
    std::string scheme; // "http" or "https", lower case
    Authority authority;
    std::string path;  // as sent, "/" when it was empty
    std::string query; // without '?'
    bool has_query = false;
};

/// scheme://authority/path?query. Refuses userinfo, a fragment, schemes other than http and https, and any
/// byte that RFC 3986 does not allow in a URI.
Result<Url> parse_absolute(std::string_view target);

/// The canonical path: dot segments removed (also written %2e), unreserved characters decoded, other escapes
/// in upper case hex, kept escaped. Refused (RFC 3986 3.3, and because origins disagree on them): bytes that
/// a path cannot have, control characters and NUL also when escaped, '\\' and %5C, a bad escape, overlong or
/// otherwise invalid UTF-8 in escapes, a path that climbs above its root, doubly escaped dots, slashes and
/// backslashes ("%252e"), and a path of which some reading (path_readings) has a dot segment ("..%2f",
/// "/..;/"). A single escaped slash inside a segment ("/@scope%2fname") stays escaped: it is data of that
/// segment.
Result<std::string> canonical_path(std::string_view path);

/// Every path that some origin could take the canonical path for: as it is (always the first), with %2F as
/// '/', with
/// ";params" cut from each segment, with empty segments ("//") folded, with escaped reserved characters
/// decoded ("%40" as '@'), with all from an escaped '?' or '#' cut, and all mixtures of these. A rule with
/// `paths` lets a request through only when all readings pass. Bounded: canonical_path refuses a path that
/// has more readings.
std::vector<std::string> path_readings(std::string_view canonical);

/// The names of a query's parameters, sanitised and joined with ','; what the log keeps of a query. Bounded
/// at 256 bytes. A part without '=' may as well be a value, and is left out.
std::string query_names(std::string_view query);

} // namespace egressd::net
