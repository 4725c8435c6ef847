#include "config/loader.hpp"

#include "config/effective.hpp"
#include "config/encoding.hpp"
#include "config/lookup.hpp"
#include "config/rules.hpp"
#include "config/sections.hpp"
#include "config/validate.hpp"
#include "config/yaml.hpp"
#include "policy/lint.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace egressd::config {
namespace {

using Kind = yaml::Node::Kind;

class Loader {
public:
    explicit Loader(const Surroundings& surroundings) : surroundings_(surroundings) {}

    Loaded run(const std::string& path) {
        Settings settings;
        settings.file = path;
        const FileReport report(report_, path);
        const std::optional<yaml::Node> root = read_file(path, {}, report);
        if (root) {
            read_tree(*root, FileRole::main, report);
            read_sections(*root, surroundings_, report, settings);
            build_policy(*root, report, settings);
        }
        Loaded result;
        if (!report_.failed()) {
            settings.effective_json = effective_json(settings);
            settings.sha256 = sha256_of(settings.effective_json);
            result.settings = std::move(settings);
        }
        result.diagnostics = report_.sorted();
        return result;
    }

private:
    /// The tree of a file; what is wrong with reaching it is reported `at` a place of `asking`.
    std::optional<yaml::Node> read_file(const std::string& path, Position at, const FileReport& asking) {
        seen_.insert(path);
        const Result<std::string> text = surroundings_.read_file(path);
        if (!text) {
            asking.error(at, "cannot read " + in_quotes(path) + ": " + text.error().message);
            return std::nullopt;
        }
        const FileReport report(report_, path);
        if (const std::optional<EncodingFault> fault = find_encoding_fault(*text)) {
            report.error(fault->at, fault->message);
            return std::nullopt;
        }
        return yaml::parse(*text, report);
    }

    /// Judges a tree and takes its rules, then those of what it includes.
    void read_tree(const yaml::Node& root, FileRole role, const FileReport& report) {
        validate(root, role, report);
        read_rules(root, "allow", RuleList::allow, report, allow_);
        read_rules(root, "deny", RuleList::deny, report, deny_);
        open_.push_back(report.file());
        for (const yaml::Node* item : items_at(root, "include"))
            include(*item, report);
        open_.pop_back();
    }

    void read_rules(const yaml::Node& root, std::string_view key, RuleList list, const FileReport& report,
                    std::vector<policy::Rule>& rules) {
        const yaml::Node* entries = node_at(root, key, Kind::sequence);
        if (entries == nullptr)
            return;
        for (const yaml::Node& entry : entries->children) {
            if (std::optional<policy::Rule> rule = read_rule(entry, list, report))
                rules.push_back(std::move(*rule));
        }
    }

    void include(const yaml::Node& item, const FileReport& report) {
        const std::string path = beside(report.file(), item.text);
        if (std::find(open_.begin(), open_.end(), path) != open_.end())
            return report.error(item.at,
                                "include: " + in_quotes(item.text) + " includes itself, by way of this line");
        if (seen_.contains(path))
            return report.error(item.at, "include: " + in_quotes(item.text) + " is included a second time");
        if (seen_.size() > max_includes)
            return report.error(item.at, "include: more than " + std::to_string(max_includes) + " files");
        if (const std::optional<yaml::Node> root = read_file(path, item.at, report))
            read_tree(*root, FileRole::included, FileReport(report_, path));
    }

    void build_policy(const yaml::Node& root, const FileReport& report, Settings& settings) {
        const bool observes = text_of(root, "mode") == "observe";
        const policy::Mode mode = observes ? policy::Mode::observe : policy::Mode::enforce;
        if (observes)
            report.warning(scalar_at(root, "mode")->at, "mode: observe lets unlisted hosts through");
        if (allow_.empty() && !report_.failed())
            report.warning({}, "nothing is allowed, so everything is denied");
        const auto policy = std::make_shared<const policy::Policy>(mode, std::move(allow_), std::move(deny_));
        for (const policy::Conflict& conflict : policy->conflicts())
            report_.add(Diagnostic::Level::error, conflict.second,
                        "this entry and the one at " + conflict.first.text() +
                            " speak of the same names and disagree on " + conflict.what);
        for (policy::Warning& warning : policy::lint(*policy))
            report_.add(Diagnostic::Level::warning, std::move(warning.source), std::move(warning.message));
        settings.policy = policy;
    }

    const Surroundings& surroundings_;
    Report report_;
    std::vector<policy::Rule> allow_;
    std::vector<policy::Rule> deny_;
    std::set<std::string> seen_;
    std::vector<std::string> open_; // the chain of includes down to the file that is being read
};

} // namespace

Loaded load_from(const std::string& path, const Surroundings& surroundings) {
    return Loader(surroundings).run(path);
}

Loaded load(const std::string& path) {
    return load_from(path, real_surroundings());
}

} // namespace egressd::config
