#include "scan/letters.hpp"
#include "scan/text_codec.hpp"
#include "scan/view.hpp"

#include <algorithm>
#include <array>

namespace egressd::scan {

namespace {

constexpr std::size_t least_bytes = 12; // of a region; no secret is shorter

/// All that numbers and their separators are written with, and a little more; 12 of them are at least 34
/// letters long. Four spaces in a row separate nothing: they are indentation.
struct NumberLetters {
    static constexpr std::size_t ahead = 3;
    template <class V>
    EGRESSD_INLINE static void match(const char* at, Same<V>& out) {
        V bytes, second, third, fourth;
        load(at, bytes);
        load(at + 1, second);
        load(at + 2, third);
        load(at + 3, fourth);
        const V small = bytes | 0x20;
        // Up to ';': digits, white space and punctuation; '\\', '|' and '_' are three of the last eight.
        Same<V> hex, low;
        in_range<V>(small, 'a', 'f', hex);
        in_range<V>(bytes, 0, ';', low);
        const auto indented = (bytes == ' ') & (second == ' ') & (third == ' ') & (fourth == ' ');
        out = (low | hex | (small == 'x') | ((bytes | 0x23) == 0x7f)) & ~indented;
    }
};
constexpr std::size_t least_numbers = 34;

bool is_text(char c) {
    return (c >= 0x20 && c < 0x7f) || c == '\t' || c == '\n' || c == '\r';
}

constexpr std::array<bool, 256> make_word_letters() {
    std::array<bool, 256> letters{};
    for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"))
        letters[static_cast<unsigned char>(c)] = true;
    return letters;
}
constexpr std::array<bool, 256> word_letters = make_word_letters();

bool is_word(char c) {
    return word_letters[static_cast<unsigned char>(c)];
}

/// Separators between two numbers: one to three characters, none of a word.
std::size_t separators(std::string_view text, std::size_t at) {
    std::size_t count = 0;
    while (at + count < text.size() && count < 3 && !is_word(text[at + count]))
        ++count;
    return count;
}

struct Number {
    std::size_t size = 0; // 0: none
    unsigned value = 0;
};

/// Two hex digits, with "0x" or "\x" in front or not.
Number hex_number(std::string_view text, std::size_t at) {
    const std::string_view mark = text.substr(at, 2);
    const std::size_t skip = mark == "0x" || mark == "0X" || mark == "\\x" ? 2U : 0U;
    at += skip;
    if (at + 2 > text.size())
        return {};
    const unsigned high = hex_digit(text[at]);
    const unsigned low = hex_digit(text[at + 1]);
    if (high > 15 || low > 15 || (at + 2 < text.size() && is_word(text[at + 2])))
        return {};
    return {skip + 2, high * 16 + low};
}

/// One to three digits, at most 255.
Number decimal_number(std::string_view text, std::size_t at) {
    Number number;
    while (number.size < 4 && at + number.size < text.size()) {
        const char c = text[at + number.size];
        if (c < '0' || c > '9')
            break;
        number.value = number.value * 10 + static_cast<unsigned>(c - '0');
        ++number.size;
    }
    const bool whole = at + number.size >= text.size() || !is_word(text[at + number.size]);
    return whole && number.value < 256 && number.size < 4 ? number : Number{};
}

/// The bytes of the numbers that stand at `at`, and where they end.
template <class ReadNumber>
std::string read_row(std::string_view block, std::size_t at, std::size_t& end, ReadNumber read) {
    std::string bytes;
    end = at;
    for (;;) {
        const Number number = read(block, at);
        if (number.size == 0)
            return bytes;
        bytes += static_cast<char>(number.value);
        end = at + number.size;
        const std::size_t gap = separators(block, end);
        if (gap == 0)
            return bytes;
        at = end + gap;
        // "\x" is a separator to separators(), and the mark of the next number to us.
        if (at < block.size() && block[at - 1] == '\\' && block[at] == 'x')
            --at;
    }
}

/// Appends a view if enough numbers begin at `at`; returns where they end.
template <class ReadNumber>
std::size_t add_row(std::string_view block, std::size_t at, std::string_view encoding,
                    std::vector<View>& views, ReadNumber read) {
    std::size_t end = at;
    std::string bytes = read_row(block, at, end, read);
    if (bytes.size() >= least_bytes)
        views.push_back(View{encoding, std::move(bytes), at, end, {}});
    return end;
}

void read_rows(std::string_view block, const Run& run, std::vector<View>& views) {
    std::size_t hex_end = 0;
    std::size_t decimal_end = 0;
    bool in_word = run.begin > 0 && is_word(block[run.begin - 1]);
    for (std::size_t at = run.begin; at < run.end; ++at) {
        const bool starts = !in_word && is_word(block[at]);
        in_word = is_word(block[at]);
        if (!starts)
            continue;
        if (at >= hex_end)
            hex_end = add_row(block, at, "hex", views, hex_number);
        if (at >= decimal_end)
            decimal_end = add_row(block, at, "decimal", views, decimal_number);
    }
}

} // namespace

void narrow_utf16(std::string_view block, std::vector<View>& views) {
    for (std::size_t at = block.find('\0', 1); at != std::string_view::npos;) {
        const std::size_t begin = at - 1;
        std::size_t end = begin;
        std::string text;
        // One NUL behind each character, or three of them (UTF-32). Big endian, the last one has its own in
        // front.
        while (end < block.size() && is_text(block[end])) {
            text += block[end++];
            if (end == block.size() || block[end] != '\0')
                break;
            while (end < block.size() && block[end] == '\0')
                ++end;
        }
        if (text.size() >= least_bytes)
            views.push_back(View{"utf-16", std::move(text), begin, end, {}});
        at = block.find('\0', std::max(end, at + 1));
    }
}

void read_numbers(std::string_view block, std::vector<View>& views) {
    Runs<NumberLetters, least_numbers> runs(block);
    for (std::optional<Run> run = runs.next(0); run; run = runs.next(run->end))
        read_rows(block, *run, views);
}

} // namespace egressd::scan
