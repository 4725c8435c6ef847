// How a view is made whose text is the block's with some places replaced.
#pragma once

#include "scan/view.hpp"

#include <string_view>
#include <vector>

namespace egressd::scan {

/// The shortest text that is worth a view, in bytes.
inline constexpr std::size_t least_text = 20;

/// The size of the character that `text`, which is not empty, begins with: ASCII that is printed, white
/// space, a NUL of UTF-16, a whole character of UTF-8. 0: it is none of text.
std::size_t text_at(std::string_view text);
/// The same for the one that it ends with.
std::size_t text_before(std::string_view text);

struct Replaced {
    View view;              // its shifts are the replaced places
    std::size_t copied = 0; // of the block
    bool only_text = false; // what the places are replaced by is text, whatever was encoded

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
