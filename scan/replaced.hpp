// How a view is made whose text is the block's with some places replaced.
#pragma once

#include "scan/view.hpp"

#include <string_view>
#include <vector>

namespace egressd::scan {

struct Replaced {
    View view;              // its shifts are the replaced places
    std::size_t copied = 0; // of the block

    /// The block's text up to `at` stays.
    void copy_to(std::string_view block, std::size_t at);
    /// `size` bytes of the block are replaced by what the caller has appended. `may_hide`: they can stand in
    /// the middle of a secret; line breaks and quotes cannot.
    void skip(std::size_t size, bool may_hide = true);
    /// Appends a view for each cluster of places that may hide something, with the text around it.
    void finish(std::string_view block, std::vector<View>& views);

private:
    bool is_replaced(std::size_t at) const;
    View part(std::string_view block, std::size_t begin, std::size_t end) const;

    std::vector<std::size_t> places_; // of the text, where something may be hidden
};

} // namespace egressd::scan
