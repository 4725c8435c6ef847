#include "config/yaml.hpp"

#include "config/encoding.hpp"
#include "net/host.hpp"

#include <yaml-cpp/emitterstyle.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <unordered_map>
#include <utility>

namespace egressd::config::yaml {
namespace {

/// Thrown through yaml-cpp when what follows is not worth reading; the reason is in the report already.
struct Stop {};

/// yaml-cpp counts from 0.
Position position(const YAML::Mark& mark) {
    if (mark.is_null())
        return {};
    return {mark.line + 1, mark.column + 1};
}

/// Escapes in double quotes can make what the file itself may not hold.
bool is_one_visible_line(std::string_view value) {
    return value.find_first_of("\t\r\n") == std::string_view::npos && !find_encoding_fault(value);
}

/// Builds the tree from yaml-cpp's events rather than from its nodes: only the events show duplicate keys,
/// anchors and where a document ends.
class Builder : public YAML::EventHandler {
public:
    explicit Builder(const FileReport& report) : report_(report) {}

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1)
            stop(position(mark), "a second document begins here; exactly one is expected");
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        refuse_anchor(mark, anchor);
        if (expects_key())
            stop(position(mark), "a key is missing before ':'");
        place(Node::Kind::null, mark);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        stop(position(mark), "aliases (*name) are not part of this language; write the value out");
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse_anchor(mark, anchor);
        if (tag != "?" && tag != "!")
            report_.error(position(mark), "tags (!name) are not part of this language");
        if (!is_one_visible_line(value))
            stop(position(mark), "a text must be one line of visible characters");
        if (expects_key()) {
            open_.back().key = value;
            open_.back().key_at = position(mark);
            open_.back().has_key = true;
            return;
        }
        Node& node = place(Node::Kind::scalar, mark);
        node.text = value;
        node.quoted = tag == "!";
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(Node::Kind::sequence, mark, tag, anchor);
    }
    void OnSequenceEnd() override { open_.pop_back(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(Node::Kind::mapping, mark, tag, anchor);
    }
    void OnMapEnd() override { open_.pop_back(); }

    std::optional<Node>& root() { return root_; }

private:
    /// A collection whose end has not come yet.
    struct Open {
        Node* node = nullptr;                       // stays where it is: only the innermost collection grows
        std::unordered_map<std::string, int> lines; // key → line, of a mapping
        std::string key;
        Position key_at;
        bool has_key = false;
    };

    bool expects_key() const {
        return !open_.empty() && open_.back().node->kind == Node::Kind::mapping && !open_.back().has_key;
    }

    [[noreturn]] void stop(Position at, std::string message) {
        report_.error(at, std::move(message));
        throw Stop{};
    }

    void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor != 0)
            report_.error(position(mark),
                          "anchors (&name) are not part of this language; write the value out");
    }

    void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
        refuse_anchor(mark, anchor);
        if (!tag.empty() && tag != "?")
            report_.error(position(mark), "tags (!name) are not part of this language");
        if (expects_key())
            stop(position(mark), "a key must be a plain word");
        if (open_.size() >= static_cast<std::size_t>(max_depth))
            stop(position(mark), "nested deeper than " + std::to_string(max_depth) + " levels");
        Open next;
        next.node = &place(kind, mark);
        open_.push_back(std::move(next));
    }

    /// Adds a node where the events are now, and returns it.
    Node& place(Node::Kind kind, const YAML::Mark& mark) {
        if (++nodes_ > max_nodes)
            stop(position(mark), "more than " + std::to_string(max_nodes) + " values in one file");
        Node node;
        node.kind = kind;
        node.at = position(mark);
        if (open_.empty())
            return root_.emplace(std::move(node));
        Open& parent = open_.back();
        if (kind == Node::Kind::null)
            node.at = parent.node->at; // its own mark is where the next thing begins
        if (parent.node->kind == Node::Kind::mapping) {
            check_key(parent);
            node.key = std::move(parent.key);
            node.key_at = parent.key_at;
            parent.has_key = false;
        }
        return parent.node->children.emplace_back(std::move(node));
    }

    void check_key(Open& mapping) {
        if (report_.report().is_full())
            throw Stop{};
        const auto [first, is_new] = mapping.lines.emplace(mapping.key, mapping.key_at.line);
        if (!is_new)
            report_.error(mapping.key_at, "duplicate key " + in_quotes(mapping.key) + "; it stands in line " +
                                              std::to_string(first->second) + " already");
    }

    const FileReport& report_;
    std::optional<Node> root_;
    std::vector<Open> open_;
    std::size_t nodes_ = 0;
    int documents_ = 0;
};

} // namespace

const Node* Node::find(std::string_view name) const {
    for (const Node& child : children) {
        if (child.key == name)
            return &child;
    }
    return nullptr;
}

std::optional<Node> parse(std::string_view text, const FileReport& report) {
    // The scanner queues a whole run of opening brackets before the first event shows how deep they go.
    const auto brackets =
        std::count_if(text.begin(), text.end(), [](char c) { return c == '[' || c == '{'; });
    if (static_cast<std::size_t>(brackets) > max_nodes) {
        report.error({}, "more than " + std::to_string(max_nodes) + " opening brackets");
        return std::nullopt;
    }
    std::istringstream stream{std::string(text)};
    Builder builder(report);
    try {
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const YAML::Exception& fault) {
        report.error(position(fault.mark), "not valid YAML: " + net::sanitised(fault.msg));
        return std::nullopt;
    } catch (const Stop&) {
        return std::nullopt;
    }
    if (!builder.root())
        report.error({1, 1}, "the file is empty; it must begin with \"version: 1\"");
    return std::move(builder.root());
}

} // namespace egressd::config::yaml
