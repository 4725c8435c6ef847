// Path globs, matched by running all partial matches side by side instead of backtracking: an agent chooses
// the path, and no path may cost more than its length times the glob's stars.
#include "policy/rule.hpp"

#include <cstdint>
#include <vector>

namespace egressd::policy {
namespace {

struct Token {
    enum class Kind { literal, star, double_star };
    Kind kind;
    char literal;
};

std::vector<Token> tokens_of(std::string_view glob) {
    std::vector<Token> tokens;
    for (std::size_t i = 0; i < glob.size(); ++i) {
        if (glob[i] != '*') {
            tokens.push_back({Token::Kind::literal, glob[i]});
        } else if (i + 1 < glob.size() && glob[i + 1] == '*') {
            tokens.push_back({Token::Kind::double_star, '\0'});
            ++i;
        } else {
            tokens.push_back({Token::Kind::star, '\0'});
        }
    }
    return tokens;
}

/// Positions in the token list at which the path read so far may stand, in rising order without duplicates.
class Positions {
public:
    explicit Positions(const std::vector<Token>& tokens) : tokens_(tokens) {}

    /// Adds `position`, and those after it that are reached because a star may be empty.
    void add(std::size_t position) {
        for (;; ++position) {
            // A run added before ends at a literal, so what is not beyond its end is in it.
            if (items_.empty() || items_.back() < position)
                items_.push_back(position);
            if (position == tokens_.size() || tokens_[position].kind == Token::Kind::literal)
                return;
        }
    }

    const std::vector<std::size_t>& items() const { return items_; }
    bool at_end() const { return !items_.empty() && items_.back() == tokens_.size(); }
    void clear() { items_.clear(); }
    void swap(Positions& other) { items_.swap(other.items_); }

private:
    const std::vector<Token>& tokens_;
    std::vector<std::size_t> items_;
};

} // namespace

bool glob_matches(std::string_view glob, std::string_view path) {
    const std::vector<Token> tokens = tokens_of(glob);
    Positions now(tokens);
    Positions next(tokens);
    now.add(0);
    for (const char c : path) {
        for (const std::size_t position : now.items()) {
            if (position == tokens.size())
                continue;
            const Token& token = tokens[position];
            if (token.kind == Token::Kind::literal) {
                if (token.literal == c)
                    next.add(position + 1);
            } else if (token.kind == Token::Kind::double_star || c != '/') {
                next.add(position);
            }
        }
        now.swap(next);
        next.clear();
        if (now.items().empty())
            return false;
    }
    return now.at_end();
}

} // namespace egressd::policy
