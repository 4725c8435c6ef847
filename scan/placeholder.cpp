// Is this what stands in a secret's place? Two errors cost: to call a real token a placeholder lets it out,
// to call a documented example a secret stops work. So each mark is one that a random token of its alphabet
// and length shows less than a few times in a million (tests/unit/scan/placeholder_test.cpp counts).
#include "scan/checks.hpp"
#include "scan/monotony.hpp"
#include "scan/placeholder_words.hpp"
#include "scan/rule.hpp"
#include "scan/text_codec.hpp"
#include "scan/userinfo.hpp"

#include <algorithm>
#include <string_view>

namespace egressd::scan {

namespace {

constexpr auto npos = std::string_view::npos;

/// Where a URL holds its secret: the password, or else whatever follows the host.
std::string_view secret_part(std::string_view text) {
    if (const std::optional<Userinfo> login = userinfo_of(text)) {
        return login->password;
    }
    const std::size_t scheme = text.find("://");
    const std::size_t path = scheme == npos ? npos : text.find('/', scheme + 3);
    return path == npos ? text : text.substr(path);
}

template <class Belongs>
bool all(std::string_view text, Belongs belongs) {
    return std::all_of(text.begin(), text.end(), belongs);
}

bool is_wordlike(char c) {
    return is_alnum(c) || c == ' ' || c == '-' || c == '_' || c == '.';
}

/// What a template language's variable is called: in one case, and no digit first.
bool is_variable(std::string_view name, std::size_t least) {
    const auto is_name = [name](bool (*letter)(char)) {
        return all(
            name, [letter](char c) { return letter(c) || (is_wordlike(c) && !is_lower(c) && !is_upper(c)); });
    };
    return name.size() >= least && !is_digit(name.front()) &&
           std::any_of(name.begin(), name.end(), is_alnum) && (is_name(is_lower) || is_name(is_upper));
}

/// What stands in the first pair of these marks, or nothing.
std::string_view between(std::string_view text, std::string_view open, std::string_view close) {
    const std::size_t start = text.find(open);
    const std::size_t end = start == npos ? npos : text.find(close, start + open.size());
    return end == npos ? std::string_view() : text.substr(start + open.size(), end - start - open.size());
}

/// ${TOKEN} and its like, anywhere.
bool holds_variable(std::string_view text) {
    constexpr std::size_t least = 4;
    const std::string_view handlebars = between(text, "{{", "}}");
    return is_variable(between(text, "${", "}"), least) || is_variable(between(text, "#{", "}"), least) ||
           (!handlebars.empty() && all(handlebars, is_wordlike));
}

/// <your token>, [TOKEN], {token}, ${KEY}, %TOKEN%, $TOKEN
bool is_variable_alone(std::string_view text) {
    constexpr std::size_t least = 2;
    const char first = text.front();
    const char last = text.back();
    const std::string_view inner = text.substr(1, text.size() - 2);
    if (first == '<' && last == '>') {
        return is_variable(inner, least) ||
               all(inner, [](char c) { return is_wordlike(c) && !is_digit(c); }); // <YourToken>
    }
    if ((first == '[' && last == ']') || (first == '{' && last == '}') || (first == '%' && last == '%')) {
        return is_variable(inner, least);
    }
    if (text.starts_with("${") && last == '}') {
        return is_variable(inner.substr(1), least);
    }
    return first == '$' && is_variable(text.substr(1), least);
}

bool is_masked(std::string_view text) {
    return text.find("****") != npos || text.ends_with("...") || text.find("\u2026") != npos ||
           text.find("\u2022\u2022\u2022") != npos; // an ellipsis, and the bullets of password fields
}

} // namespace

bool is_placeholder(std::string_view secret) {
    constexpr std::size_t least = 4; // nothing shorter keeps anything
    const std::string_view text = secret_part(secret).substr(0, max_match);
    return text.size() < least || is_variable_alone(text) || holds_variable(text) || is_masked(text) ||
           has_telling_word(text) || is_made_of_words(text) || is_monotonous(text);
}

} // namespace egressd::scan
