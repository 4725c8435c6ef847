// What does the loader see besides the text it reads? Files and the environment, as functions, so that a test
// or a fuzzer supplies its own.
#pragma once

#include "net/result.hpp"

#include <functional>
#include <optional>
#include <string>

namespace egressd::config {

/// Far above any policy written by people (a quarter of a million entries), and what memory a hostile file
/// can take is bounded by it.
inline constexpr std::size_t max_file_bytes = 4 * 1024 * 1024;

struct Surroundings {
    /// The whole file, at most max_file_bytes; the error's message says why it cannot be had.
    std::function<Result<std::string>(const std::string& path)> read_file;
    std::function<std::optional<std::string>(const std::string& name)> variable;
    bool is_root = false;
};

/// This process's own.
Surroundings real_surroundings();

/// `path` as a file at `file` means it: relative to that file's directory, without "." and "..".
std::string beside(const std::string& file, const std::string& path);

} // namespace egressd::config
