// Which entries could match this host? A hash of the base names, so that a lookup costs one probe for each
// label and no allocation for a name, with a million entries too. It knows nothing of ports, methods or
// paths.
#pragma once

#include "policy/rule.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace egressd::policy {

class RuleIndex {
public:
    /// `rules` must stay where it is and as it is: the index points into it.
    explicit RuleIndex(const std::vector<Rule>& rules);

    /// All entries with this base, whatever their kind, in the order of the file.
    std::span<const Rule* const> with_base(std::string_view base) const;

    /// Calls `visit(std::span<const Rule* const>, at)` for the base of every entry that could match `host`,
    /// from the most specific to the least, until it returns true. `at`: the base is the host itself, where
    /// `below` does not match.
    template <class Visit>
    void walk(const net::Host& host, Visit visit) const {
        if (host.text().empty())
            return;
        if (host.is_address()) {
            visit(with_base(lookup_key(host)), true);
            return;
        }
        std::string_view name = host.text();
        bool at = true;
        while (!visit(with_base(name), at) && !name.empty()) {
            const std::size_t dot = name.find('.');
            name.remove_prefix(dot == std::string_view::npos ? name.size() : dot + 1);
            at = false;
        }
    }

private:
    struct Range {
        std::uint32_t first = 0;
        std::uint32_t count = 0;
    };

    std::vector<const Rule*> order_; // entries with the same base stand together
    std::unordered_map<std::string_view, Range> ranges_;
};

/// Does an entry of this kind match a host whose own name (`at`), or one of whose parents, is the entry's
/// base?
inline bool kind_matches(Pattern::Kind kind, bool at) {
    return at ? kind != Pattern::Kind::below : kind != Pattern::Kind::exact;
}

} // namespace egressd::policy
