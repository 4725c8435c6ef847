#include "config/validate.hpp"

#include "config/schema.hpp"
#include "config/suggest.hpp"
#include "config/values.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace egressd::config {
namespace {

using Kind = yaml::Node::Kind;

constexpr std::string_view not_yet = " is not available in this version";

/// How messages call the thing at a path: "allow[].ports" → "ports", "dns.hosts.*[]" → "an item of
/// dns.hosts".
std::string label(const Key& key) {
    if (key.path.ends_with("[]") || key.path.ends_with('*')) {
        const std::size_t end = key.path.find_last_not_of("[].*");
        const std::string_view list = key.path.substr(0, end + 1);
        const std::size_t dot = list.rfind("[].");
        return "an item of " + std::string(dot == std::string_view::npos ? list : list.substr(dot + 3));
    }
    const std::size_t list = key.path.rfind("[].");
    return std::string(list == std::string_view::npos ? key.path : key.path.substr(list + 3));
}

const char* description(const yaml::Node& node) {
    switch (node.kind) {
    case Kind::null:
        return "nothing";
    case Kind::scalar:
        return node.quoted ? "a text" : "a plain value";
    case Kind::sequence:
        return "a list";
    case Kind::mapping:
        return "a mapping";
    }
    return "";
}

class Validator {
public:
    Validator(FileRole role, const FileReport& report) : role_(role), report_(report) {}

    void check(const yaml::Node& node, const Key& key) {
        if (key.type == Type::later)
            return refuse_later(node, key);
        if (key.type == Type::refused)
            return report_.error(node.key_at,
                                 in_quotes(node.key) + " cannot stand here: " + std::string(key.doc));
        if (node.kind == Kind::null)
            return report_.error(node.place(), missing_value(key));
        switch (key.type) {
        case Type::mapping:
            return check_mapping(node, key);
        case Type::names:
            return check_names(node, key);
        case Type::list:
            return check_list(node, key);
        case Type::entry:
            return check_entry(node, key);
        case Type::methods:
            return check_methods(node, key);
        default:
            return check_scalar(node, key);
        }
    }

private:
    std::string missing_value(const Key& key) const {
        std::string message = label(key) + " has no value; expected " + expectation(key);
        if (key.fallback == "[]")
            message += ", or [] for none";
        return message;
    }

    void wrong_kind(const yaml::Node& node, const Key& key) {
        report_.error(node.place(), (key.path.empty() ? "the file" : label(key)) + ": expected " +
                                        expectation(key) + ", found " + description(node));
    }

    void refuse_later(const yaml::Node& node, const Key& key) {
        if (key.fallback.empty())
            return report_.error(node.key_at, in_quotes(node.key) + std::string(not_yet));
        if (node.kind == Kind::scalar && node.text == key.fallback)
            return;
        report_.error(node.place(), std::string(key.path) + std::string(not_yet) + "; write \"" +
                                        std::string(key.fallback) + "\" or leave the key out");
    }

    void unknown_key(const yaml::Node& node, const Key& parent) {
        if (node.key == "<<")
            return report_.error(node.key_at,
                                 "merge keys (<<) are not part of this language; write the keys out");
        std::vector<std::string_view> names;
        for (const Key* key : children(parent))
            names.push_back(name_of(*key));
        std::string message = "unknown key " + in_quotes(node.key);
        const std::string_view near = nearest(node.key, names);
        const auto elsewhere = std::find_if(schema().begin(), schema().end(), [&](const Key& key) {
            return key.path != node.key && key.type != Type::refused && name_of(key) == node.key;
        });
        if (!near.empty())
            message += "; did you mean \"" + std::string(near) + "\"?";
        else if (elsewhere != schema().end())
            message += " here; did you mean \"" + std::string(elsewhere->path) + "\"?";
        report_.error(node.key_at, std::move(message));
    }

    void check_mapping(const yaml::Node& node, const Key& key) {
        if (node.kind != Kind::mapping)
            return wrong_kind(node, key);
        for (const yaml::Node& child : node.children) {
            const Key* known = find_key(child_path(key.path, child.key));
            if (report_.report().is_full())
                return;
            if (known == nullptr)
                unknown_key(child, key);
            else if (role_ == FileRole::included && key.path.empty() && !known->in_included_file)
                report_.error(child.key_at, in_quotes(child.key) +
                                                " may stand in the main file only; an included file "
                                                "holds version, allow, deny and include");
            else
                check(child, *known);
        }
        for (const Key* known : children(key)) {
            const bool optional = !known->required || (role_ == FileRole::included && key.path.empty());
            if (!optional && node.find(name_of(*known)) == nullptr)
                report_.error(node.at, label(*known) + " is missing; expected " + expectation(*known));
        }
    }

    void check_entry(const yaml::Node& node, const Key& key) {
        if (node.kind != Kind::scalar)
            return check_mapping(node, key);
        if (node.text.empty())
            report_.error(node.at, missing_value(key));
    }

    void check_names(const yaml::Node& node, const Key& key) {
        if (node.kind != Kind::mapping)
            return wrong_kind(node, key);
        const Key& value = *find_key(child_path(key.path, "*"));
        for (const yaml::Node& child : node.children)
            check(child, value);
    }

    void check_list(const yaml::Node& node, const Key& key) {
        if (node.kind != Kind::sequence)
            return wrong_kind(node, key);
        const Key& item = *find_key(item_path(key.path));
        for (const yaml::Node& child : node.children)
            check(child, item);
    }

    void check_methods(const yaml::Node& node, const Key& key) {
        if (node.kind != Kind::scalar)
            return check_list(node, key);
        if (node.text != "read-only")
            wrong_kind(node, key);
    }

    void check_scalar(const yaml::Node& node, const Key& key) {
        if (node.kind != Kind::scalar)
            return wrong_kind(node, key);
        if (node.text.empty())
            return report_.error(node.at, missing_value(key));
        switch (key.type) {
        case Type::choice:
            return check_choice(node, key);
        case Type::boolean:
            return check_boolean(node, key);
        case Type::integer:
            return check_integer(node, key);
        case Type::duration:
            return check_range(node, key, milliseconds(node.text));
        case Type::size:
            return check_range(node, key, parse_size(node.text));
        default:
            return;
        }
    }

    void check_choice(const yaml::Node& node, const Key& key) {
        const std::vector<std::string_view> now = split_choices(key.choices);
        if (std::find(now.begin(), now.end(), node.text) != now.end())
            return;
        report_.error(node.at,
                      label(key) + ": expected " + expectation(key) + ", found " + in_quotes(node.text));
    }

    void check_boolean(const yaml::Node& node, const Key& key) {
        if (node.quoted || (node.text != "true" && node.text != "false"))
            report_.error(node.at, label(key) + ": expected true or false, found " + in_quotes(node.text));
    }

    void check_integer(const yaml::Node& node, const Key& key) {
        if (node.quoted)
            return report_.error(
                node.at, label(key) + ": expected a number, found a quoted text; write it without quotes");
        check_range(node, key, parse_integer(node.text));
    }

    static Result<std::int64_t> milliseconds(std::string_view text) {
        const Result<std::chrono::milliseconds> duration = parse_duration(text);
        if (!duration)
            return duration.error();
        return duration->count();
    }

    void check_range(const yaml::Node& node, const Key& key, const Result<std::int64_t>& value) {
        if (!value)
            report_.error(node.at,
                          label(key) + ": " + value.error().message + ", found " + in_quotes(node.text));
        else if (*value < key.min || *value > key.max)
            report_.error(node.at, label(key) + ": " + in_quotes(node.text) + " is out of range; expected " +
                                       expectation(key));
    }

    FileRole role_;
    const FileReport& report_;
};

} // namespace

void validate(const yaml::Node& root, FileRole role, const FileReport& report) {
    Validator(role, report).check(root, schema().front());
}

} // namespace egressd::config
