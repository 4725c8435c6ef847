#include "config/secrets.hpp"

#include "config/effective.hpp"
#include "config/lookup.hpp"
#include "config/scan_rules.hpp"
#include "config/suggest.hpp"

#include <algorithm>
#include <utility>

namespace egressd::config {
namespace {

using Kind = yaml::Node::Kind;

constexpr std::string_view builtin = "builtin";

class SecretsReader {
public:
    SecretsReader(const yaml::Node& root, const Surroundings& surroundings, const FileReport& report,
                  const std::string& file)
        : root_(root), surroundings_(surroundings), report_(report), file_(file) {}

    Secrets read() {
        read_rules();
        read_known();
        read_homes();
        secrets_.canary = text_of(root_, "secrets.canary") == "true";
        secrets_.hold = static_cast<std::size_t>(size_of(root_, "secrets.hold"));
        secrets_.block_undecodable = text_of(root_, "secrets.undecodable") != "alert";
        return std::move(secrets_);
    }

private:
    bool was_read(const std::string& name) const {
        return std::any_of(secrets_.files.begin(), secrets_.files.end(),
                           [&](const RuleFile& file) { return file.name == name; });
    }

    void read_rules() {
        const yaml::Node* list = node_at(root_, "secrets.rules", Kind::sequence);
        if (list == nullptr)
            return add_builtin();
        if (list->children.empty())
            report_.error(list->at,
                          "secrets.rules is empty; leave the key out for [builtin], or write secrets: "
                          "off at the entries of `allow` where nothing is to be looked for");
        for (const yaml::Node* item : items_at(root_, "secrets.rules"))
            read_rule_file(*item);
        if (!list->children.empty() && !was_read(std::string(builtin)))
            report_.warning(list->at,
                            "secrets.rules: without \"builtin\", only secrets of these files' kinds "
                            "are looked for");
    }

    void add_builtin() {
        secrets_.files.push_back({std::string(builtin), builtin_rules_sha256()});
        const std::vector<scan::Rule>& rules = builtin_rules();
        secrets_.rules.insert(secrets_.rules.end(), rules.begin(), rules.end());
    }

    void read_rule_file(const yaml::Node& item) {
        const std::string name = item.text == builtin ? item.text : beside(file_, item.text);
        if (was_read(name))
            return report_.error(item.at, "secrets.rules: " + in_quotes(item.text) + " stands here twice");
        if (item.text == builtin)
            return add_builtin();
        const Result<std::string> text = surroundings_.read_file(name);
        if (!text)
            return report_.error(item.at, "secrets.rules: cannot read " + in_quotes(item.text) + ": " +
                                              text.error().message);
        secrets_.files.push_back({name, sha256_of(*text)});
        const std::vector<scan::Rule> rules =
            read_scan_rules(*text, secrets_.rules, FileReport(report_.report(), name));
        secrets_.rules.insert(secrets_.rules.end(), rules.begin(), rules.end());
    }

    void read_known() {
        const yaml::Node* list = node_at(root_, "secrets.known", Kind::sequence);
        secrets_.known_by_default = list == nullptr;
        if (list == nullptr) {
            secrets_.known = default_known();
            return;
        }
        for (const yaml::Node& item : list->children) {
            if (item.kind == Kind::mapping)
                read_known_item(item);
        }
    }

    void read_known_item(const yaml::Node& item) {
        const bool has_env = item.find("env") != nullptr;
        const bool has_file = item.find("file") != nullptr;
        if (has_env == has_file)
            return report_.error(item.at,
                                 "secrets.known: expected either {env: [NAME, ...]} or {file: file}");
        KnownSource source;
        source.kind = has_env ? KnownSource::env : KnownSource::file;
        source.source = report_.source(item.at);
        if (has_env)
            read_names(item, source);
        else
            read_path(item, source);
        secrets_.known.push_back(std::move(source));
    }

    void read_names(const yaml::Node& item, KnownSource& source) {
        const yaml::Node* list = node_at(item, "env", Kind::sequence);
        if (list != nullptr && list->children.empty())
            report_.error(list->at, "env is empty; write the names of variables, such as [\"*_TOKEN\"]");
        for (const yaml::Node* name : items_at(item, "env")) {
            const bool is_name = std::all_of(name->text.begin(), name->text.end(), [](char c) {
                return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '*';
            });
            // The operator's text is not repeated: it may be the value itself.
            if (!is_name)
                report_.error(name->at, "env: expected the name of a variable, in which * may stand for any "
                                        "run of characters");
            source.names.push_back(name->text);
        }
    }

    void read_path(const yaml::Node& item, KnownSource& source) {
        const yaml::Node* path = scalar_at(item, "file");
        if (path == nullptr)
            return;
        if (path->text.starts_with('~'))
            report_.error(path->at, "file: \"~\" is not expanded; write the path out");
        source.path = beside(file_, path->text);
    }

    void read_homes() {
        const yaml::Node* homes = node_at(root_, "secrets.home", Kind::mapping);
        if (homes == nullptr)
            return;
        for (const yaml::Node& entry : homes->children)
            read_home(entry);
    }

    void read_home(const yaml::Node& entry) {
        const auto rule = std::find_if(secrets_.rules.begin(), secrets_.rules.end(),
                                       [&](const scan::Rule& one) { return one.id == entry.key; });
        if (rule == secrets_.rules.end())
            return report_.error(entry.key_at, unknown_rule(entry.key));
        if (entry.kind != Kind::sequence)
            return;
        if (entry.children.empty())
            report_.error(entry.at, "secrets.home: no host for " + in_quotes(entry.key));
        for (const yaml::Node& item : entry.children) {
            if (item.kind != Kind::scalar || item.text.empty())
                continue;
            const Result<std::string> home = parse_home(item.text);
            if (!home) {
                report_.error(item.at, "secrets.home: " + home.error().message);
                continue;
            }
            rule->home.push_back(*home);
            secrets_.home[entry.key].push_back(*home);
        }
    }

    std::string unknown_rule(const std::string& id) const {
        std::vector<std::string_view> ids;
        for (const scan::Rule& rule : secrets_.rules)
            ids.push_back(rule.id);
        const std::string_view near = nearest(id, ids);
        return "secrets.home: there is no rule " + in_quotes(id) +
               (near.empty() ? "" : "; did you mean \"" + std::string(near) + "\"?");
    }

    const yaml::Node& root_;
    const Surroundings& surroundings_;
    const FileReport& report_;
    const std::string& file_;
    Secrets secrets_;
};

} // namespace

void read_secrets(const yaml::Node& root, const Surroundings& surroundings, const FileReport& report,
                  Settings& settings) {
    settings.secrets = SecretsReader(root, surroundings, report, settings.file).read();
}

} // namespace egressd::config
