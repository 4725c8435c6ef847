#include "config/plain_rules.hpp"

#include <algorithm>
#include <utility>

namespace egressd::config {
namespace {

using yaml::Node;

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Characters that mean nothing to YAML where they stand; other words have to be quoted.
constexpr std::string_view in_list = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/ ";
constexpr std::string_view in_line =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/ ,;:()'+&=|";

/// What YAML takes for nothing.
bool is_null(std::string_view plain) {
    return plain == "null" || plain == "Null" || plain == "NULL";
}

/// One line, from left to right. Every function is false when the text is not of the form, and what was read
/// then means nothing.
class Line {
public:
    Line(std::string_view text, int number) : text_(text), number_(number) {}

    bool skip(std::string_view prefix) {
        if (!text_.substr(at_).starts_with(prefix))
            return false;
        at_ += prefix.size();
        return true;
    }
    bool is_at_end() const { return at_ == text_.size(); }
    Position position() const { return {number_, static_cast<int>(at_) + 1}; }

    /// "key: ", or "key:" at the end of the line.
    bool read_key(Node& node) {
        node.key_at = position();
        const std::size_t end = text_.find(':', at_);
        if (end == std::string_view::npos || end == at_)
            return false;
        node.key = text_.substr(at_, end - at_);
        at_ = end + 1;
        const bool is_word =
            std::all_of(node.key.begin(), node.key.end(), is_letter_or_digit) && !is_null(node.key);
        return is_word && (is_at_end() || skip(" "));
    }

    bool read_value(Node& node) {
        node.at = position();
        if (!skip("["))
            return read_scalar(node, in_line) && ends();
        node.kind = Node::Kind::sequence;
        return read_items(node);
    }

    /// The items of a list up to its end, or to the comma at the end of the line; then the list is_open().
    bool read_items(Node& list) {
        do {
            Node& item = list.children.emplace_back();
            item.at = position();
            if (!read_scalar(item, in_list))
                return false;
        } while (skip(", "));
        is_open_ = skip(",");
        return (is_open_ || skip("]")) && ends();
    }
    bool is_open() const { return is_open_; }

    void skip_spaces() { at_ = std::min(text_.find_first_not_of(' ', at_), text_.size()); }

private:
    /// At most a comment follows.
    bool ends() {
        const std::size_t before = at_;
        skip_spaces();
        return is_at_end() || (at_ > before && text_[at_] == '#');
    }

    /// `plain`: what a scalar without quotes may hold.
    bool read_scalar(Node& node, std::string_view plain) {
        node.kind = Node::Kind::scalar;
        if (skip("\""))
            return read_quoted(node);
        if (is_at_end() || !is_letter_or_digit(text_[at_]))
            return false;
        const std::size_t stop = std::min(text_.find_first_not_of(plain, at_), text_.size());
        const std::size_t last = text_.find_last_not_of(' ', stop - 1);
        node.text = text_.substr(at_, last + 1 - at_);
        at_ = last + 1;
        return node.text.find(": ") == std::string::npos && node.text.back() != ':' && !is_null(node.text);
    }

    bool read_quoted(Node& node) {
        node.quoted = true;
        while (true) {
            const std::size_t stop = text_.find_first_of("\\\"", at_);
            if (stop == std::string_view::npos)
                return false;
            node.text.append(text_, at_, stop - at_);
            at_ = stop + 1;
            if (text_[stop] == '"')
                return true;
            if (is_at_end() || (text_[at_] != '\\' && text_[at_] != '"'))
                return false;
            node.text += text_[at_++];
        }
    }

    std::string_view text_;
    int number_;
    std::size_t at_ = 0;
    bool is_open_ = false;
};

bool is_blank_or_comment(std::string_view line) {
    const std::size_t begin = line.find_first_not_of(' ');
    return begin == std::string_view::npos || line[begin] == '#';
}

class Reader {
public:
    std::optional<Node> read(std::string_view text) {
        root_.kind = Node::Kind::mapping;
        for (int number = 1; !text.empty(); ++number) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            const std::string_view line = text.substr(0, end);
            text.remove_prefix(std::min(end + 1, text.size()));
            if (line.find_first_of("\t\r") != std::string_view::npos)
                return std::nullopt;
            if (!is_blank_or_comment(line) && !read_line(Line(line, number)))
                return std::nullopt;
        }
        if (open_ != nullptr || root_.children.size() != 2 || root_.children.back().children.empty())
            return std::nullopt;
        return std::move(root_);
    }

private:
    bool read_line(Line line) {
        if (open_ != nullptr)
            return continue_list(line);
        if (root_.children.empty())
            return read_version(line);
        if (root_.children.size() == 1)
            return begin_rules(line);
        Node& rules = root_.children.back();
        if (line.skip("  - ")) {
            if (rules.children.empty())
                rules.at = {line.position().line, 3};
            Node& rule = rules.children.emplace_back();
            rule.kind = Node::Kind::mapping;
            rule.at = line.position();
        } else if (rules.children.empty() || !line.skip("    ")) {
            return false;
        }
        return read_member(line, rules.children.back());
    }

    bool read_version(Line& line) {
        root_.at = line.position();
        return read_member(line, root_) && root_.children.back().key == "version";
    }

    bool begin_rules(Line& line) {
        Node& rules = root_.children.emplace_back();
        rules.kind = Node::Kind::sequence;
        return line.read_key(rules) && rules.key == "rules" && line.is_at_end();
    }

    bool continue_list(Line& line) {
        if (!line.skip("      "))
            return false;
        line.skip_spaces();
        const bool is_list = line.read_items(*open_);
        if (!line.is_open())
            open_ = nullptr;
        return is_list;
    }

    bool read_member(Line& line, Node& mapping) {
        Node member;
        if (!line.read_key(member) || mapping.find(member.key) != nullptr || !line.read_value(member))
            return false;
        mapping.children.push_back(std::move(member));
        if (line.is_open())
            open_ = &mapping.children.back();
        return true;
    }

    Node root_;
    Node* open_ = nullptr; // a list that goes on in the next line; nothing is added elsewhere until it ends
};

} // namespace

std::optional<yaml::Node> parse_plain_rules(std::string_view text) {
    return Reader().read(text);
}

} // namespace egressd::config
