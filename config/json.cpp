#include "config/json.hpp"

#include "audit/json.hpp"

#include <boost/json/serialize.hpp>

#include <map>
#include <string_view>

namespace egressd::config {
namespace {

namespace json = boost::json;

void append_canonical(std::string& out, const json::value& value) {
    std::string_view separator;
    if (const json::object* object = value.if_object()) {
        std::map<std::string_view, const json::value*> members;
        for (const json::key_value_pair& member : *object)
            members.emplace(member.key(), &member.value());
        out += '{';
        for (const auto& [key, member] : members) {
            out += separator;
            audit::append_quoted(out, key);
            out += ':';
            append_canonical(out, *member);
            separator = ",";
        }
        out += '}';
    } else if (const json::array* array = value.if_array()) {
        out += '[';
        for (const json::value& item : *array) {
            out += separator;
            append_canonical(out, item);
            separator = ",";
        }
        out += ']';
    } else if (const json::string* text = value.if_string()) {
        audit::append_quoted(out, std::string_view(text->data(), text->size()));
    } else {
        out += json::serialize(value);
    }
}

bool is_flat(const json::array& array) {
    for (const json::value& item : array) {
        if (item.is_structured())
            return false;
    }
    return true;
}

void append_line(std::string& out, std::size_t depth) {
    out += '\n';
    out.append(2 * depth, ' ');
}

/// Lists of plain values stay on one line.
void append_pretty(std::string& out, const json::value& value, std::size_t depth) {
    const json::object* object = value.if_object();
    const json::array* array = value.if_array();
    std::string_view separator;
    if (object != nullptr && !object->empty()) {
        out += '{';
        for (const json::key_value_pair& member : *object) {
            out += separator;
            append_line(out, depth + 1);
            audit::append_quoted(out, std::string_view(member.key()));
            out += ": ";
            append_pretty(out, member.value(), depth + 1);
            separator = ",";
        }
        append_line(out, depth);
        out += '}';
    } else if (array != nullptr && !array->empty()) {
        const bool flat = is_flat(*array);
        out += '[';
        for (const json::value& item : *array) {
            out += separator;
            if (!flat)
                append_line(out, depth + 1);
            append_pretty(out, item, depth + 1);
            separator = flat ? ", " : ",";
        }
        if (!flat)
            append_line(out, depth);
        out += ']';
    } else {
        append_canonical(out, value);
    }
}

} // namespace

std::string canonical(const json::value& value) {
    std::string result;
    append_canonical(result, value);
    return result;
}

std::string pretty(const json::value& value) {
    std::string result;
    append_pretty(result, value, 0);
    result += '\n';
    return result;
}

} // namespace egressd::config
