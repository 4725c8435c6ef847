#include "config/reference.hpp"

#include "config/schema.hpp"

#include <string_view>
#include <vector>

namespace egressd::config {
namespace {

bool is_unavailable(const Key& key) {
    return key.type == Type::later || key.type == Type::refused;
}

std::string code(std::string_view text) {
    return text.empty() ? "" : "`" + std::string(text) + "`";
}

/// "(any)" is a description and "80" is a value.
std::string shown_default(const Key& key) {
    if (key.type == Type::mapping)
        return "";
    if (key.required)
        return "required";
    if (key.fallback.starts_with('('))
        return std::string(key.fallback.substr(1, key.fallback.size() - 2));
    return key.fallback.empty() ? "none" : code(key.fallback);
}

/// What Markdown makes of a heading.
std::string anchor(std::string_view heading) {
    std::string result(heading);
    std::erase_if(result, [](char c) { return c == '.' || c == '[' || c == ']'; });
    return result;
}

std::string shown_form(const Key& key) {
    if (key.type == Type::choice) {
        std::string result;
        for (const std::string_view choice : split_choices(key.choices))
            result += (result.empty() ? "" : ", ") + code(choice);
        return result;
    }
    if (key.type == Type::mapping)
        return "see [below](#" + anchor(key.path) + ")";
    const bool is_written_out = key.type == Type::text || key.type == Type::list ||
                                key.type == Type::methods || key.type == Type::names;
    return is_written_out ? code(key.form) : expectation(key);
}

void append_row(std::string& out, const Key& key) {
    out += "| " + code(name_of(key)) + " | " + shown_form(key) + " | " + shown_default(key) + " | " +
           std::string(key.doc) + " |\n";
}

void append_table(std::string& out, const std::vector<const Key*>& keys) {
    out += "\n| key | value | default | meaning |\n|---|---|---|---|\n";
    for (const Key* key : keys) {
        if (!is_unavailable(*key))
            append_row(out, *key);
    }
}

void append_section(std::string& out, const Key& key) {
    const Key* item = find_key(item_path(key.path));
    const bool holds_entries = item != nullptr && (item->type == Type::entry || item->type == Type::mapping);
    if (key.type != Type::mapping && !holds_entries)
        return;
    out += "\n## `" + std::string(key.path) + "`\n\n" + std::string(key.doc);
    if (holds_entries)
        out += " " + std::string(item->doc);
    out += "\n";
    const std::vector<const Key*> keys = children(holds_entries ? *item : key);
    append_table(out, keys);
    for (const Key* inner : keys)
        append_section(out, *inner);
}

void append_later(std::string& out) {
    out += "\n## Not available in this version\n\nKnown words of later versions. They are refused, never "
           "ignored.\n\n"
           "| key | meaning |\n|---|---|\n";
    for (const Key& key : schema()) {
        if (key.type != Type::later)
            continue;
        out += "| " + code(key.path) + " | " + std::string(key.doc);
        if (!key.fallback.empty())
            out += " " + code(key.fallback) + " is accepted.";
        out += " |\n";
    }
}

} // namespace

std::string reference_markdown() {
    const Key& file = schema().front();
    std::string out =
        "# Every key of allow.yaml\n\n"
        "<!-- Made by `egressd config reference` from config/keys.cpp and keys_service.cpp; do not edit. "
        "-->\n\n" +
        std::string(file.doc) +
        "\n\nA duration is a number with its unit, `500ms`, `10s`, `5m` or `1h`; a size likewise, `512B`, "
        "`64KiB`, `10MiB` or `1GiB`.\nUnknown keys, duplicate keys and keys without a value are errors. "
        "Aliases, tags and merge keys of YAML are not part\nof the language; booleans are `true` and "
        "`false` alone.\n\n## The file\n";
    append_table(out, children(file));
    for (const Key* key : children(file))
        append_section(out, *key);
    append_later(out);
    return out;
}

} // namespace egressd::config
