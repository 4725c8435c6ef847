#include "config/report.hpp"

#include "net/host.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace egressd::config {

std::string in_quotes(std::string_view text) {
    std::string result = "\"";
    result += net::sanitised(text);
    result += '"';
    return result;
}

std::string Diagnostic::text() const {
    std::string result = source.file;
    if (source.line > 0)
        result += ':' + std::to_string(source.line) + ':' + std::to_string(source.column);
    result += level == Level::error ? ": error: " : ": warning: ";
    result += message;
    return result;
}

void Report::add(Diagnostic::Level level, policy::Source source, std::string message) {
    std::size_t& count = level == Diagnostic::Level::error ? errors_ : warnings_;
    ++count;
    if (count <= max_findings_of_a_level)
        findings_.push_back({level, std::move(source), std::move(message)});
}

std::vector<Diagnostic> Report::sorted() const {
    std::map<std::string, std::size_t> files;
    for (const Diagnostic& finding : findings_)
        files.try_emplace(finding.source.file, files.size());
    std::vector<Diagnostic> result = findings_;
    std::stable_sort(result.begin(), result.end(), [&](const Diagnostic& a, const Diagnostic& b) {
        return std::make_tuple(files.at(a.source.file), a.source.line, a.source.column) <
               std::make_tuple(files.at(b.source.file), b.source.line, b.source.column);
    });
    const auto say_more = [&](Diagnostic::Level level, std::size_t count, const char* message) {
        if (count > max_findings_of_a_level)
            result.push_back({level, {result.front().source.file, 0, 0}, message});
    };
    say_more(Diagnostic::Level::error, errors_, "there are more errors, which are not shown");
    say_more(Diagnostic::Level::warning, warnings_, "there are more warnings, which are not shown");
    return result;
}

void FileReport::error(Position at, std::string message) const {
    report_.add(Diagnostic::Level::error, source(at), std::move(message));
}

void FileReport::warning(Position at, std::string message) const {
    report_.add(Diagnostic::Level::warning, source(at), std::move(message));
}

} // namespace egressd::config
