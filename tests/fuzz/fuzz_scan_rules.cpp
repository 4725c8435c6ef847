// Does the fast reader of rule files mean what YAML means? Where it takes a text, yaml::parse must take it as
// well and make the same tree.
#include "config/encoding.hpp"
#include "config/plain_rules.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace {

using namespace egressd::config;

bool same(const yaml::Node& a, const yaml::Node& b) {
    const bool same_here = a.kind == b.kind && a.text == b.text && a.quoted == b.quoted && a.key == b.key;
    return same_here &&
           std::equal(a.children.begin(), a.children.end(), b.children.begin(), b.children.end(), same);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    if (find_encoding_fault(text)) // is refused before
        return 0;
    const std::optional<yaml::Node> plain = parse_plain_rules(text);
    if (!plain)
        return 0;
    Report report;
    const std::optional<yaml::Node> tree = yaml::parse(text, FileReport(report, "rules.yaml"));
    if (!tree || report.failed() || !same(*plain, *tree))
        std::abort();
    return 0;
}
