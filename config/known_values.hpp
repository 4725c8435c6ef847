// Which values does the operator have that must never leave? Read from the environment and from files when
// egressd starts or reloads; what is a secret among them is judged in scan/. No problem text repeats a value.
#pragma once

#include "policy/rule.hpp"
#include "scan/known.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace egressd::config {

/// Each value is some sixty literals; the scan is measured with as many.
inline constexpr std::size_t max_known_values = 500;
inline constexpr std::size_t max_known_file_bytes = 1024 * 1024;

/// One entry of `secrets.known`.
struct KnownSource {
    enum Kind { env, file };
    Kind kind = env;
    /// Of variables of egressd's own environment: exact, or globs in which '*' is any run of characters.
    /// None: those whose name and value look like a secret.
    std::vector<std::string> names;
    std::string path; // of a file: assignments, or else one value
    policy::Source source;
};

/// What is taken when the policy does not say.
std::vector<KnownSource> default_known();

/// The values, each once, at most max_known_values; in `problems` what could not be had, and what to do.
std::vector<scan::KnownSecret> gather_known(const std::vector<KnownSource>& sources,
                                            std::vector<std::string>& problems);

} // namespace egressd::config
