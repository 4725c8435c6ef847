// What is wrong with a configuration, and where? The one collector of findings: it bounds them, sorts them by
// position and knows nothing of what they are about.
#pragma once

#include "config/settings.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace egressd::config {

/// Enough to work on at once; a file with more errors than this is usually not a configuration at all.
inline constexpr std::size_t max_findings_of_a_level = 100;

/// A place in a file; 0 where a finding is about the file as a whole.
struct Position {
    int line = 0;
    int column = 0;
    friend auto operator<=>(const Position&, const Position&) = default;
};

/// Text of the operator's as messages quote it: in double quotes, printable, bounded.
std::string in_quotes(std::string_view text);

/// The findings of one load, over all of its files.
class Report {
public:
    void add(Diagnostic::Level level, policy::Source source, std::string message);
    bool failed() const { return errors_ > 0; }
    /// No further error will be shown, so looking for more is wasted work.
    bool is_full() const { return errors_ > max_findings_of_a_level; }
    /// By file in the order in which files were first named here, then by position.
    std::vector<Diagnostic> sorted() const;

private:
    std::vector<Diagnostic> findings_;
    std::size_t errors_ = 0;
    std::size_t warnings_ = 0;
};

/// A report with the name of the file that is being judged.
class FileReport {
public:
    FileReport(Report& report, std::string file) : report_(report), file_(std::move(file)) {}

    void error(Position at, std::string message) const;
    void warning(Position at, std::string message) const;
    policy::Source source(Position at) const { return {file_, at.line, at.column}; }
    const std::string& file() const { return file_; }
    Report& report() const { return report_; }

private:
    Report& report_;
    std::string file_;
};

} // namespace egressd::config
