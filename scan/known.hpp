// Which values must never leave, because the operator has them? Found as they are and in every encoded form
// that holds them inside other text, without decoding. The values live in memory only.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace egressd::scan {

struct KnownSecret {
    std::string name;  // where it comes from, for people: "env:GITHUB_TOKEN", ".env:DB_PASSWORD"
    std::string value; // never printed
    bool canary = false;
};

/// The least and most bytes of a value that is taken.
inline constexpr std::size_t min_known = 12;
inline constexpr std::size_t max_known = 4096;

/// True for a value that is worth watching: long enough, and no number, path, plain word, URL without a
/// password, or text of low entropy.
bool is_worth_knowing(std::string_view value);

/// True for the name of a variable that holds a secret by its looks: *_TOKEN, *PASSWORD*,
/// AWS_SECRET_ACCESS_KEY …
bool names_a_secret(std::string_view variable);

/// (name, value) of each line of a .env file, an INI file (~/.aws/credentials), ~/.npmrc, ~/.netrc; values
/// unquoted. Lines that are none of these are passed over.
std::vector<std::pair<std::string, std::string>> read_assignments(std::string_view text);

/// The password alone of each URL with userinfo in `value`, percent-decoded and as it stands: what a
/// connection string hides. Empty where there is none.
std::vector<std::string> passwords_in(std::string_view value);

/// The literals by which `value` is found: the name of the form ("base64", "hex", "" for the value itself)
/// and its bytes. Base64 and base64url at three alignments and base32 at five hold only what does not depend
/// on the neighbours. At most 64 forms, none shorter than 8 bytes, none twice, none that begins with NUL.
struct Form {
    std::string encoding;
    std::string bytes;
};
std::vector<Form> forms_of(std::string_view value);

} // namespace egressd::scan
