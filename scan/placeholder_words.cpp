#include "scan/placeholder_words.hpp"

#include "scan/text_codec.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <string>
#include <vector>

namespace egressd::scan {

namespace {

// The lists are sized by chance. A given place of a random text of letters and digits spells a word of n
// letters, in whatever case, with a probability of 31^-n (26^-n where all are lower case). So seven letters
// may stand anywhere; six must be of one case; fewer must stand between separators, of which base64url has
// two in 64.

constexpr std::string_view anywhere[] = {
    "example",      "placeholder", "redacted",    "changeme",    "changethis",   "replaceme",
    "replacethis",  "replacewith", "yourapi",     "yourkey",     "yourtoken",    "yoursecret",
    "yourpassword", "youraccess",  "yourclient",  "yourprivate", "yourpersonal", "youraccount",
    "yourproject",  "apikeyhere",  "keyhere",     "tokenhere",   "secrethere",   "passwordhere",
    "goeshere",     "insertyour",  "inserthere",  "enteryour",   "notarealkey",  "notarealtoken",
    "notasecret",   "fakekey",     "faketoken",   "fakesecret",  "fakepassword", "dummykey",
    "dummytoken",   "dummysecret", "mysecretkey", "qwertyuiop",  "asdfghjkl",    "deadbeef",
    "cafebabe",     "badc0ffee",   "loremipsum",  "helloworld",  "processenv",   "osenviron",
    "undefined",
};

constexpr std::string_view anywhere_in_one_case[] = {"sample", "foobar", "qwerty", "asdfgh"};

constexpr std::string_view between_separators[] = {"fake",   "your",    "dummy", "mock",
                                                   "insert", "replace", "todo"};

/// What texts that consist of words alone consist of.
constexpr std::string_view vocabulary[] = {
    "a",         "abc",       "access",     "account",  "actual",   "add",     "admin",       "an",
    "anthropic", "api",       "app",        "auth",     "aws",      "azure",   "bar",         "baz",
    "bearer",    "change",    "client",     "convert",  "correct",  "cred",    "credential",  "credentials",
    "data",      "database",  "db",         "default",  "demo",     "dev",     "development", "doe",
    "dummy",     "empty",     "encryption", "enter",    "env",      "example", "fake",        "foo",
    "for",       "from",      "generated",  "get",      "github",   "gitlab",  "goes",        "google",
    "guest",     "hello",     "here",       "hidden",   "id",       "in",      "insert",      "instance",
    "invalid",   "is",        "it",         "jane",     "john",     "jwt",     "key",         "letmein",
    "local",     "localhost", "login",      "long",     "master",   "me",      "mock",        "mongo",
    "mongodb",   "my",        "mysql",      "name",     "new",      "none",    "not",         "null",
    "oauth",     "of",        "old",        "open",     "openai",   "or",      "pass",        "passphrase",
    "passw0rd",  "passwd",    "password",   "personal", "pg",       "please",  "postgres",    "postgresql",
    "private",   "prod",      "production", "project",  "projects", "public",  "put",         "pw",
    "pwd",       "qwerty",    "rabbitmq",   "random",   "real",     "redis",   "refresh",     "replace",
    "root",      "sample",    "sandbox",    "secret",   "secrets",  "secure",  "server",      "service",
    "sesame",    "session",   "shared",     "signing",  "slack",    "some",    "something",   "staging",
    "string",    "stripe",    "strong",     "subject",  "super",    "test",    "testing",     "the",
    "this",      "to",        "token",      "top",      "use",      "user",    "username",    "valid",
    "value",     "version",   "versions",   "very",     "webhook",  "welcome", "with",        "world",
    "xxx",       "you",       "your",
};

/// The words of a list by their first letter: at each place of a text only few are tried.
class Index {
public:
    template <std::size_t size>
    explicit Index(const std::string_view (&words)[size]) {
        for (const std::string_view word : words) {
            by_letter_[static_cast<std::size_t>(word.front() - 'a')].push_back(word);
        }
    }

    /// Calls `use` with each word that the lower-cased text has at that place, until it returns true.
    template <class Use>
    bool any_at(std::string_view text, std::size_t at, Use use) const {
        if (at >= text.size() || !is_lower(text[at])) {
            return false;
        }
        const auto& words = by_letter_[static_cast<std::size_t>(text[at] - 'a')];
        return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
            return text.compare(at, word.size(), word) == 0 && use(word);
        });
    }

    template <class Use>
    bool any_in(std::string_view text, Use use) const {
        for (std::size_t at = 0; at < text.size(); ++at) {
            if (any_at(text, at, [&](std::string_view word) { return use(at, word); })) {
                return true;
            }
        }
        return false;
    }

private:
    std::array<std::vector<std::string_view>, 26> by_letter_;
};

std::string lower(std::string_view text) {
    std::string all(text);
    std::transform(all.begin(), all.end(), all.begin(), to_lower);
    return all;
}

bool is_separator(char c) {
    return c == '-' || c == '_' || c == '.' || c == ' ';
}

std::string without_separators(std::string_view text) {
    std::string rest(text);
    std::erase_if(rest, is_separator);
    return rest;
}

/// "sample", "SAMPLE" or "Sample".
bool is_in_one_case(std::string_view word) {
    const std::string_view tail = word.substr(1);
    return std::all_of(tail.begin(), tail.end(), is_lower) || std::all_of(word.begin(), word.end(), is_upper);
}

/// What stands there lies between what is no letter or digit.
bool stands_alone(std::string_view text, std::size_t at, std::string_view word) {
    const std::size_t end = at + word.size();
    return (at == 0 || !is_alnum(text[at - 1])) && (end == text.size() || !is_alnum(text[end]));
}

/// The longest piece that is looked at word by word; no joined words of a document are longer.
constexpr std::size_t max_piece = 64;
constexpr std::size_t max_number = 4; // of the digits behind words

/// The lower-cased piece of letters and digits is words and at most four digits.
bool is_words(std::string_view piece) {
    static const Index words(vocabulary);
    std::size_t number = 0;
    while (number < piece.size() && is_digit(piece[piece.size() - 1 - number])) {
        ++number;
    }
    if (piece.size() > max_piece || number > max_number || number == piece.size()) {
        return false;
    }
    std::bitset<max_piece + 1> reached; // where a word may begin
    reached.set(0);
    const std::size_t end = piece.size() - number;
    for (std::size_t at = 0; at < end; ++at) {
        if (reached[at]) {
            words.any_at(piece, at, [&reached, at](std::string_view word) {
                reached.set(at + word.size());
                return false;
            });
        }
    }
    return reached[end] || reached[piece.size()]; // the digits may belong to a word
}

} // namespace

bool has_telling_word(std::string_view text) {
    static const Index long_words(anywhere);
    static const Index cased_words(anywhere_in_one_case);
    static const Index short_words(between_separators);
    const std::string joined = without_separators(text);
    const std::string joined_lower = lower(joined);
    const auto always = [](std::size_t, std::string_view) { return true; };
    const auto cased = [&joined](std::size_t at, std::string_view word) {
        return is_in_one_case(std::string_view(joined).substr(at, word.size()));
    };
    const auto alone = [text](std::size_t at, std::string_view word) {
        return stands_alone(text, at, word) && is_in_one_case(text.substr(at, word.size()));
    };
    return long_words.any_in(joined_lower, always) || cased_words.any_in(joined_lower, cased) ||
           short_words.any_in(lower(text), alone);
}

bool is_made_of_words(std::string_view text) {
    const std::string text_lower = lower(text);
    std::string_view rest = text_lower;
    std::size_t all = 0;
    std::size_t words = 0;
    while (!rest.empty()) {
        const auto* const end = std::find_if_not(rest.begin(), rest.end(), is_alnum);
        const std::string_view piece = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
        const bool separated = end == rest.end() || is_separator(*end);
        const bool number = piece.size() <= max_number && std::all_of(piece.begin(), piece.end(), is_digit);
        all += (number ? 0 : piece.size()) + (separated ? 0 : 1);
        words += is_words(piece) ? piece.size() : 0;
        rest.remove_prefix(std::min(piece.size() + 1, rest.size()));
    }
    // The rest is a format's prefix ("sk", "ghp"). The fixed words of real formats are a smaller part.
    return words >= 4 && words * 4 >= all * 3;
}

} // namespace egressd::scan
