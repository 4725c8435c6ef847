// What a DNS client may send. Invariants: a question lies within the message, and what was read gives the
// same again when it is written as a message; every reply fits its room and its limit, repeats the question,
// and is read as a response; a name that is one has bounded text; without addresses no reply is longer than
// twice the message.
#include "dns/message.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace egressd::dns;
using State = Parsed::State;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

unsigned word_at(std::string_view octets, std::size_t at) {
    return static_cast<unsigned>(static_cast<unsigned char>(octets[at])) << 8 |
           static_cast<unsigned char>(octets[at + 1]);
}

void check_reply(const Query& query, const Reply& reply, std::size_t limit) {
    // A buffer of its own size, so that a write behind it is seen by the sanitizer.
    std::vector<char> room(max_reply);
    const std::size_t size =
        write_reply(query, reply, limit, std::span<char, max_reply>(room.data(), max_reply));
    const std::string_view bytes(room.data(), size);
    require(size <= max_reply && (size <= limit || reply.addresses.empty()));
    require(word_at(bytes, 0) == query.id && (word_at(bytes, 2) & 0x8000) != 0 && word_at(bytes, 4) == 1);
    require(bytes.substr(header_size, query.question.size()) == query.question);
    require(parse_query(bytes).state == State::nothing);
}

void check_query(const Query& query, std::string_view message) {
    require(query.question.data() == message.data() + header_size);
    require(query.question.size() >= 5 && query.question.size() <= max_question);
    require(query.question.size() <= message.size() - header_size);
    const QuestionKey key(query);
    require(key.view().size() == query.question.size());
    const std::optional<std::string> name = name_text(query);
    require(!name || (!name->empty() && name->size() <= max_wire_name - 2));

    std::string again(message.substr(0, header_size));
    again[10] = again[11] = 0;
    again += key.view();
    require(parse_query(again).state == State::query);
    require(QuestionKey(parse_query(again).query).view() == key.view());

    std::vector<boost::asio::ip::address> addresses;
    for (unsigned i = 0; i < 16; ++i) {
        if (query.type == QueryType::a)
            addresses.emplace_back(boost::asio::ip::address_v4(i));
        else
            addresses.emplace_back(boost::asio::ip::address_v6::loopback());
    }
    Reply reply;
    reply.addresses = addresses;
    check_reply(query, reply, query.payload);
    check_reply(query, reply, max_reply);
    reply.addresses = {};
    reply.rcode = Rcode::no_name;
    reply.error = ExtendedError{ErrorCode::blocked, "not-listed 01a2146a-50ef-733a-bca5-6cd2b7b01c1b"};
    check_reply(query, reply, 2 * message.size());
    std::array<char, max_reply> out{};
    require(write_reply(query, reply, 2 * message.size(), out) <= 2 * message.size());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string message(reinterpret_cast<const char*>(data), size);
    const Parsed parsed = parse_query(message);
    require(parsed.state == State::nothing || size >= header_size);
    require(type_text(parsed.query.type) != "" &&
            parse_type(type_text(parsed.query.type)) == parsed.query.type);
    if (parsed.state == State::query || parsed.state == State::bad_version) {
        check_query(parsed.query, message);
    } else {
        require(parsed.query.question.empty());
        std::array<char, max_reply> out{};
        require(write_bare_reply(parsed.query, Rcode::format_error, out) == header_size);
    }
    return 0;
}
