// Which values of an environment or a file are secrets? Judged by name and looks: a value that is no secret
// would have every innocent request refused that mentions it.
#include "scan/known.hpp"

#include "scan/checks.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace egressd::scan {
namespace {

/// In bits a byte; random hexadecimal of the least length has 2.9 on average, a text of few characters less.
constexpr double least_entropy = 2.5;

enum class Kind { lower, upper, digit, other };

Kind kind_of(char c) {
    if (c >= 'a' && c <= 'z')
        return Kind::lower;
    if (c >= 'A' && c <= 'Z')
        return Kind::upper;
    return c >= '0' && c <= '9' ? Kind::digit : Kind::other;
}

bool is_letter(char c) {
    return kind_of(c) == Kind::lower || kind_of(c) == Kind::upper;
}

char to_upper(char c) {
    return kind_of(c) == Kind::lower ? static_cast<char>(c - 'a' + 'A') : c;
}

template <std::size_t n>
bool is_one_of(std::string_view text, const std::array<std::string_view, n>& all) {
    return std::find(all.begin(), all.end(), text) != all.end();
}

template <std::size_t n>
bool begins_with_one_of(std::string_view text, const std::array<std::string_view, n>& all) {
    return std::any_of(all.begin(), all.end(), [&](std::string_view one) { return text.starts_with(one); });
}

/// The runs between characters of `separators`; empty ones are left out.
std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(separators), text.size());
        if (end > 0)
            parts.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

/// Letters that can be spoken: random ones have too few vowels, or too many other letters in a row.
bool is_word(std::string_view text) {
    constexpr std::size_t longest_run = 4;
    std::size_t vowels = 0;
    std::size_t run = 0;
    for (const char c : text) {
        if (!is_letter(c))
            return false;
        const bool vowel = std::string_view("AEIOUY").find(to_upper(c)) != std::string_view::npos;
        vowels += vowel ? 1 : 0;
        run = vowel ? 0 : run + 1;
        if (run > longest_run)
            return false;
    }
    return vowels * (text.size() > 12 ? 3 : 4) >= text.size();
}

/// One word or two, joined or not: "development", "us-east", "staging_database". Three are a passphrase.
bool is_plain_word(std::string_view value) {
    const std::vector<std::string_view> words = split(value, "-_. /:");
    return words.size() <= 2 && std::all_of(words.begin(), words.end(), is_word);
}

bool is_number(std::string_view value) {
    return value.find_first_not_of("0123456789.,:;+-_/ ()xTZ") == std::string_view::npos;
}

/// Random base64 changes between cases and digits at two characters of three and has all of them in a long
/// run; the name of a file seldom does.
bool is_file_name(std::string_view text) {
    constexpr std::size_t long_run = 16;
    std::size_t changes = 0;
    std::size_t run = 0;
    std::array<bool, 4> seen{};
    Kind before = Kind::other;
    for (const char c : text) {
        const Kind kind = kind_of(c);
        if (kind == Kind::other) {
            run = 0;
            seen = {};
        } else {
            ++run;
            seen[static_cast<std::size_t>(kind)] = true;
            changes += kind != before && before != Kind::other ? 1 : 0;
        }
        if (run >= long_run && seen[0] && seen[1] && seen[2])
            return false;
        before = kind;
    }
    return changes * 3 <= text.size() || text.size() < 4;
}

/// A random value may begin with '/' too: one base64 text of 64 does.
bool is_path(std::string_view value) {
    static constexpr std::array<std::string_view, 3> relative{"./", "../", "~/"};
    static constexpr std::array<std::string_view, 24> roots{
        "Volumes",   "app", "bin",  "boot", "data", "dev",  "etc", "home", "lib", "mnt", "nix", "private",
        "workspace", "opt", "proc", "root", "run",  "sbin", "srv", "sys",  "tmp", "usr", "var", "Users"};
    if (begins_with_one_of(value, relative) || value.substr(0, 3).ends_with(":\\"))
        return true;
    if (!value.starts_with('/'))
        return false;
    const std::vector<std::string_view> names = split(value, "/");
    return names.empty() || (names.size() > 1 && is_one_of(names[0], roots)) ||
           std::all_of(names.begin(), names.end(), is_file_name);
}

/// What stands for a value that is somewhere else: ${TOKEN}, $TOKEN, <your-token>, {{ token }}, %TOKEN%.
bool is_reference(std::string_view value) {
    if (value.starts_with("${") || value.starts_with("$("))
        return value.ends_with('}') || value.ends_with(')');
    if (value.starts_with('$'))
        return std::all_of(value.begin() + 1, value.end(),
                           [](char c) { return kind_of(c) == Kind::upper || c == '_'; });
    return (value.starts_with('<') && value.ends_with('>')) ||
           (value.starts_with("{{") && value.ends_with("}}")) ||
           (value.starts_with('%') && value.ends_with('%'));
}

/// "dbPassword", "aws_secret-key", "//registry/:_authToken" → upper-case words.
std::vector<std::string> words_of(std::string_view variable) {
    std::vector<std::string> words(1);
    Kind before = Kind::other;
    for (const char c : variable) {
        const Kind kind = kind_of(c);
        if ((kind == Kind::other || (kind == Kind::upper && before == Kind::lower)) && !words.back().empty())
            words.emplace_back();
        if (kind != Kind::other)
            words.back() += to_upper(c);
        before = kind;
    }
    if (words.back().empty())
        words.pop_back();
    return words;
}

int hex_value(char c) {
    switch (kind_of(c)) {
    case Kind::digit:
        return c - '0';
    case Kind::other:
        return -1;
    default:
        return to_upper(c) <= 'F' ? to_upper(c) - 'A' + 10 : -1;
    }
}

std::string percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
            hex_value(text[i + 2]) >= 0) {
            out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

/// The password of the userinfo that `rest`, what stands behind "://", begins with; empty where there is
/// none.
std::string_view password_at(std::string_view rest) {
    constexpr std::string_view outside = " \t\r\n\"'`<>";
    rest = rest.substr(0, rest.find_first_of(outside));
    const std::size_t colon = rest.find_first_of(":@/?#");
    if (colon == std::string_view::npos || rest[colon] != ':')
        return {};
    const std::string_view behind = rest.substr(colon + 1);
    std::size_t end = behind.substr(0, behind.find_first_of("/?#")).rfind('@');
    if (end != std::string_view::npos)
        return behind.substr(0, end);
    // People leave '/', '?' and '#' of a password as they are. Digits up to there are a port.
    const std::size_t digits = std::min(behind.find_first_not_of("0123456789"), behind.size());
    end = behind.find('@');
    if (end == std::string_view::npos || (digits < end && digits == behind.find_first_of("/?#")))
        return {};
    return behind.substr(0, end);
}

} // namespace

bool is_worth_knowing(std::string_view value) {
    if (value.size() < min_known || value.size() > max_known || entropy(value) < least_entropy)
        return false;
    if (value.find("://") != std::string_view::npos)
        return !passwords_in(value).empty();
    return !is_number(value) && !is_path(value) && !is_plain_word(value) && !is_reference(value);
}

bool names_a_secret(std::string_view variable) {
    // Endings first: TOKEN_URL, SECRET_NAME and KEY_ID tell where a secret is, or about it.
    static constexpr std::array<std::string_view, 44> about{
        "ALGORITHM", "ARN",     "BYTES",    "CACHE",    "CLASS",   "COUNT",   "DIR",      "DIRECTORY",
        "DISABLED",  "EMAIL",   "ENABLED",  "ENDPOINT", "EXPIRES", "EXPIRY",  "FILE",     "FORMAT",
        "HEADER",    "HELPER",  "HOST",     "ID",       "ISSUER",  "LENGTH",  "LIFETIME", "LIMIT",
        "LOCATION",  "MANAGER", "MODE",     "NAME",     "PATH",    "PORT",    "PREFIX",   "PROMPT",
        "PROVIDER",  "REGION",  "SIZE",     "SOCK",     "STORE",   "TIMEOUT", "TTL",      "TYPE",
        "URL",       "USER",    "USERNAME", "VERSION"};
    static constexpr std::array<std::string_view, 10> anywhere{
        "PASSWORD", "PASSWD", "PASSPHRASE", "PASSCODE",   "SECRET",
        "TOKEN",    "APIKEY", "ACCESSKEY",  "PRIVATEKEY", "CREDENTIAL"};
    static constexpr std::array<std::string_view, 3> whole{"SECRETS", "CREDENTIALS", "PASSWORDS"};
    static constexpr std::array<std::string_view, 15> last{"AUTH",   "BEARER", "COOKIE", "CRED", "CREDS",
                                                           "JWT",    "KEY",    "KEYS",   "PASS", "PAT",
                                                           "PEPPER", "PIN",    "PW",     "PWD",  "SALT"};
    // What an index has, and what images of languages set (the fingerprint of a public key).
    static constexpr std::array<std::string_view, 10> other_keys{
        "CACHE", "GPG", "FOREIGN", "HOST", "INDEX", "PARTITION", "PRIMARY", "SORT", "ROUTING", "GROUP"};
    const std::vector<std::string> words = words_of(variable);
    // The working directories are no passwords.
    if (words.empty() || is_one_of(words.back(), about) || variable == "PWD" || variable == "OLDPWD")
        return false;
    for (const std::string& word : words)
        if (word.starts_with("PUBLIC") || word.starts_with("PUBLISHABLE"))
            return false;
    for (const std::string& word : words) {
        const auto ends = [&](std::string_view one) { return word.ends_with(one); };
        if (is_one_of(word, whole) || std::any_of(anywhere.begin(), anywhere.end(), ends))
            return true;
    }
    if (words.back() == "KEY" && words.size() > 1 && is_one_of(words[words.size() - 2], other_keys))
        return false;
    return is_one_of(words.back(), last);
}

std::vector<std::string> passwords_in(std::string_view value) {
    std::vector<std::string> passwords;
    const auto add = [&](std::string password) {
        if (!password.empty() && std::find(passwords.begin(), passwords.end(), password) == passwords.end())
            passwords.push_back(std::move(password));
    };
    for (std::size_t at = 0; (at = value.find("://", at)) != std::string_view::npos;) {
        at += 3;
        const std::string_view password = password_at(value.substr(at));
        add(percent_decoded(password));
        add(std::string(password));
    }
    return passwords;
}

} // namespace egressd::scan
