// Which keys are there, and what may each hold? The one table that validation, defaults, the generated
// reference and the JSON Schema for editors are made from. A key that is not in it does not exist.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace egressd::config {

enum class Type {
    mapping,  // fixed keys
    names,    // a mapping whose keys the operator chooses; their values are `path.*`
    list,     // of `path[]`
    entry,    // a text, short for {domain: text}, or a mapping
    methods,  // the word `read-only`, or a list
    text,     // checked where it is given its meaning (config/sections, config/rules)
    choice,   // one of `choices`
    boolean,  // true or false, nothing else
    integer,  // `min` to `max`
    duration, // in milliseconds, `min` to `max`
    size,     // in bytes, `min` to `max`
    later,    // a known key of a later version: refused, except the value `fallback` where there is one
    refused,  // a key that has no meaning where it stands; `doc` says why
};

/// One key. A path names mappings by '.', items of a list by "[]", chosen keys by '*'.
struct Key {
    std::string_view path;
    Type type = Type::text;
    std::string_view form = {}; // how a value looks, for people: "address:port"
    std::string_view fallback =
        {}; // the value when the key is absent, as it would be written; in parentheses where it is no value
    std::int64_t min = 0;
    std::int64_t max = 0;
    std::string_view choices = {}; // separated by '|'
    bool required = false;
    bool in_included_file = false; // of a top-level key: else it may stand in the main file only
    std::string_view doc = {};     // one or two sentences
};

/// All keys, parents before their children; the first is the file itself, with the empty path.
std::span<const Key> schema();

/// The key with this path, or nullptr.
const Key* find_key(std::string_view path);

/// The path of a mapping's child, of a list's item.
std::string child_path(std::string_view parent, std::string_view key);
std::string item_path(std::string_view parent);

/// The keys of a mapping, in the table's order.
std::vector<const Key*> children(const Key& parent);

/// The last part of a path: "ports" of "allow[].ports".
std::string_view name_of(const Key& key);

std::vector<std::string_view> split_choices(std::string_view choices);

/// "expected ..." without that word: what a reader must write for this key.
std::string expectation(const Key& key);

} // namespace egressd::config
