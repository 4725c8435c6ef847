#include "scan/run_demand.hpp"

#include "scan/layout.hpp"
#include "scan/text_codec.hpp"

#include <algorithm>
#include <bitset>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

namespace egressd::scan {

namespace {

constexpr std::size_t unbounded = 1U << 20; // longer than any match
constexpr double least_chance = 1e-4;

/// A piece of a pattern: one atom with its quantifier, or a group as one.
struct Piece {
    bool letters = false; // base64 letters and nothing else
    std::size_t least = 0;
    std::size_t most = 0;
    // The chance that none of its `least` letters is a digit or of the other case.
    double lower = 1;
    double upper = 1;
};

using Set = std::bitset<256>;

bool is_base64_letter(char c) {
    return is_alnum(c) || c == '+' || c == '/' || c == '-' || c == '_';
}

Piece piece_of(const Set& set) {
    double all = 0;
    double not_upper = 0;
    double not_lower = 0;
    Piece piece{true, 1, 1, 1, 1};
    for (std::size_t byte = 0; byte < set.size(); ++byte) {
        const char c = static_cast<char>(byte);
        if (!set[byte] || c == '=') // padding: it ends a value
            continue;
        piece.letters = piece.letters && is_base64_letter(c);
        all += 1;
        not_upper += is_digit(c) || is_upper(c) ? 0 : 1;
        not_lower += is_digit(c) || is_lower(c) ? 0 : 1;
    }
    piece.letters = piece.letters && all > 0;
    piece.lower = all > 0 ? not_upper / all : 1;
    piece.upper = all > 0 ? not_lower / all : 1;
    return piece;
}

/// One behind the other.
Piece sum_of(const std::vector<Piece>& pieces) {
    Piece sum{true, 0, 0, 1, 1};
    for (const Piece& piece : pieces) {
        sum.letters = sum.letters && piece.letters;
        sum.least += piece.least;
        sum.most = std::min(unbounded, sum.most + piece.most);
        sum.lower *= piece.lower;
        sum.upper *= piece.upper;
    }
    return sum;
}

Piece repeated(const Piece& piece, std::size_t least, std::size_t most) {
    return Piece{piece.letters, piece.least * least, std::min(unbounded, piece.most * most),
                 std::pow(piece.lower, static_cast<double>(least)),
                 std::pow(piece.upper, static_cast<double>(least))};
}

/// Reads the patterns that rules are written in; `failed()` for anything else.
class Reader {
public:
    explicit Reader(std::string_view pattern) : rest_(pattern) {}

    bool failed() const { return failed_; }
    bool at_end() const { return rest_.empty(); }

    /// The alternatives up to the end, or to the ')' that ends the group.
    std::vector<std::vector<Piece>> read_alternatives(bool caseless, unsigned depth) {
        std::vector<std::vector<Piece>> alternatives(1);
        while (!failed_ && !rest_.empty() && rest_.front() != ')') {
            if (skip("|"))
                alternatives.emplace_back();
            else if (skip("(?i)"))
                caseless = true;
            else
                read_piece(alternatives.back(), caseless, depth);
        }
        return alternatives;
    }

private:
    static constexpr unsigned max_depth = 16;

    bool skip(std::string_view text) {
        if (!rest_.starts_with(text))
            return false;
        rest_.remove_prefix(text.size());
        return true;
    }

    char take() {
        if (rest_.empty()) {
            failed_ = true;
            return '\0';
        }
        const char c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }

    void read_piece(std::vector<Piece>& out, bool caseless, unsigned depth) {
        if (skip("^") || skip("$") || skip("\\b"))
            return;
        if (skip("("))
            return read_group(out, caseless, depth);
        const Set set = read_set(caseless);
        add_quantified(out, {piece_of(set)});
    }

    void read_group(std::vector<Piece>& out, bool caseless, unsigned depth) {
        if (skip("?i:"))
            caseless = true;
        else if (!skip("?:") && rest_.starts_with('?'))
            failed_ = true;
        if (depth == max_depth)
            failed_ = true;
        if (failed_)
            return;
        const std::vector<std::vector<Piece>> alternatives = read_alternatives(caseless, depth + 1);
        if (take() != ')')
            failed_ = true;
        if (alternatives.size() == 1)
            return add_quantified(out, alternatives.front());
        Piece any = sum_of(alternatives.front());
        for (const std::vector<Piece>& alternative : alternatives) {
            const Piece one = sum_of(alternative);
            any = Piece{any.letters && one.letters, std::min(any.least, one.least),
                        std::max(any.most, one.most), std::max(any.lower, one.lower),
                        std::max(any.upper, one.upper)};
        }
        add_quantified(out, {any});
    }

    /// `pieces` as often as the quantifier says that follows.
    void add_quantified(std::vector<Piece>& out, const std::vector<Piece>& pieces) {
        std::size_t least = 1;
        std::size_t most = 1;
        if (skip("?")) {
            least = 0;
        } else if (skip("*")) {
            least = 0;
            most = unbounded;
        } else if (skip("+")) {
            most = unbounded;
        } else if (skip("{")) {
            least = read_number();
            most = least;
            if (skip(","))
                most = rest_.starts_with('}') ? unbounded : read_number();
            if (!skip("}"))
                failed_ = true;
        } else {
            out.insert(out.end(), pieces.begin(), pieces.end());
            return;
        }
        skip("?");
        out.push_back(repeated(sum_of(pieces), least, most));
    }

    std::size_t read_number() {
        std::size_t number = 0;
        failed_ = failed_ || rest_.empty() || !is_digit(rest_.front());
        while (!rest_.empty() && is_digit(rest_.front()) && number < unbounded)
            number = number * 10 + static_cast<std::size_t>(take() - '0');
        return number;
    }

    Set read_set(bool caseless) {
        Set set;
        const char c = take();
        if (c == '[')
            set = read_class();
        else if (c == '.')
            set.set();
        else if (c == '\\')
            set = read_escape();
        else
            set.set(static_cast<unsigned char>(c));
        if (caseless) {
            for (std::size_t upper = 'A'; upper <= 'Z'; ++upper)
                if (const std::size_t lower = upper + ('a' - 'A'); set[upper] || set[lower])
                    set.set(upper).set(lower);
        }
        return set;
    }

    Set read_class() {
        Set set;
        const bool negated = skip("^");
        for (bool first = true; !failed_ && (first || !rest_.starts_with(']')); first = false) {
            if (rest_.starts_with("[:"))
                failed_ = true;
            const char c = take();
            if (c == '\\') {
                set |= read_escape();
            } else if (rest_.size() >= 2 && rest_.front() == '-' && rest_[1] != ']') {
                take();
                const char last = take();
                failed_ = failed_ || last == '\\' || last < c;
                for (int i = static_cast<unsigned char>(c); !failed_ && i <= static_cast<unsigned char>(last);
                     ++i)
                    set.set(static_cast<std::size_t>(i));
            } else {
                set.set(static_cast<unsigned char>(c));
            }
        }
        take(); // ']'
        return negated ? ~set : set;
    }

    /// What a class of letters cannot hold may be any byte: it is no letter, whichever it is.
    Set read_escape() {
        Set set;
        const char c = take();
        if (c == 'd' || c == 'w') {
            for (std::size_t byte = 0; byte < 128; ++byte) {
                const char one = static_cast<char>(byte);
                set.set(byte, is_digit(one) || (c == 'w' && (is_alnum(one) || one == '_')));
            }
        } else if (is_alnum(c)) {
            failed_ = failed_ || std::string_view("srntfv").find(c) == std::string_view::npos;
            set.set(' ');
        } else {
            set.set(static_cast<unsigned char>(c));
        }
        return set;
    }

    std::string_view rest_;
    bool failed_ = false;
};

/// The first run of the pieces that is long enough and mixed, with all letters that follow it.
bool have_run(const std::vector<Piece>& pieces, std::size_t before) {
    for (auto first = pieces.begin(); first != pieces.end(); ++first) {
        auto end = first;
        while (end != pieces.end() && end->letters)
            ++end;
        const Piece run = sum_of({first, end});
        if (run.least >= least_run && std::max(run.lower, run.upper) <= least_chance &&
            before + sum_of({pieces.begin(), first}).most <= before_run &&
            sum_of({end, pieces.end()}).most <= behind_run)
            return true;
    }
    return false;
}

} // namespace

bool demands_run(const Rule& rule) {
    Reader reader(rule.pattern);
    const std::vector<std::vector<Piece>> alternatives = reader.read_alternatives(false, 0);
    if (reader.failed() || !reader.at_end())
        return false;
    std::size_t before = 0;
    for (const std::string& keyword : rule.keywords)
        before = std::max(before, keyword_distance + keyword.size());
    return std::all_of(alternatives.begin(), alternatives.end(),
                       [&](const std::vector<Piece>& pieces) { return have_run(pieces, before); });
}

} // namespace egressd::scan
