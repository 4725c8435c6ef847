#include "config/lookup.hpp"

#include "config/schema.hpp"
#include "config/values.hpp"

#include <algorithm>

namespace egressd::config {
namespace {

using Kind = yaml::Node::Kind;

const yaml::Node* descend(const yaml::Node& root, std::string_view path) {
    const yaml::Node* node = &root;
    while (node != nullptr && !path.empty()) {
        const std::size_t end = std::min(path.find('.'), path.size());
        node = node->kind == Kind::mapping ? node->find(path.substr(0, end)) : nullptr;
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return node;
}

template <class T>
T parsed(const yaml::Node& root, std::string_view path, Result<T> (*parse)(std::string_view)) {
    const Result<T> given = parse(text_of(root, path));
    return given ? *given : parse(find_key(path)->fallback).value();
}

} // namespace

const yaml::Node* node_at(const yaml::Node& root, std::string_view path, Kind kind) {
    const yaml::Node* node = descend(root, path);
    return node != nullptr && node->kind == kind ? node : nullptr;
}

const yaml::Node* scalar_at(const yaml::Node& root, std::string_view path) {
    const yaml::Node* node = node_at(root, path, Kind::scalar);
    return node != nullptr && !node->text.empty() ? node : nullptr;
}

std::vector<const yaml::Node*> items_at(const yaml::Node& root, std::string_view path) {
    std::vector<const yaml::Node*> result;
    const yaml::Node* list = node_at(root, path, Kind::sequence);
    if (list == nullptr)
        return result;
    for (const yaml::Node& item : list->children) {
        if (item.kind == Kind::scalar && !item.text.empty())
            result.push_back(&item);
    }
    return result;
}

std::string_view text_of(const yaml::Node& root, std::string_view path) {
    const yaml::Node* node = scalar_at(root, path);
    return node != nullptr ? std::string_view(node->text) : find_key(path)->fallback;
}

std::int64_t integer_of(const yaml::Node& root, std::string_view path) {
    return parsed(root, path, parse_integer);
}

std::int64_t size_of(const yaml::Node& root, std::string_view path) {
    return parsed(root, path, parse_size);
}

std::chrono::milliseconds duration_of(const yaml::Node& root, std::string_view path) {
    return parsed(root, path, parse_duration);
}

} // namespace egressd::config
