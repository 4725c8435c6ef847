#include "config/schema.hpp"

#include "config/keys.hpp"
#include "config/values.hpp"

#include <algorithm>
#include <unordered_map>

namespace egressd::config {
namespace {

std::string_view parent_of(std::string_view path) {
    if (path.ends_with("[]"))
        return path.substr(0, path.size() - 2);
    const std::size_t dot = path.rfind('.');
    return dot == std::string_view::npos ? std::string_view() : path.substr(0, dot);
}

std::string format_bound(const Key& key, std::int64_t bound) {
    if (key.type == Type::duration)
        return format_duration(std::chrono::milliseconds(bound));
    return key.type == Type::size ? format_size(bound) : std::to_string(bound);
}

std::string joined_choices(const Key& key) {
    std::string result;
    for (const std::string_view choice : split_choices(key.choices)) {
        if (!result.empty())
            result += " or ";
        result += choice;
    }
    return result;
}

} // namespace

std::span<const Key> schema() {
    static const std::vector<Key> all = [] {
        std::vector<Key> keys(policy_keys().begin(), policy_keys().end());
        keys.insert(keys.end(), service_keys().begin(), service_keys().end());
        return keys;
    }();
    return all;
}

const Key* find_key(std::string_view path) {
    static const std::unordered_map<std::string_view, const Key*> index = [] {
        std::unordered_map<std::string_view, const Key*> result;
        for (const Key& key : schema())
            result.emplace(key.path, &key);
        return result;
    }();
    const auto found = index.find(path);
    return found == index.end() ? nullptr : found->second;
}

std::string child_path(std::string_view parent, std::string_view key) {
    std::string result(parent);
    if (!result.empty())
        result += '.';
    return result.append(key);
}

std::string item_path(std::string_view parent) {
    return std::string(parent) + "[]";
}

std::vector<const Key*> children(const Key& parent) {
    std::vector<const Key*> result;
    for (const Key& key : schema()) {
        const bool below = !key.path.empty() && !key.path.ends_with("[]") && !key.path.ends_with('*');
        if (below && parent_of(key.path) == parent.path)
            result.push_back(&key);
    }
    return result;
}

std::string_view name_of(const Key& key) {
    const std::size_t dot = key.path.rfind('.');
    return dot == std::string_view::npos ? key.path : key.path.substr(dot + 1);
}

std::vector<std::string_view> split_choices(std::string_view choices) {
    std::vector<std::string_view> result;
    while (!choices.empty()) {
        const std::size_t end = std::min(choices.find('|'), choices.size());
        result.push_back(choices.substr(0, end));
        choices.remove_prefix(std::min(end + 1, choices.size()));
    }
    return result;
}

std::string expectation(const Key& key) {
    const std::string range = format_bound(key, key.min) + " to " + format_bound(key, key.max);
    switch (key.type) {
    case Type::mapping:
        return "a mapping (key: value)";
    case Type::boolean:
        return "true or false";
    case Type::choice:
        return joined_choices(key);
    case Type::integer:
        return key.min == key.max ? format_bound(key, key.min) : "a whole number, " + range;
    case Type::duration:
        return "a duration, " + range;
    case Type::size:
        return "a size, " + range;
    case Type::list:
        return key.form.empty() ? "a list" : "a list, " + std::string(key.form);
    default:
        return std::string(key.form);
    }
}

} // namespace egressd::config
