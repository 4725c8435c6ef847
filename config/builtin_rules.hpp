// The rule files that are part of the program: scan/rules/*.yaml as they were when it was built.
// cmake/rules.cmake makes the other half of this header.
#pragma once

#include <span>
#include <string_view>

namespace egressd::config {

struct BuiltinFile {
    std::string_view name; // "scan/rules/github.yaml"
    std::string_view text;
};

/// Sorted by name.
std::span<const BuiltinFile> builtin_files();

} // namespace egressd::config
