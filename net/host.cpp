// Why one pass over bytes and not a URL library: this runs for every request, DNS question and ClientHello,
// and nearly every name is plain ASCII. Such a name is lowered and checked in one loop. A name with other
// bytes is first brought to A-labels, label by label, and then goes through the same loop: there is one gate,
// and nothing gets round it.
#include "net/host.hpp"

#include "net/idna.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace egressd::net {
namespace {

/// Longest text that can still be a host: every character of a name in four bytes of UTF-8, and a dot at the
/// end.
constexpr std::size_t max_input = 4 * max_name_length + 1;

Error refused(const char* message) {
    return Error{Side::client, message};
}

bool is_ascii(char c) {
    return static_cast<unsigned char>(c) < 0x80;
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

/// What a byte of a name becomes; 0 where it can stand in none.
constexpr std::array<char, 256> name_characters = [] {
    std::array<char, 256> table{};
    for (unsigned char c = 'a'; c <= 'z'; ++c) {
        table[c] = static_cast<char>(c);
        table[c - 'a' + 'A'] = static_cast<char>(c);
    }
    for (unsigned char c = '0'; c <= '9'; ++c)
        table[c] = static_cast<char>(c);
    for (const char c : {'-', '_', '.'})
        table[static_cast<unsigned char>(c)] = c;
    return table;
}();

char lowered(char c) {
    return name_characters[static_cast<unsigned char>(c)];
}

/// nullptr when `label` (lower case) is fine, else what is wrong with it.
const char* fault_of_label(std::string_view label) {
    if (label.empty())
        return "the host name has an empty label";
    if (label.size() > max_label_length)
        return "the host name has a label of more than 63 characters";
    if (label.front() == '-' || label.back() == '-')
        return "the host name has a label that begins or ends with '-'";
    if (label.starts_with("xn--") && !is_a_label(label))
        return "the host name has an invalid A-label (xn--)";
    return nullptr;
}

/// WHATWG URL "ends in a number checker": such a name is an IPv4 address to browsers, curl and inet_aton().
bool is_number(std::string_view label) {
    if (label.starts_with("0x"))
        return std::all_of(label.begin() + 2, label.end(), is_hex);
    return std::all_of(label.begin(), label.end(), is_digit);
}

/// The gate: every name, once it is ASCII. Without the trailing dot, not empty.
Result<std::string> canonical_name(std::string_view text) {
    std::string name;
    name.reserve(text.size());
    std::size_t label_begin = 0;
    for (const char c : text) {
        const char canonical = lowered(c);
        if (canonical == 0)
            return refused("the host name has a character other than letters, digits, '-', '_' and '.'");
        if (canonical == '.') {
            if (const char* fault = fault_of_label(std::string_view(name).substr(label_begin)))
                return refused(fault);
            label_begin = name.size() + 1;
        }
        name += canonical;
    }
    const std::string_view last = std::string_view(name).substr(label_begin);
    if (const char* fault = fault_of_label(last))
        return refused(fault);
    if (is_number(last))
        return refused("the host name ends in a number: write an IPv4 address as four decimal numbers");
    if (name.size() > max_name_length)
        return refused("the host name is longer than 253 characters");
    return name;
}

/// `text` with every label that holds more than ASCII as an A-label.
Result<std::string> with_a_labels(std::string_view text) {
    // Before libidn2 sees it, which stops at NUL: no ASCII byte that a name cannot have.
    if (!std::all_of(text.begin(), text.end(), [](char c) { return !is_ascii(c) || lowered(c) != 0; }))
        return refused("the host name has a character other than letters, digits, '-', '_' and '.'");
    std::string ascii;
    while (true) {
        const std::size_t dot = text.find('.');
        const std::string_view label = text.substr(0, dot);
        if (std::all_of(label.begin(), label.end(), is_ascii)) {
            ascii += label;
        } else {
            const Result<std::string> a_label = to_a_label(label);
            if (!a_label)
                return a_label.error();
            ascii += *a_label;
        }
        if (dot == std::string_view::npos)
            return ascii;
        ascii += '.';
        text.remove_prefix(dot + 1);
    }
}

/// Four decimal numbers without leading zeros: the one spelling that all programs read alike.
std::optional<boost::asio::ip::address_v4> canonical_ipv4(std::string_view text) {
    boost::asio::ip::address_v4::bytes_type bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const char* end = text.data() + text.size();
        const auto [next, error] = std::from_chars(text.data(), end, bytes[i]);
        const auto digits = static_cast<std::size_t>(next - text.data());
        if (error != std::errc{} || (digits > 1 && text.front() == '0'))
            return std::nullopt;
        text.remove_prefix(digits);
        if (i + 1 == bytes.size())
            break;
        if (text.empty() || text.front() != '.')
            return std::nullopt;
        text.remove_prefix(1);
    }
    if (!text.empty())
        return std::nullopt;
    return boost::asio::ip::address_v4(bytes);
}

Result<Host> parse_ipv6(std::string_view text) {
    if (text.find('%') != std::string_view::npos)
        return refused("an IPv6 address with a zone id is not accepted");
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
        return c == ':' || c == '.' || is_hex(c) || (c >= 'A' && c <= 'F');
    });
    boost::system::error_code error;
    const auto address =
        boost::asio::ip::make_address_v6(std::string(plain ? text : std::string_view{}), error);
    if (error)
        return refused("the host is not a valid IPv6 address");
    return Host::of(address);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const char* end = text.data() + text.size();
    const auto [next, error] = std::from_chars(text.data(), end, port);
    // from_chars takes neither sign nor space for an unsigned number.
    if (error != std::errc{} || next != end || text.front() == '0')
        return std::nullopt;
    return port;
}

} // namespace

Result<Host> Host::parse(std::string_view text) {
    if (text.empty())
        return refused("the host is empty");
    if (text.size() > max_input)
        return refused("the host name is longer than 253 characters");
    if (text.front() == '[') {
        if (text.size() < 2 || text.back() != ']')
            return refused("the brackets around the host do not match");
        return parse_ipv6(text.substr(1, text.size() - 2));
    }
    if (text.find(':') != std::string_view::npos)
        return parse_ipv6(text);
    if (is_digit(text.front())) {
        if (const auto address = canonical_ipv4(text))
            return of(*address);
    }
    if (text.back() == '.')
        text.remove_suffix(1);

    const bool ascii = std::all_of(text.begin(), text.end(), is_ascii);
    Result<std::string> name = std::string();
    if (ascii) {
        name = canonical_name(text);
    } else {
        const Result<std::string> converted = with_a_labels(text);
        name = converted ? canonical_name(*converted) : converted;
    }
    if (!name)
        return name.error();
    Host host;
    host.text_ = *std::move(name);
    return host;
}

Host Host::of(const boost::asio::ip::address& address) {
    Host host;
    if (address.is_v6()) {
        const boost::asio::ip::address_v6 without_zone(address.to_v6().to_bytes());
        host.address_ = without_zone;
    } else {
        host.address_ = address;
    }
    host.text_ = host.address_->to_string();
    return host;
}

std::string Host::bracketed() const {
    return address_ && address_->is_v6() ? '[' + text_ + ']' : text_;
}

std::string Authority::text() const {
    return host.bracketed() + ':' + std::to_string(port);
}

Result<Authority> parse_authority(std::string_view text, std::optional<std::uint16_t> default_port) {
    if (text.find('@') != std::string_view::npos)
        return refused("user information before the host is not accepted (RFC 9110 4.2.4)");
    std::size_t host_end = text.find(':');
    if (text.starts_with('[')) {
        const std::size_t bracket = text.find(']');
        host_end = bracket == std::string_view::npos ? bracket : bracket + 1;
    }
    Result<Host> host = Host::parse(text.substr(0, host_end));
    if (!host)
        return host.error();
    const std::string_view rest = host_end < text.size() ? text.substr(host_end) : std::string_view{};
    if (rest.empty()) {
        if (!default_port)
            return refused("the port is missing");
        return Authority{*std::move(host), *default_port};
    }
    if (rest.front() != ':')
        return refused("there is something other than a port after the bracket");
    const std::optional<std::uint16_t> port = parse_port(rest.substr(1));
    if (!port)
        return refused("the port is not a number from 1 to 65535 in plain digits");
    return Authority{*std::move(host), *port};
}

std::string sanitised(std::string_view text, std::size_t limit) {
    std::string clean(text.substr(0, limit));
    std::replace_if(
        clean.begin(), clean.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return clean;
}

} // namespace egressd::net
