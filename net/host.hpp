// What is a host? The one parser for every place where a name or an address comes from outside:
// CONNECT, absolute-form, Host, SNI, SOCKS5, DNS and allow.yaml. Two spellings of one host compare equal
// because both become the same canonical text here; what has no canonical text is refused, not guessed.
#pragma once

#include "net/result.hpp"

#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace egressd::net {

/// RFC 1035 2.3.4: 253 characters of text is what fits into 255 octets on the wire.
inline constexpr std::size_t max_name_length = 253;
inline constexpr std::size_t max_label_length = 63;

/// A domain name as lower-case A-labels without the trailing dot, or an IP address.
class Host {
public:
    /// Accepts a domain name in any case, with at most one trailing dot, with U-labels (IDNA 2008, UTS #46
    /// non-transitional, as clients send them), or an IP literal: IPv4 in canonical dotted form, IPv6 in any
    /// form of RFC 4291 2.2 (each has one meaning; the text becomes that of RFC 5952), in brackets or bare.
    /// Refuses what is neither, and what another program could read as an address: a name whose last label is
    /// numeric or 0x-hex (WHATWG URL, "ends in a number"), zone ids, NUL, controls, spaces, percent signs,
    /// empty or overlong labels, hyphens at either end of a label, A-labels that do not round-trip, and
    /// full-width or other compatibility characters. Underscores are allowed (they occur in real names).
    static Result<Host> parse(std::string_view text);

    /// An address that is already parsed, without its zone id; v4-mapped addresses stay what they are
    /// (classify() unwraps them).
    static Host of(const boost::asio::ip::address& address);

    bool is_address() const { return address_.has_value(); }
    /// Only when is_address().
    const boost::asio::ip::address& address() const { return *address_; }
    /// Canonical text; IPv6 without brackets.
    const std::string& text() const { return text_; }
    /// Canonical text as an authority has it: IPv6 in brackets.
    std::string bracketed() const;

    friend bool operator==(const Host& a, const Host& b) { return a.text_ == b.text_; }

private:
    std::string text_;
    std::optional<boost::asio::ip::address> address_;
};

/// host[:port] without userinfo (RFC 9110 4.2.4: userinfo in a received authority is an error).
struct Authority {
    Host host;
    std::uint16_t port = 0; // never 0 in a parsed authority

    /// "host:port", IPv6 in brackets.
    std::string text() const;
    friend bool operator==(const Authority&, const Authority&) = default;
};

/// `default_port`: what a missing port means; nullopt makes the port mandatory (CONNECT, RFC 9110 9.3.6).
/// A port is 1 to 5 digits without sign or leading zero, 1..65535; "host:" with an empty port is refused.
Result<Authority> parse_authority(std::string_view text, std::optional<std::uint16_t> default_port);

/// Text from outside made fit to be shown to people and agents: at most `limit` bytes, printable ASCII only,
/// anything else as '?'. For messages about hosts that did not parse.
std::string sanitised(std::string_view text, std::size_t limit = 80);

} // namespace egressd::net
