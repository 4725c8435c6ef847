// How are environment variables handed to a shell? As text that the shell reads back as exactly these bytes,
// whatever a value holds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace egressd::cli {

struct Variable {
    std::string name;
    std::string value;

    friend bool operator==(const Variable&, const Variable&) = default;
};

enum class Shell {
    sh,    // POSIX: export NAME='value'
    fish,  // set -gx NAME 'value'
    json,  // one object
    github // the format of the file $GITHUB_ENV
};

std::string for_shell(Shell shell, const std::vector<Variable>& variables);
/// A line that the shell passes over; empty where there is no way to write one.
std::string comment_for_shell(Shell shell, std::string_view text);

/// How a single quote stands within a single-quoted word of a POSIX shell.
inline constexpr std::string_view sh_quote = "'\\''";

/// One word for a POSIX shell, and for the JVM's reading of JAVA_TOOL_OPTIONS, which joins quoted pieces
/// alike.
std::string single_quoted(std::string_view value, std::string_view quote_within);

} // namespace egressd::cli
