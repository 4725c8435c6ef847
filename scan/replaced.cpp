#include "scan/replaced.hpp"

#include "scan/text_codec.hpp"

#include <algorithm>

namespace egressd::scan {

namespace {

// How much of what surrounds an encoded place can belong to a secret, and to the words that announce it.
constexpr std::size_t margin = 256;

} // namespace

std::size_t text_at(std::string_view text) {
    const char c = text.front();
    if (static_cast<unsigned char>(c) >= 0x80) {
        const std::size_t size = decode_utf8(text).size;
        return size > 1 ? size : 0;
    }
    return c >= 0x20 || c == '\0' || c == '\t' || c == '\n' || c == '\r' ? 1 : 0;
}

std::size_t text_before(std::string_view text) {
    for (std::size_t size = 1; size <= std::min<std::size_t>(text.size(), 4); ++size) {
        if (text_at(text.substr(text.size() - size)) == size)
            return size;
    }
    return 0;
}

std::size_t View::source_of(std::size_t at) const {
    const auto behind =
        std::upper_bound(shifts.begin(), shifts.end(), at,
                         [](std::size_t place, const auto& shift) { return place < shift.first; });
    if (behind == shifts.begin())
        return shifts.empty() ? begin : begin + at;
    const auto& [in_text, in_block] = *std::prev(behind);
    return in_block + (at - in_text);
}

void View::move(std::size_t by) {
    begin += by;
    end += by;
    for (auto& shift : shifts)
        shift.second += by;
}

void Replaced::copy_to(std::string_view block, std::size_t at) {
    view.text.append(block.substr(copied, at - copied));
    copied = at;
}

void Replaced::skip(std::size_t size, bool may_hide) {
    copied += size;
    view.shifts.emplace_back(view.text.size(), copied);
    if (may_hide)
        places_.push_back(view.text.size());
}

/// The byte at `at` of the text is what an escape stood for: it belongs to what was encoded, text or not.
bool Replaced::is_replaced(std::size_t at) const {
    return !only_text &&
           std::binary_search(view.shifts.begin(), view.shifts.end(), std::pair(at + 1, std::size_t{0}),
                              [](const auto& a, const auto& b) { return a.first < b.first; });
}

View Replaced::part(std::string_view block, std::size_t begin, std::size_t end) const {
    View part{view.encoding, view.text.substr(begin, end - begin), view.source_of(begin), 0, {}};
    part.end = end == view.text.size() ? block.size() : view.source_of(end);
    const auto first =
        std::lower_bound(view.shifts.begin(), view.shifts.end(), begin,
                         [](const auto& shift, std::size_t place) { return shift.first < place; });
    for (auto shift = first; shift != view.shifts.end() && shift->first <= end; ++shift)
        part.shifts.emplace_back(shift->first - begin, shift->second);
    return part;
}

void Replaced::finish(std::string_view block, std::vector<View>& views) {
    if (places_.empty())
        return;
    copy_to(block, block.size());
    const std::string_view text = view.text;
    std::size_t done = 0; // of the text
    for (auto place = places_.begin(); place != places_.end();) {
        std::size_t begin = std::max(done, *place);
        const std::size_t least = std::max(done, begin - std::min(begin, margin));
        while (begin > least) {
            const std::size_t size = text_before(text.substr(least, begin - least));
            if (size == 0 && !is_replaced(begin - 1))
                break;
            begin -= std::max<std::size_t>(size, 1);
        }
        // As far as there is text, and another such place not too far away.
        std::size_t end = *place;
        for (; place != places_.end() && *place <= end; ++place) {
            const std::size_t most = std::min(text.size(), *place + margin);
            while (end < most) {
                const std::size_t size = text_at(text.substr(end, most - end));
                if (size == 0 && !is_replaced(end))
                    break;
                end += std::max<std::size_t>(size, 1);
            }
        }
        if (end - begin >= least_text)
            views.push_back(part(block, begin, end));
        done = end;
    }
}

} // namespace egressd::scan
