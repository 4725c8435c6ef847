// What stands in a DNS message? A strict reader of queries and a writer of replies (RFC 1035, RFC 6891, RFC
// 8914). What it does not know it refuses: nothing of a query goes on but its one question. Pure and bounded:
// it takes no memory, and follows no pointer. It decides nothing.
#pragma once

#include <boost/asio/ip/address.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace egressd::dns {

/// RFC 1035 2.3.4: a name on the wire, with its length octets and the root.
inline constexpr std::size_t max_wire_name = 255;
/// A question: the name, its type and its class.
inline constexpr std::size_t max_question = max_wire_name + 4;
/// An honest query is a question, and options that padding rounds up to 128 octets (RFC 8467) or a few times
/// that. A longer message is not read.
inline constexpr std::size_t max_query = 1232;
/// No reply is longer, over UDP or TCP: what fits into one packet on any path (DNS flag day 2020), and more
/// than a question, 16 addresses and a sentence need.
inline constexpr std::size_t max_reply = 1232;
/// RFC 1035 4.2.1: what every client takes over UDP.
inline constexpr std::size_t least_payload = 512;
inline constexpr std::size_t header_size = 12;

/// RFC 1035 4.1.1, RFC 6895 2.3, RFC 6891 9.
enum class Rcode : std::uint16_t {
    no_error = 0,
    format_error = 1,
    server_failure = 2,
    no_name = 3,
    not_implemented = 4,
    refused = 5,
    bad_version = 16,
};
/// "NOERROR", "NXDOMAIN" …
std::string_view to_text(Rcode rcode);

/// The types that something is done with; every other number is a type too.
enum class QueryType : std::uint16_t {
    a = 1,
    aaaa = 28,
    opt = 41,
    svcb = 64,
    https = 65,
};
inline constexpr std::uint16_t internet_class = 1;

/// "A", "AAAA", "TXT"; a number without a name of its own as RFC 3597 5 writes it, "TYPE65280".
std::string type_text(QueryType type);
/// The reverse, in any case; nullopt for what is no type.
std::optional<QueryType> parse_type(std::string_view text);

/// One question and what its sender says of itself. Views into the message, which outlives it.
struct Query {
    std::uint16_t id = 0;
    bool recursion_desired = false;
    bool checking_disabled = false;
    std::string_view question; // octets of name, type and class, as they came
    QueryType type{};
    std::uint16_t in_class = 0;
    bool edns = false;
    std::size_t payload = least_payload; // what its sender takes over UDP

    /// The octets of the name, with the root.
    std::string_view name() const { return question.substr(0, question.size() - 4); }
};

struct Parsed {
    enum class State {
        query,
        nothing,      // too short for a header, or a response: no answer is due, it could go round for ever
        format_error, // RFC 1035 4.1.1
        not_implemented, // another opcode than QUERY
        bad_version,     // of EDNS: RFC 6891 6.1.3
    };
    State state = State::nothing;
    Query query; // whole with `query` and `bad_version`, else its header
};

/// `message` without the length that TCP puts in front of it. Refuses everything but a header with one
/// question, whose name is not compressed, and at most one OPT record behind it.
Parsed parse_query(std::string_view message);

/// The name as it is spelled, with dots and without the root's; nullopt where a label holds anything but
/// letters, digits, '-' and '_', which no host name does, and for the root.
std::optional<std::string> name_text(const Query& query);

/// The question with its name in lower case: what equal questions have in common.
class QuestionKey {
public:
    explicit QuestionKey(const Query& query);
    std::string_view view() const { return {octets_.data(), size_}; }

private:
    std::array<char, max_question> octets_;
    std::size_t size_;
};

/// RFC 8914 4, as far as they are used.
enum class ErrorCode : std::uint16_t {
    not_ready = 14,
    blocked = 15,
    prohibited = 18,
    not_supported = 21,
    no_reachable_authority = 22,
};

struct ExtendedError {
    ErrorCode code = ErrorCode::blocked;
    std::string_view text; // ASCII
};

/// What is said to a question.
struct Reply {
    Rcode rcode = Rcode::no_error;
    std::span<const boost::asio::ip::address> addresses; // of the type that was asked for
    std::uint32_t ttl = 0;                               // seconds
    std::optional<ExtendedError> error;                  // for senders that know EDNS
};

/// Writes the reply to a question, at most `limit` octets (least_payload or more for one with addresses).
/// Addresses that do not fit are left out, all of them, and TC says so; of an error's text go the words that
/// fit. Returns the size, at most max_reply.
std::size_t write_reply(const Query& query, const Reply& reply, std::size_t limit,
                        std::span<char, max_reply> out);

/// A header alone: for what has no question that could be repeated.
std::size_t write_bare_reply(const Query& query, Rcode rcode, std::span<char, max_reply> out);

} // namespace egressd::dns
