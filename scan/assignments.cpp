// What is assigned in a file of settings? One reader for the few formats in which people keep secrets; it
// knows no more of each than where a line's name ends and its value begins, and gives up on nothing.
#include "scan/known.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace egressd::scan {
namespace {

constexpr std::string_view blank = " \t\r";
constexpr std::string_view pem_begin = "-----BEGIN ";

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(blank);
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

bool is_name(std::string_view text) {
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    if (text.empty() || text.substr(0, 1).find_first_of(letters) == std::string_view::npos)
        return false;
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return letters.find(c) != std::string_view::npos || (c >= '0' && c <= '9') || c == '.' || c == '-';
    });
}

/// The name in what stands before '=' or ':': behind `export`, behind a list's '-', and of npm's
/// "//registry/:_authToken" what is behind the last ':'. Empty where there is none.
std::string_view name_in(std::string_view text) {
    text = trimmed(text);
    for (const std::string_view word : {"export ", "set ", "- "})
        if (text.starts_with(word))
            text = trimmed(text.substr(word.size()));
    if (text.starts_with("//"))
        text.remove_prefix(text.rfind(':') + 1); // npos + 1 is none of it
    if (text.size() > 2 && text.front() == '"' && text.back() == '"')
        text = text.substr(1, text.size() - 2);
    return is_name(text) ? text : std::string_view();
}

class Reader {
public:
    explicit Reader(std::string_view text) : rest_(text) {}

    std::vector<std::pair<std::string, std::string>> read() {
        while (!rest_.empty()) {
            const std::string_view line = trimmed(rest_.substr(0, rest_.find('\n')));
            const bool beside =
                line.empty() || line.front() == '#' || line.front() == ';' || line.front() == '[';
            if (beside || (!read_assignment() && !read_netrc(line)))
                skip_line();
        }
        return std::move(found_);
    }

private:
    void skip_line() { rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size() - 1) + 1); }

    /// NAME=VALUE, name = value, name: value. The rest begins behind it if it is one.
    bool read_assignment() {
        const std::string_view line = rest_.substr(0, rest_.find('\n'));
        std::size_t mark = line.find('=');
        std::string_view name = name_in(line.substr(0, mark));
        if (mark == std::string_view::npos || name.empty()) {
            mark = line.find(": ");
            name = name_in(line.substr(0, mark));
        }
        if (mark == std::string_view::npos || name.empty())
            return false;
        std::size_t start = line.find_first_not_of(blank, mark + 1);
        if (start == std::string_view::npos)
            return false;
        std::string value;
        if (line[start] == '"' || line[start] == '\'')
            start = quoted(start, value);
        else
            value = unquoted(line.substr(start));
        // The padding of base64 is no value.
        if (value.find_first_not_of('=') != std::string::npos)
            found_.emplace_back(name, std::move(value));
        rest_.remove_prefix(std::min(start, rest_.size()));
        skip_line_if_any();
        return true;
    }

    void skip_line_if_any() {
        if (!rest_.empty())
            skip_line();
    }

    /// The value in quotes at `start`; returns where it ends. One that is not closed on its line is the rest
    /// of it, but for PEM, which people put between quotes as it is.
    std::size_t quoted(std::size_t start, std::string& value) const {
        const char quote = rest_[start];
        const std::string_view line = rest_.substr(0, rest_.find('\n'));
        const bool pem = rest_.substr(start + 1).starts_with(pem_begin);
        const std::string_view text = pem ? rest_ : line;
        std::size_t at = start + 1;
        for (; at < text.size() && text[at] != quote; ++at) {
            if (quote == '"' && text[at] == '\\' && at + 1 < text.size())
                value += unescaped(text[++at]);
            else
                value += text[at];
        }
        if (at < text.size())
            return at;
        value = trimmed(line.substr(start));
        return start;
    }

    static std::string unescaped(char c) {
        constexpr std::string_view letters = "nrt\"\\$`/";
        constexpr std::string_view meaning = "\n\r\t\"\\$`/";
        const std::size_t at = letters.find(c);
        return at == std::string_view::npos ? std::string{'\\', c} : std::string(1, meaning[at]);
    }

    /// A comment begins behind a blank; '#' inside a word is part of it.
    static std::string unquoted(std::string_view text) {
        const std::size_t comment = std::min(text.find(" #"), text.find("\t#"));
        return std::string(trimmed(text.substr(0, comment)));
    }

    /// machine NAME login NAME password VALUE, on one line or several.
    bool read_netrc(std::string_view line) {
        static constexpr std::array<std::string_view, 5> keywords{"machine", "default", "login", "password",
                                                                  "account"};
        std::vector<std::string_view> words;
        for (std::size_t at = 0; (at = line.find_first_not_of(blank, at)) != std::string_view::npos;) {
            const std::size_t end = std::min(line.find_first_of(blank, at), line.size());
            words.push_back(line.substr(at, end - at));
            at = end;
        }
        if (std::find(keywords.begin(), keywords.end(), words.front()) == keywords.end())
            return false;
        for (std::size_t i = words[0] == "default" ? 1 : 0; i + 1 < words.size(); i += 2)
            if (words[i] == "password")
                found_.emplace_back(words[i], words[i + 1]);
        skip_line();
        return true;
    }

    std::string_view rest_;
    std::vector<std::pair<std::string, std::string>> found_;
};

} // namespace

std::vector<std::pair<std::string, std::string>> read_assignments(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF"))
        text.remove_prefix(3);
    // The headers of PEM look like assignments.
    if (text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size())).starts_with(pem_begin))
        return {};
    return Reader(text).read();
}

} // namespace egressd::scan
