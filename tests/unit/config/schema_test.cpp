#include "config/reference.hpp"
#include "config/schema.hpp"
#include "config/values.hpp"
#include "tests/unit/config/support.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace egressd::config;
using namespace egressd::config::test;

TEST_CASE("each key is declared once, below its parent, and says what it means") {
    std::set<std::string_view> seen;
    for (const Key& key : schema()) {
        CAPTURE(key.path);
        CHECK(seen.insert(key.path).second);
        CHECK(find_key(key.path) == &key);
        const bool is_plain_item = key.path.ends_with("[]") && key.type != Type::entry;
        CHECK((is_plain_item || !key.doc.empty()));
        if (key.type == Type::list || key.type == Type::methods)
            CHECK(find_key(item_path(key.path)) != nullptr);
        if (key.type == Type::text || key.type == Type::entry)
            CHECK_FALSE(key.form.empty());
        CHECK(key.min <= key.max);
    }
    CHECK(find_key("limits.no_such_key") == nullptr);
}

TEST_CASE("every default with a range lies within it") {
    for (const Key& key : schema()) {
        CAPTURE(key.path);
        if (key.fallback.empty())
            continue;
        std::optional<std::int64_t> value;
        if (key.type == Type::integer)
            value = parse_integer(key.fallback).value();
        if (key.type == Type::duration)
            value = parse_duration(key.fallback).value().count();
        if (key.type == Type::size)
            value = parse_size(key.fallback).value();
        if (value) {
            CHECK(*value >= key.min);
            CHECK(*value <= key.max);
        }
        if (key.type == Type::choice)
            CHECK(("|" + std::string(key.choices) + "|").find("|" + std::string(key.fallback) + "|") !=
                  std::string::npos);
    }
}

TEST_CASE("the reference in the repository is up to date") {
    INFO("run: egressd config reference > config/reference.md");
    CHECK(read_text(source_tree() / "config/reference.md") == reference_markdown());
}

TEST_CASE("the JSON Schema in the repository is up to date") {
    INFO("run: egressd config schema > config/allow.schema.json");
    CHECK(read_text(source_tree() / "config/allow.schema.json") == json_schema());
}

TEST_CASE("the reference names every key that can be written, and no default that is a description") {
    const std::string reference = reference_markdown();
    for (const Key& key : schema()) {
        CAPTURE(key.path);
        if (key.type != Type::refused && !key.path.empty() && !key.path.ends_with("[]") &&
            !key.path.ends_with('*'))
            CHECK_THAT(reference, Catch::Contains(std::string(name_of(key)) + "`"));
    }
    CHECK_THAT(reference, !Catch::Contains("`("));
}
