#include "cli/shell.hpp"

#include "config/json.hpp"

#include <boost/json/object.hpp>

namespace egressd::cli {
namespace {

std::string fish_quoted(std::string_view value) {
    std::string result = "'";
    for (const char c : value) {
        if (c == '\'' || c == '\\')
            result += '\\';
        result += c;
    }
    return result + "'";
}

/// The last line must be one that the value does not have.
std::string github_block(const Variable& variable) {
    std::string delimiter = "EGRESSD_END";
    while (variable.value.find(delimiter) != std::string::npos)
        delimiter += '_';
    return variable.name + "<<" + delimiter + "\n" + variable.value + "\n" + delimiter + "\n";
}

std::string line(Shell shell, const Variable& variable) {
    switch (shell) {
    case Shell::fish:
        return "set -gx " + variable.name + " " + fish_quoted(variable.value) + "\n";
    case Shell::github:
        return variable.value.find('\n') == std::string::npos ? variable.name + "=" + variable.value + "\n"
                                                              : github_block(variable);
    case Shell::sh:
    case Shell::json:
        break;
    }
    return "export " + variable.name + "=" + single_quoted(variable.value, sh_quote) + "\n";
}

} // namespace

std::string single_quoted(std::string_view value, std::string_view quote_within) {
    std::string result = "'";
    for (const char c : value) {
        if (c == '\'')
            result += quote_within;
        else
            result += c;
    }
    return result + "'";
}

std::string comment_for_shell(Shell shell, std::string_view text) {
    return shell == Shell::sh || shell == Shell::fish ? "# " + std::string(text) + "\n" : std::string();
}

std::string for_shell(Shell shell, const std::vector<Variable>& variables) {
    if (shell == Shell::json) {
        boost::json::object object;
        for (const Variable& variable : variables)
            object[variable.name] = variable.value;
        return config::pretty(object);
    }
    std::string result;
    for (const Variable& variable : variables)
        result += line(shell, variable);
    return result;
}

} // namespace egressd::cli
