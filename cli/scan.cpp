#include "cli/scan.hpp"

#include "cli/commands.hpp"
#include "cli/findings.hpp"
#include "cli/process.hpp"
#include "config/engine_files.hpp"
#include "config/json.hpp"
#include "config/loader.hpp"
#include "config/report.hpp"
#include "config/scan_rules.hpp"
#include "config/state.hpp"
#include "config/watched.hpp"
#include "net/host.hpp"
#include "scan/scanner.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace egressd::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t piece_size = 256 * 1024;
constexpr std::size_t max_shown_name = 1000;
/// Whoever waits longer wants to see that something happens.
constexpr std::chrono::seconds patience{2};
constexpr std::chrono::milliseconds progress_interval{250};

/// What is looked for, and where the engine is kept.
struct Wanted {
    std::string state; // "": nowhere
    std::vector<scan::Rule> rules;
    std::vector<scan::KnownSecret> known;
};

/// As the daemon would look with this configuration.
std::optional<Wanted> of_config(const std::string& file, std::ostream& err) {
    const config::Loaded loaded = config::load(file);
    if (!loaded.settings) {
        print_findings(err, loaded.diagnostics);
        return std::nullopt;
    }
    std::vector<std::string> problems;
    Wanted wanted{loaded.settings->state, loaded.settings->secrets.rules,
                  config::gather_watched(*loaded.settings, problems).values};
    for (const std::string& problem : problems)
        err << "egressd: " << problem << '\n';
    return wanted;
}

bool add_rules(const std::string& name, std::vector<scan::Rule>& rules, std::ostream& err) {
    config::Report report;
    const config::FileReport file(report, name);
    const Result<std::string> text = config::real_surroundings().read_file(name);
    if (!text)
        file.error({}, "cannot read it: " + text.error().message);
    else
        for (scan::Rule& rule : config::read_scan_rules(*text, rules, file))
            rules.push_back(std::move(rule));
    print_findings(err, report.sorted());
    return !report.failed();
}

std::optional<Wanted> find_wanted(const ScanRequest& request, std::ostream& err) {
    std::optional<Wanted> wanted;
    if (request.config.empty())
        wanted = Wanted{
            config::default_state(config::real_surroundings()).value_or(""), config::builtin_rules(), {}};
    else
        wanted = of_config(request.config, err);
    for (const std::string& name : request.rules) {
        if (!wanted || !add_rules(name, wanted->rules, err))
            return std::nullopt;
    }
    return wanted;
}

std::string in_mebibytes(std::uint64_t bytes) {
    return std::to_string(bytes >> 20) + " MiB";
}

/// A line that is written over and over again, and gone at the end.
class Progress {
public:
    Progress(std::string name, std::uint64_t size, std::ostream* err)
        : name_(std::move(name)), size_(size), err_(err) {}
    ~Progress() { clear(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void show(std::uint64_t done) {
        const Clock::time_point now = Clock::now();
        if (err_ == nullptr || now < next_)
            return;
        next_ = now + progress_interval;
        is_shown_ = true;
        *err_ << '\r' << name_ << ": " << in_mebibytes(done)
              << (size_ == 0 ? "" : " of " + in_mebibytes(size_)) << std::flush;
    }
    void clear() {
        if (is_shown_)
            *err_ << "\r\033[K" << std::flush;
        is_shown_ = false;
    }

private:
    std::string name_;
    std::uint64_t size_; // 0: not known
    std::ostream* err_;  // nullptr: nothing is shown
    Clock::time_point next_ = Clock::now() + patience;
    bool is_shown_ = false;
};

class Scan {
public:
    Scan(const ScanRequest& request, std::shared_ptr<const scan::Engine> engine, std::ostream& out,
         std::ostream& err)
        : request_(request), engine_(engine), scratch_(std::move(engine)), out_(out), err_(err) {}

    void read_file(const std::string& name) {
        std::error_code error;
        if (std::filesystem::is_directory(name, error))
            return unreadable(name, "it is a directory; name files, as `find` does with -exec");
        errno = 0;
        std::ifstream stream(name, std::ios::binary);
        if (!stream)
            return unreadable(name, std::generic_category().message(errno != 0 ? errno : EIO));
        const std::uintmax_t size = std::filesystem::file_size(name, error);
        read_stream(name, stream, error ? 0 : size);
    }

    void read_stream(const std::string& name, std::istream& stream, std::uint64_t size) {
        const std::string shown = net::sanitised(name, max_shown_name);
        Progress progress(shown, size, request_.shows_progress ? &err_ : nullptr);
        scan::Scanner scanner(engine_);
        std::vector<scan::Finding> found;
        std::uint64_t done = 0;
        while (stream) {
            stream.read(piece_.data(), static_cast<std::streamsize>(piece_.size()));
            const auto count = static_cast<std::size_t>(stream.gcount());
            scanner.feed(scratch_, std::string_view(piece_).substr(0, count), found);
            tell(name, shown, found, progress);
            progress.show(done += count);
        }
        if (stream.bad())
            return unreadable(name, std::generic_category().message(EIO));
        scanner.finish(scratch_, found);
        tell(name, shown, found, progress);
        progress.clear();
        if (scanner.problem().empty())
            return;
        has_finding_ = true;
        err_ << shown << ": cannot be looked into: " << scanner.problem() << '\n';
    }

    int finish() {
        if (request_.as_json)
            out_ << config::pretty(list_);
        if (has_failed_)
            return exit_usage;
        return has_finding_ ? exit_refused : exit_ok;
    }

private:
    void unreadable(const std::string& name, const std::string& why) {
        has_failed_ = true;
        err_ << net::sanitised(name, max_shown_name) << ": cannot be read: " << why << '\n';
    }

    /// Tells of all in `found`, and empties it.
    void tell(const std::string& name, const std::string& shown, std::vector<scan::Finding>& found,
              Progress& progress) {
        if (!found.empty())
            progress.clear();
        for (const scan::Finding& finding : found) {
            has_finding_ = has_finding_ || finding.tier != scan::Tier::score;
            if (request_.as_json)
                list_.emplace_back(as_json(name, finding));
            else
                out_ << shown << ':' << finding.offset << ": " << to_text(finding.tier) << "  "
                     << finding.rule->id << "  " << finding.rule->description
                     << (finding.encoding.empty() ? "" : " [" + finding.encoding + "]") << "  "
                     << finding.fingerprint << std::endl;
        }
        found.clear();
    }

    static boost::json::object as_json(const std::string& name, const scan::Finding& finding) {
        return {{"file", name},
                {"rule", finding.rule->id},
                {"description", finding.rule->description},
                {"tier", to_text(finding.tier)},
                {"severity", to_text(finding.rule->severity)},
                {"offset", finding.offset},
                {"encoding", finding.encoding},
                {"fingerprint", finding.fingerprint}};
    }

    const ScanRequest& request_;
    std::shared_ptr<const scan::Engine> engine_;
    scan::Scratch scratch_;
    std::ostream& out_;
    std::ostream& err_;
    std::string piece_ = std::string(piece_size, '\0');
    boost::json::array list_;
    bool has_finding_ = false;
    bool has_failed_ = false;
};

constexpr const char* footer =
    "The rules and decoders are those that live traffic goes through: secrets are found as they are, and\n"
    "inside base64, hex, percent-encoding, gzip and others, nested. No output holds a secret; a fingerprint "
    "is\n"
    "the same for the same secret, and also in egressd's log, as long as fingerprint.key in the state "
    "directory\n"
    "stays. That key and the compiled rules are kept there (of --config, else of this user's defaults); "
    "where\n"
    "the directory cannot be used that is said, fingerprints are of one run alone, and the rules are "
    "compiled\n"
    "at each run, which takes seconds.\n\n"
    "Without --config nothing is known of the values in your environment: the built-in rules alone are "
    "used.\n"
    "With it, `secrets` of that file says which rules, known values and canaries are looked for; `allow` "
    "plays no "
    "part.\n\n"
    "Exit code: 0 when there is nothing, 1 for a finding of tier block or alert, or for an input that "
    "cannot\n"
    "be looked into, 2 for one that cannot be read or a wrong command line.\n\n"
    "Examples:\n"
    "  egressd scan notes.txt build.log\n"
    "  git diff | egressd scan --json\n"
    "  find . -type f -exec egressd scan {} +";

} // namespace

int scan_files(const ScanRequest& request, std::istream& in, std::ostream& out, std::ostream& err) {
    std::optional<Wanted> wanted = find_wanted(request, err);
    if (!wanted)
        return exit_usage;
    const auto say = [&err](const std::string& sentence) { err << "egressd: " << sentence << std::endl; };
    Scan scan(request,
              config::load_engine(wanted->state, std::move(wanted->rules), std::move(wanted->known), say),
              out, err);
    if (request.files.empty())
        scan.read_stream("-", in, 0);
    for (const std::string& name : request.files) {
        if (name == "-")
            scan.read_stream(name, in, 0);
        else
            scan.read_file(name);
    }
    return scan.finish();
}

void add_scan(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("scan", "Look for secrets in files, as in what leaves");
    command->footer(footer);
    const auto request = std::make_shared<ScanRequest>();
    command->add_option("FILE", request->files, "Files to look into; - or none: standard input");
    command->add_flag("--json", request->as_json, "Print an array of objects instead of lines");
    command->add_option("-c,--config", request->config, "The policy whose `secrets` hold")->type_name("FILE");
    command->add_option("--rules", request->rules, "A file of rules to use as well; may be given again")
        ->type_name("FILE")
        ->allow_extra_args(false);
    command->callback([request, &exit_code] {
        forbid_core_dumps();
        request->shows_progress = ::isatty(STDERR_FILENO) == 1;
        exit_code = scan_files(*request, std::cin, std::cout, std::cerr);
    });
}

} // namespace egressd::cli
