// Formats that are JSON in base64. A rule matches the beginning of a long token, so the JSON may be cut
// anywhere: it is judged by how it begins and by a key that stands near there, not by a parser.
#include "scan/check_functions.hpp"
#include "scan/checks.hpp"
#include "scan/text_codec.hpp"

#include <algorithm>
#include <initializer_list>
#include <string>

namespace egressd::scan::checks {

namespace {

std::string_view without_space(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

/// '{', a key of printable characters, ':'.
bool begins_object(std::string_view json) {
    json = without_space(json);
    if (!json.starts_with('{')) {
        return false;
    }
    json = without_space(json.substr(1));
    if (!json.starts_with('"')) {
        return false;
    }
    const std::size_t end = json.find('"', 1);
    return end != std::string_view::npos && end > 1 && without_space(json.substr(end + 1)).starts_with(':') &&
           std::all_of(json.begin(), json.begin() + static_cast<std::ptrdiff_t>(end),
                       [](char c) { return c >= ' ' && c <= '~'; });
}

bool has_key(std::string_view json, std::string_view key) {
    const std::string quoted = '"' + std::string(key) + '"';
    const std::size_t at = json.find(quoted);
    return at != std::string_view::npos && without_space(json.substr(at + quoted.size())).starts_with(':');
}

/// The base64 holds (the beginning of) an object with one of the keys.
bool is_object_with(std::string_view base64, std::initializer_list<std::string_view> keys) {
    const std::optional<std::string> json = decode_base64(base64);
    return json && begins_object(*json) &&
           std::any_of(keys.begin(), keys.end(),
                       [&json](std::string_view key) { return has_key(*json, key); });
}

std::string_view after(std::string_view token, std::string_view prefix) {
    return token.starts_with(prefix) ? token.substr(prefix.size()) : std::string_view();
}

/// The payloads of the tokens with which jwt.io and the libraries' manuals begin.
bool is_documented(std::string_view payload) {
    const std::optional<std::string> json = decode_base64(payload.substr(0, payload.find('.')));
    const auto holds = [&](std::string_view text) { return json->find(text) != std::string::npos; };
    return json && (holds(R"("sub":"1234567890")") || holds(R"("name":"John Doe")") ||
                    holds(R"("some":"payload")") || holds(R"("foo":"bar")"));
}

} // namespace

bool jwt(std::string_view token) {
    const std::size_t dot = token.find('.');
    if (dot == std::string_view::npos) {
        return is_object_with(token, {"alg", "typ"});
    }
    return is_object_with(token.substr(0, dot), {"alg"}) && !is_documented(token.substr(dot + 1));
}

bool sentry(std::string_view token) {
    constexpr std::size_t least = 8; // a cut one shows no more
    const std::string_view rest = after(token, "sntrys_");
    const std::size_t end = std::min(rest.find('_'), rest.size());
    const std::string_view secret = rest.substr(end);
    return is_object_with(rest.substr(0, end), {"iat", "url", "org"}) &&
           (secret.size() < least || !is_placeholder(secret));
}

bool grafana_cloud(std::string_view token) {
    return is_object_with(after(token, "glc_"), {"o", "n", "k"});
}

bool grafana_legacy(std::string_view token) {
    return is_object_with(token, {"k"});
}

bool onepassword(std::string_view token) {
    return is_object_with(after(token, "ops_"), {"signInAddress", "userAuth", "email", "muk", "secretKey",
                                                 "srpX", "throttleSecret", "deviceUuid"});
}

bool base64_json(std::string_view token) {
    const std::optional<std::string> json = decode_base64(token);
    return json && begins_object(*json);
}

} // namespace egressd::scan::checks
