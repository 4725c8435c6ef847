// A reader walks the message once, from its header to its last octet, with a cursor that cannot leave it. The
// length octets of labels are below 64 and so never look like letters: a question can be lowered as it is.
#include "dns/message.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace egressd::dns {
namespace {

// RFC 1035 4.1.1: the second word of the header.
constexpr unsigned response_bit = 0x8000;
constexpr unsigned opcode_mask = 0x7800;
constexpr unsigned truncated_bit = 0x0200;
constexpr unsigned recursion_desired_bit = 0x0100;
constexpr unsigned recursion_available_bit = 0x0080;
constexpr unsigned checking_disabled_bit = 0x0010; // RFC 4035 3.1.6
constexpr std::size_t max_label = 63;
constexpr std::size_t record_head = 10; // type, class, TTL and the length of the data
constexpr std::size_t opt_size = 1 + record_head;
constexpr std::size_t error_head = 6; // option, length, info code: RFC 8914 2

constexpr std::array types = std::to_array<std::pair<std::uint16_t, std::string_view>>({
    {1, "A"},     {2, "NS"},     {5, "CNAME"},  {6, "SOA"},    {10, "NULL"},  {12, "PTR"},    {13, "HINFO"},
    {15, "MX"},   {16, "TXT"},   {28, "AAAA"},  {29, "LOC"},   {33, "SRV"},   {35, "NAPTR"},  {39, "DNAME"},
    {41, "OPT"},  {43, "DS"},    {44, "SSHFP"}, {46, "RRSIG"}, {47, "NSEC"},  {48, "DNSKEY"}, {52, "TLSA"},
    {64, "SVCB"}, {65, "HTTPS"}, {99, "SPF"},   {251, "IXFR"}, {252, "AXFR"}, {255, "ANY"},   {257, "CAA"},
});
constexpr std::string_view generic_type = "TYPE";

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/// Takes octets off the front of a message; once it is asked for more than there is, it has failed.
class Cursor {
public:
    explicit Cursor(std::string_view octets) : rest_(octets) {}

    std::string_view take(std::size_t size) {
        if (size > rest_.size()) {
            failed_ = true;
            return {};
        }
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }
    unsigned octet() {
        const std::string_view taken = take(1);
        return taken.empty() ? 0 : static_cast<unsigned char>(taken.front());
    }
    unsigned word() {
        const unsigned high = octet();
        return high << 8 | octet();
    }
    bool failed() const { return failed_; }
    bool done() const { return !failed_ && rest_.empty(); }
    std::size_t left() const { return rest_.size(); }

private:
    std::string_view rest_;
    bool failed_ = false;
};

/// A name without compression (RFC 1035 4.1.4), which a question has no use for.
bool skip_name(Cursor& cursor) {
    const std::size_t before = cursor.left();
    for (;;) {
        const unsigned length = cursor.octet();
        if (cursor.failed() || length > max_label || before - cursor.left() > max_wire_name)
            return false;
        if (length == 0)
            return true;
        cursor.take(length);
    }
}

/// The options are not looked at, but they must be options.
bool are_options(std::string_view data) {
    Cursor cursor(data);
    while (!cursor.done() && !cursor.failed()) {
        cursor.word();
        cursor.take(cursor.word());
    }
    return !cursor.failed();
}

/// RFC 6891 6.1.2. `version` is that of EDNS.
bool read_opt(Cursor& cursor, Query& query, unsigned& version) {
    const unsigned root = cursor.octet();
    const unsigned type = cursor.word();
    const unsigned payload = cursor.word();
    cursor.octet(); // the upper bits of a response's code
    version = cursor.octet();
    cursor.word(); // DO, which asks for signatures: none are served
    const std::string_view data = cursor.take(cursor.word());
    if (cursor.failed() || root != 0 || type != static_cast<unsigned>(QueryType::opt) || !are_options(data))
        return false;
    query.edns = true;
    query.payload = std::max<std::size_t>(payload, least_payload);
    return true;
}

/// Appends within a reply's room, which the caller has made sure of.
class Writer {
public:
    explicit Writer(std::span<char, max_reply> out) : out_(out) {}

    void octet(unsigned value) { out_[size_++] = static_cast<char>(value & 0xFF); }
    void word(unsigned value) {
        octet(value >> 8);
        octet(value);
    }
    void octets(std::string_view text) {
        std::memcpy(out_.data() + size_, text.data(), text.size());
        size_ += text.size();
    }
    std::size_t size() const { return size_; }

private:
    std::span<char, max_reply> out_;
    std::size_t size_ = 0;
};

struct Counts {
    unsigned questions = 0;
    unsigned answers = 0;
    unsigned additional = 0;
};

void write_header(Writer& writer, const Query& query, Rcode rcode, bool truncated, const Counts& counts) {
    unsigned flags = response_bit | recursion_available_bit | (static_cast<unsigned>(rcode) & 0xF);
    flags |= query.recursion_desired ? recursion_desired_bit : 0;
    flags |= query.checking_disabled ? checking_disabled_bit : 0;
    flags |= truncated ? truncated_bit : 0;
    writer.word(query.id);
    writer.word(flags);
    writer.word(counts.questions);
    writer.word(counts.answers);
    writer.word(0);
    writer.word(counts.additional);
}

void write_address(Writer& writer, const boost::asio::ip::address& address, std::uint32_t ttl) {
    writer.word(0xC000 | header_size); // RFC 1035 4.1.4: the name of the question
    writer.word(static_cast<unsigned>(address.is_v4() ? QueryType::a : QueryType::aaaa));
    writer.word(internet_class);
    writer.word(ttl >> 16);
    writer.word(ttl & 0xFFFF);
    const auto put = [&](const auto& bytes) {
        writer.word(static_cast<unsigned>(bytes.size()));
        for (const unsigned char byte : bytes)
            writer.octet(byte);
    };
    if (address.is_v4())
        put(address.to_v4().to_bytes());
    else
        put(address.to_v6().to_bytes());
}

std::size_t size_of(std::span<const boost::asio::ip::address> addresses) {
    std::size_t size = 0;
    for (const boost::asio::ip::address& address : addresses)
        size += 2 + record_head + (address.is_v4() ? 4 : 16);
    return size;
}

/// As many words as `room` octets hold.
std::string_view words_within(std::string_view text, std::size_t room) {
    if (text.size() <= room)
        return text;
    const std::size_t space = text.rfind(' ', room);
    return text.substr(0, space == std::string_view::npos ? 0 : space);
}

/// `room`: what the error may take.
void write_opt(Writer& writer, const Reply& reply, std::size_t room) {
    const bool tells = reply.error && room >= error_head;
    const std::string_view text =
        tells ? words_within(reply.error->text, room - error_head) : std::string_view();
    writer.octet(0);
    writer.word(static_cast<unsigned>(QueryType::opt));
    writer.word(max_query); // what is taken over UDP here
    writer.octet(static_cast<unsigned>(reply.rcode) >> 4);
    writer.octet(0); // version
    writer.word(0);
    writer.word(static_cast<unsigned>(tells ? error_head + text.size() : 0));
    if (!tells)
        return;
    writer.word(15); // the option's own number: RFC 8914 2
    writer.word(static_cast<unsigned>(2 + text.size()));
    writer.word(static_cast<unsigned>(reply.error->code));
    writer.octets(text);
}

} // namespace

std::string_view to_text(Rcode rcode) {
    switch (rcode) {
    case Rcode::no_error:
        return "NOERROR";
    case Rcode::format_error:
        return "FORMERR";
    case Rcode::server_failure:
        return "SERVFAIL";
    case Rcode::no_name:
        return "NXDOMAIN";
    case Rcode::not_implemented:
        return "NOTIMP";
    case Rcode::refused:
        return "REFUSED";
    case Rcode::bad_version:
        return "BADVERS";
    }
    return "SERVFAIL";
}

std::string type_text(QueryType type) {
    const auto number = static_cast<std::uint16_t>(type);
    const auto known =
        std::find_if(types.begin(), types.end(), [&](const auto& each) { return each.first == number; });
    if (known != types.end())
        return std::string(known->second);
    return std::string(generic_type) + std::to_string(number);
}

std::optional<QueryType> parse_type(std::string_view text) {
    std::string upper(text);
    for (char& c : upper)
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    const auto known =
        std::find_if(types.begin(), types.end(), [&](const auto& each) { return each.second == upper; });
    if (known != types.end())
        return static_cast<QueryType>(known->first);
    if (!upper.starts_with(generic_type))
        return std::nullopt;
    std::uint16_t number = 0;
    const char* end = upper.data() + upper.size();
    const auto [next, error] = std::from_chars(upper.data() + generic_type.size(), end, number);
    return error == std::errc{} && next == end ? std::optional(static_cast<QueryType>(number)) : std::nullopt;
}

Parsed parse_query(std::string_view message) {
    using State = Parsed::State;
    Parsed parsed;
    if (message.size() < header_size)
        return parsed;
    Cursor cursor(message);
    Query& query = parsed.query;
    query.id = static_cast<std::uint16_t>(cursor.word());
    const unsigned flags = cursor.word();
    if ((flags & response_bit) != 0)
        return parsed;
    query.recursion_desired = (flags & recursion_desired_bit) != 0;
    query.checking_disabled = (flags & checking_disabled_bit) != 0;
    parsed.state = State::not_implemented;
    if ((flags & opcode_mask) != 0)
        return parsed;
    parsed.state = State::format_error;
    const unsigned questions = cursor.word();
    const unsigned answers = cursor.word();
    const unsigned authorities = cursor.word();
    const unsigned additional = cursor.word();
    const bool one_question = questions == 1 && answers == 0 && authorities == 0 && additional <= 1;
    if (!one_question || message.size() > max_query || !skip_name(cursor))
        return parsed;
    const std::size_t name_size = message.size() - header_size - cursor.left();
    query.type = static_cast<QueryType>(cursor.word());
    query.in_class = static_cast<std::uint16_t>(cursor.word());
    unsigned version = 0;
    if (cursor.failed() || (additional == 1 && !read_opt(cursor, query, version)) || !cursor.done())
        return parsed;
    query.question = message.substr(header_size, name_size + 4);
    parsed.state = version == 0 ? State::query : State::bad_version;
    return parsed;
}

std::optional<std::string> name_text(const Query& query) {
    std::string text;
    text.reserve(max_wire_name);
    Cursor cursor(query.name());
    for (unsigned length = cursor.octet(); length != 0; length = cursor.octet()) {
        if (!text.empty())
            text += '.';
        for (const char c : cursor.take(length)) {
            if (!is_host_character(lower(c)))
                return std::nullopt;
            text += c;
        }
    }
    return text.empty() ? std::nullopt : std::optional(std::move(text));
}

QuestionKey::QuestionKey(const Query& query) : size_(std::min(query.question.size(), octets_.size())) {
    const std::size_t name_size = query.name().size();
    for (std::size_t i = 0; i < size_; ++i)
        octets_[i] = i < name_size ? lower(query.question[i]) : query.question[i];
}

std::size_t write_reply(const Query& query, const Reply& reply, std::size_t limit,
                        std::span<char, max_reply> out) {
    limit = std::min(limit, max_reply);
    const std::size_t base = header_size + query.question.size() + (query.edns ? opt_size : 0);
    const bool truncated = base + size_of(reply.addresses) > limit;
    const std::span<const boost::asio::ip::address> addresses =
        truncated ? std::span<const boost::asio::ip::address>() : reply.addresses;
    Counts counts{1, static_cast<unsigned>(addresses.size()), query.edns ? 1U : 0U};
    Writer writer(out);
    write_header(writer, query, reply.rcode, truncated, counts);
    writer.octets(query.question);
    for (const boost::asio::ip::address& address : addresses)
        write_address(writer, address, reply.ttl);
    const std::size_t used = writer.size() + opt_size;
    if (query.edns)
        write_opt(writer, reply, limit > used ? limit - used : 0);
    return writer.size();
}

std::size_t write_bare_reply(const Query& query, Rcode rcode, std::span<char, max_reply> out) {
    Writer writer(out);
    write_header(writer, query, rcode, false, {});
    return writer.size();
}

} // namespace egressd::dns
