#include "policy/index.hpp"

#include <algorithm>

namespace egressd::policy {

RuleIndex::RuleIndex(const std::vector<Rule>& rules) {
    order_.reserve(rules.size());
    for (const Rule& rule : rules)
        order_.push_back(&rule);
    std::stable_sort(order_.begin(), order_.end(), [](const Rule* a, const Rule* b) {
        return a->pattern.base.text() < b->pattern.base.text();
    });
    ranges_.reserve(rules.size());
    for (std::size_t i = 0; i < order_.size(); ++i) {
        Range& range = ranges_[order_[i]->pattern.base.text()];
        if (range.count == 0)
            range.first = static_cast<std::uint32_t>(i);
        ++range.count;
    }
}

std::span<const Rule* const> RuleIndex::with_base(std::string_view base) const {
    const auto found = ranges_.find(base);
    if (found == ranges_.end())
        return {};
    return std::span<const Rule* const>(order_).subspan(found->second.first, found->second.count);
}

} // namespace egressd::policy
