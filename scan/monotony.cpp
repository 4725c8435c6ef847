#include "scan/monotony.hpp"

#include "scan/text_codec.hpp"

#include <algorithm>
#include <bitset>
#include <string>

namespace egressd::scan {

namespace {

/// How many characters the piece seems to be drawn from. The first quarter, where a prefix would stand, is
/// left out.
double alphabet_size(std::string_view piece) {
    bool digit = false;
    char lower = 0; // the greatest of each kind
    char upper = 0;
    for (const char c : piece.substr(piece.size() / 4)) {
        digit = digit || is_digit(c);
        lower = is_lower(c) ? std::max(lower, c) : lower;
        upper = is_upper(c) ? std::max(upper, c) : upper;
    }
    const int lower_size = lower == 0 ? 0 : lower <= 'f' ? 6 : 26;
    const int upper_size = upper == 0 ? 0 : upper <= 'F' ? 6 : 26;
    return std::max(10, (digit ? 10 : 0) + lower_size + upper_size);
}

/// The least length, `least` or more, of a stretch in which each character follows from the one before that
/// chance makes in less than two of a million such pieces.
std::size_t telling_length(std::string_view piece, std::size_t least) {
    constexpr double chance = 2e-6;
    const double alphabet = alphabet_size(piece);
    auto expected = static_cast<double>(piece.size());
    std::size_t length = 1;
    for (; expected > chance || length < least; ++length) {
        expected /= alphabet;
    }
    return length;
}

/// How often, in the longest stretch, a character follows from the one `lag` places before it.
template <class Follows>
std::size_t longest(std::string_view text, std::size_t lag, Follows follows) {
    std::size_t best = 0;
    std::size_t now = 0;
    for (std::size_t i = lag; i < text.size(); ++i) {
        now = follows(text[i - lag], text[i]) ? now + 1 : 0;
        best = std::max(best, now);
    }
    return best;
}

bool same(char a, char b) {
    return a == b;
}

/// 0 follows 9 and f, as in 1234567890abcdef0123.
bool counts_on(char a, char b) {
    a = to_lower(a);
    b = to_lower(b);
    switch (a) {
    case '9':
        return b == '0' || b == 'a';
    case 'f':
        return b == 'g' || b == '0';
    case 'z':
        return b == 'a' || b == '0' || b == '1';
    default:
        return is_alnum(a) && b == a + 1;
    }
}

bool counts_back(char a, char b) {
    return counts_on(b, a);
}

/// aaaaaa. The zeros of binary data are "AAAA..." in base64, so a run of 'A' must be a good part of the text.
bool repeats_one(std::string_view piece, std::size_t whole) {
    const std::size_t telling = telling_length(piece, 6);
    const std::size_t run = 1 + longest(piece, 1, [](char a, char b) { return a == b && a != 'A'; });
    const std::size_t zeros = 1 + longest(piece, 1, [](char a, char b) { return a == b && a == 'A'; });
    return run >= telling || (zeros >= telling && zeros * 3 >= whole);
}

/// 12345678, abcdefgh, 87654321, a1b2c3d4e5f6
bool counts(std::string_view piece) {
    const std::size_t telling = telling_length(piece, 8);
    return longest(piece, 1, counts_on) + 1 >= telling || longest(piece, 1, counts_back) + 1 >= telling ||
           longest(piece, 2, counts_on) >= telling + 2;
}

constexpr std::size_t least_again = 10; // so often not even digits repeat or count by chance

bool is_most(std::size_t part, std::string_view text) {
    return part >= least_again && part * 5 >= text.size() * 3;
}

/// abcabcabcabc, 0123401234: most of the text is a short piece again and again.
bool repeats_piece(std::string_view text) {
    constexpr std::size_t longest_piece = 16;
    for (std::size_t lag = 1; lag <= longest_piece && lag + least_again <= text.size(); ++lag) {
        const std::size_t again = longest(text, lag, same);
        if (again >= least_again && is_most(again + lag, text)) {
            return true;
        }
    }
    return false;
}

/// 1234-5678-9012, abc123def456ghi789: most characters count on from the one before.
bool counts_mostly(std::string_view text) {
    std::size_t steps = 0;
    for (std::size_t i = 1; i < text.size(); ++i) {
        steps += counts_on(text[i - 1], text[i]) ? 1 : 0;
    }
    return is_most(steps, text);
}

bool has_few_characters(std::string_view text) {
    std::bitset<256> seen;
    for (const char c : text) {
        seen.set(static_cast<unsigned char>(c));
    }
    return text.size() >= 16 && seen.count() <= 3;
}

} // namespace

bool is_monotonous(std::string_view text) {
    // Separators may stand in the middle of a repetition (1234-5678-9012), but pieces have alphabets of their
    // own: in a token of digits, '-' and letters the digits repeat more often than among letters.
    std::string joined;
    for (std::string_view rest = text; !rest.empty();) {
        const auto* const end = std::find_if_not(rest.begin(), rest.end(), is_alnum);
        const std::string_view piece = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
        if (repeats_one(piece, text.size()) || counts(piece)) {
            return true;
        }
        joined += piece;
        rest.remove_prefix(std::min(piece.size() + 1, rest.size()));
    }
    return joined.empty() || repeats_piece(joined) || counts_mostly(joined) || has_few_characters(joined);
}

} // namespace egressd::scan
