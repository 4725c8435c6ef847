#include "config/json.hpp"
#include "config/reference.hpp"
#include "config/schema.hpp"
#include "config/values.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace egressd::config {
namespace {

namespace json = boost::json;

json::object schema_of(const Key& key);

json::object mapping(const Key& key) {
    json::object properties;
    json::array required;
    for (const Key* child : children(key)) {
        const bool is_absent =
            child->type == Type::refused || (child->type == Type::later && child->fallback.empty());
        if (is_absent)
            continue;
        properties[name_of(*child)] = schema_of(*child);
        if (child->required)
            required.emplace_back(name_of(*child));
    }
    json::object result;
    result["type"] = "object";
    result["additionalProperties"] = false;
    result["properties"] = std::move(properties);
    if (!required.empty())
        result["required"] = std::move(required);
    return result;
}

json::object of_type(std::string_view type) {
    json::object result;
    result["type"] = type;
    return result;
}

json::object one_of(std::string_view values) {
    json::array choices;
    for (const std::string_view choice : split_choices(values))
        choices.emplace_back(choice);
    json::object result;
    result["enum"] = std::move(choices);
    return result;
}

json::object list(const Key& key) {
    json::object result = of_type("array");
    result["items"] = schema_of(*find_key(item_path(key.path)));
    return result;
}

json::object either(json::object first, json::object second) {
    json::array alternatives;
    alternatives.emplace_back(std::move(first));
    alternatives.emplace_back(std::move(second));
    json::object result;
    result["anyOf"] = std::move(alternatives);
    return result;
}

json::object text() {
    json::object result = of_type("string");
    result["minLength"] = 1;
    return result;
}

json::object number_with_unit(std::string_view units) {
    json::object result = of_type("string");
    result["pattern"] = "^(0|[1-9][0-9]*)(" + std::string(units) + ")$";
    return result;
}

json::object whole_number(const Key& key) {
    json::object result = of_type("integer");
    result["minimum"] = key.min;
    result["maximum"] = key.max;
    return result;
}

json::object names(const Key& key) {
    json::object result = of_type("object");
    result["additionalProperties"] = schema_of(*find_key(child_path(key.path, "*")));
    return result;
}

json::object shape_of(const Key& key) {
    switch (key.type) {
    case Type::mapping:
        return mapping(key);
    case Type::names:
        return names(key);
    case Type::list:
        return list(key);
    case Type::entry:
        return either(text(), mapping(key));
    case Type::methods:
        return either(one_of("read-only"), list(key));
    case Type::choice:
        return one_of(key.choices);
    case Type::boolean:
        return of_type("boolean");
    case Type::integer:
        return whole_number(key);
    case Type::duration:
        return number_with_unit("ms|s|m|h");
    case Type::size:
        return number_with_unit("B|KiB|MiB|GiB");
    case Type::later:
        return one_of(key.fallback);
    case Type::text:
    case Type::refused:
        break;
    }
    return text();
}

json::object schema_of(const Key& key) {
    json::object result = shape_of(key);
    if (!key.doc.empty())
        result["description"] = key.doc;
    const bool is_text = key.type == Type::text || key.type == Type::choice || key.type == Type::duration ||
                         key.type == Type::size;
    if (is_text && !key.fallback.empty() && !key.fallback.starts_with('('))
        result["default"] = key.fallback;
    if (key.type == Type::integer && !key.fallback.empty())
        result["default"] = parse_integer(key.fallback).value();
    if (key.type == Type::boolean)
        result["default"] = key.fallback == "true";
    return result;
}

} // namespace

std::string json_schema() {
    json::object root;
    root["$schema"] = "http://json-schema.org/draft-07/schema#";
    root["title"] = "egressd: allow.yaml";
    for (const json::key_value_pair& member : schema_of(schema().front()))
        root[member.key()] = member.value();
    return pretty(root);
}

} // namespace egressd::config
