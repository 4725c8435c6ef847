// How does text become JSON that no terminal, editor or parser can be fooled with? Only printable ASCII comes
// out: everything else is an escape, so controls, bidi marks, invisible characters and look-alikes are seen
// for what they are, and one record is one line. It appends to one string and builds no tree, because two
// records a request are written with it.
#pragma once

#include <charconv>
#include <concepts>
#include <span>
#include <string>
#include <string_view>

namespace egressd::audit {

/// `text` as a JSON string with its quotes. Each byte that is not part of valid UTF-8 becomes \ufffd.
void append_quoted(std::string& out, std::string_view text);

/// A complete JSON value made elsewhere, brought to the same form: escapes for what is not ASCII, no line
/// breaks.
void append_json(std::string& out, std::string_view json);

template <std::integral Number>
void append_number(std::string& out, Number number) {
    char digits[24]; // 20 digits and a sign are the most that 64 bits need
    const std::to_chars_result end = std::to_chars(digits, digits + sizeof digits, number);
    out.append(digits, end.ptr);
}

/// Appends members to the inside of an object; the braces of the outermost one are the caller's. Names are
/// literals of ours.
class Members {
public:
    explicit Members(std::string& out) : out_(out) {}

    Members& text(std::string_view name, std::string_view value);
    /// Leaves the member out when there is nothing to say.
    Members& text_if_any(std::string_view name, std::string_view value);
    Members& texts(std::string_view name, std::span<const std::string> values);
    Members& flag(std::string_view name, bool value);
    Members& json(std::string_view name, std::string_view value);

    template <std::integral Number>
    Members& number(std::string_view name, Number value) {
        begin(name);
        append_number(out_, value);
        return *this;
    }

    /// `fill(Members&)` writes the members of the inner object.
    template <class Fill>
    Members& object(std::string_view name, const Fill& fill) {
        begin(name);
        out_ += '{';
        fill(*this);
        out_ += '}';
        return *this;
    }

private:
    void begin(std::string_view name);

    std::string& out_;
};

} // namespace egressd::audit
