#include "config/known_values.hpp"

#include "config/surroundings.hpp"
#include "scan/checks.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string_view>
#include <unistd.h>
#include <unordered_set>
#include <utility>

namespace egressd::config {
namespace {

/// This process's, by name.
std::map<std::string, std::string> environment() {
    std::map<std::string, std::string> variables;
    for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const std::size_t mark = text.find('=');
        if (mark != std::string_view::npos && mark > 0)
            variables.emplace(text.substr(0, mark), text.substr(mark + 1));
    }
    return variables;
}

/// Mixed as only a random text is; it is a secret also where its name says nothing.
bool is_random(std::string_view value) {
    constexpr std::size_t least = 16;
    constexpr double least_entropy = 3.5;
    std::size_t lower = 0, upper = 0, digits = 0;
    for (const char c : value) {
        lower += c >= 'a' && c <= 'z' ? 1 : 0;
        upper += c >= 'A' && c <= 'Z' ? 1 : 0;
        digits += c >= '0' && c <= '9' ? 1 : 0;
        if ((c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') &&
            std::string_view("+/=_-").find(c) == std::string_view::npos)
            return false;
    }
    return value.size() >= least && lower > 2 && upper > 2 && digits > 0 &&
           scan::entropy(value) >= least_entropy;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blank = " \t\r\n";
    const std::size_t first = text.find_first_not_of(blank);
    return first == std::string_view::npos ? std::string_view()
                                           : text.substr(first, text.find_last_not_of(blank) - first + 1);
}

class Gatherer {
public:
    explicit Gatherer(std::vector<std::string>& problems) : problems_(problems) {}

    std::vector<scan::KnownSecret> gather(const std::vector<KnownSource>& sources) {
        for (const KnownSource& source : sources) {
            source_ = &source;
            if (source.kind == KnownSource::file)
                read_file();
            else if (source.names.empty())
                take_by_looks();
            else
                for (const std::string& name : source.names)
                    take_variables(name);
        }
        return std::move(found_);
    }

private:
    void complain(const std::string& what) {
        problems_.push_back(source_->source.file.empty() ? what : source_->source.text() + ": " + what);
    }

    void add(const std::string& name, const std::string& value) {
        if (seen_.count(value) > 0)
            return;
        if (found_.size() < max_known_values) {
            seen_.insert(value);
            found_.push_back({name, value, false});
        } else if (!full_) {
            full_ = true;
            complain("there are more than " + std::to_string(max_known_values) +
                     " known values, and the rest is not looked for; name fewer variables and files in "
                     "secrets.known");
        }
    }

    /// What looks like a secret: the value, and the passwords of URLs in it.
    bool add_by_looks(const std::string& name, const std::string& value, bool whole) {
        bool added = whole && scan::is_worth_knowing(value);
        if (added)
            add(name, value);
        for (const std::string& password : scan::passwords_in(value)) {
            if (!scan::is_worth_knowing(password))
                continue;
            add(name + " (password)", password);
            added = true;
        }
        return added;
    }

    /// What the operator named itself is taken whatever it looks like.
    void add_named(const std::string& name, const std::string& what, const std::string& value) {
        if (value.size() < scan::min_known)
            return complain(what + " is not looked for: it is shorter than " +
                            std::to_string(scan::min_known) +
                            " bytes, and would be found by chance; use a longer secret, or take it out of "
                            "secrets.known");
        if (value.size() > scan::max_known)
            return complain(what + " is not looked for: it is longer than " +
                            std::to_string(scan::max_known) +
                            " bytes; name the secret alone, as a variable or a file of assignments");
        add(name, value);
        for (const std::string& password : scan::passwords_in(value))
            if (password.size() >= scan::min_known)
                add(name + " (password)", password);
    }

    void take_by_looks() {
        for (const auto& [name, value] : variables_)
            add_by_looks("env:" + name, value, scan::names_a_secret(name));
    }

    void take_variables(const std::string& name) {
        if (name.find('*') == std::string::npos) {
            const auto variable = variables_.find(name);
            if (variable == variables_.end())
                complain("egressd's environment has no variable " + name +
                         "; set it where egressd is started, or take it out of secrets.known");
            else
                add_named("env:" + name, "the value of " + name, variable->second);
            return;
        }
        bool any = false;
        for (const auto& [variable, value] : variables_)
            if (policy::glob_matches(name, variable))
                any = add_by_looks("env:" + variable, value, true) || any;
        if (!any)
            complain("no variable of egressd's environment that matches " + name +
                     " holds a secret; set one where egressd is started, or take it out of secrets.known");
    }

    void read_file() {
        const std::string& path = source_->path;
        Result<std::string> text = real_surroundings().read_file(path);
        if (!text)
            return complain("cannot read " + path + ": " + text.error().message +
                            "; let egressd's user read it, or take it out of secrets.known");
        if (text->size() > max_known_file_bytes)
            return complain(path + " is larger than 1 MiB; put its secrets into a file of their own");
        const std::string file = std::filesystem::path(path).filename().string();
        const auto assignments = scan::read_assignments(*text);
        if (assignments.empty())
            return add_named(file, "what " + path + " holds", std::string(trimmed(*text)));
        bool any = false;
        for (const auto& [name, value] : assignments) {
            const bool secret = scan::names_a_secret(name) || is_random(value);
            any = add_by_looks(file + ":" + name, value, secret) || any;
        }
        if (!any)
            complain("no value in " + path +
                     " looks like a secret; put each secret into a file of its own, or take it out of "
                     "secrets.known");
    }

    std::vector<std::string>& problems_;
    const std::map<std::string, std::string> variables_ = environment();
    const KnownSource* source_ = nullptr;
    std::vector<scan::KnownSecret> found_;
    std::unordered_set<std::string> seen_;
    bool full_ = false;
};

} // namespace

std::vector<KnownSource> default_known() {
    return {KnownSource{}};
}

std::vector<scan::KnownSecret> gather_known(const std::vector<KnownSource>& sources,
                                            std::vector<std::string>& problems) {
    return Gatherer(problems).gather(sources);
}

} // namespace egressd::config
