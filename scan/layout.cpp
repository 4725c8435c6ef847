#include "scan/layout.hpp"

#include "scan/lanes.hpp"
#include "scan/rule.hpp"
#include "scan/text_codec.hpp"

#include <algorithm>
#include <optional>

namespace egressd::scan {

namespace {

// Whatever a rule looks for, twelve characters in a row are ASCII that is printed or white space.
constexpr std::size_t least_text = 12;

struct TextBytes {
    static constexpr std::size_t ahead = 0;
    template <class V>
    EGRESSD_INLINE static void match(const char* at, Same<V>& out) {
        V bytes;
        load(at, bytes);
        Same<V> printed, space;
        in_range<V>(bytes, 0x20, 0x7e, printed);
        in_range<V>(bytes, '\t', '\r', space);
        out = printed | space;
    }
};

struct Base64Letters {
    static constexpr std::size_t ahead = 0;
    template <class V>
    EGRESSD_INLINE static void match(const char* at, Same<V>& out) {
        V bytes;
        load(at, bytes);
        // '+' to '9' but for ',' and '.'
        Same<V> letter, plus_to_nine;
        in_range<V>(bytes | 0x20, 'a', 'z', letter);
        in_range<V>(bytes, '+', '9', plus_to_nine);
        out = letter | (plus_to_nine & ((bytes | 2) != '.')) | (bytes == '_');
    }
};

bool is_mixed(std::string_view letters) {
    bool lower = false;
    bool upper = false;
    for (const char c : letters) {
        lower = lower || is_lower(c);
        upper = upper || is_upper(c);
        if (is_digit(c) || (lower && upper))
            return true;
    }
    return false;
}

std::vector<Run> text_of(std::string_view block) {
    // Twice what a match can be long, so that the runs within the first half need not be looked at.
    constexpr std::size_t step = max_match - least_text;
    constexpr std::size_t margin = 2 * max_match;
    std::vector<Run> regions;
    Runs<TextBytes, least_text> runs(block);
    for (std::optional<Run> run = runs.next(0); run;
         run = runs.next(std::min(run->end + step, block.size()))) {
        const std::size_t begin = run->begin - std::min(run->begin, margin);
        const std::size_t end = std::min(run->end + margin, block.size());
        if (!regions.empty() && begin <= regions.back().end)
            regions.back().end = end;
        else
            regions.push_back({begin, end});
    }
    return regions;
}

} // namespace

Layout layout_of(std::string_view block) {
    Layout layout;
    layout.text = text_of(block);
    for (const Run& region : layout.text) {
        const std::string_view text = block.substr(region.begin, region.end - region.begin);
        Runs<Base64Letters, least_run> runs(text);
        for (std::optional<Run> run = runs.next(0); run; run = runs.next(run->end))
            layout.letters.push_back({{region.begin + run->begin, region.begin + run->end},
                                      is_mixed(text.substr(run->begin, run->end - run->begin))});
    }
    return layout;
}

} // namespace egressd::scan
