#include "dns/message.hpp"
#include "tests/unit/dns/support/wire.hpp"

#include <catch2/catch.hpp>

using namespace egressd::dns;
using namespace egressd::dns::test;
using State = Parsed::State;

namespace {

std::string reply_to(const std::string& message, const Reply& reply, std::size_t limit = max_reply) {
    const Parsed parsed = parse_query(message);
    REQUIRE(parsed.state == State::query);
    std::array<char, max_reply> out{};
    const std::size_t size = write_reply(parsed.query, reply, limit, out);
    return {out.data(), size};
}

std::vector<boost::asio::ip::address> addresses(std::size_t count, const std::string& prefix) {
    std::vector<boost::asio::ip::address> all;
    for (std::size_t i = 0; i < count; ++i)
        all.push_back(boost::asio::ip::make_address(prefix + std::to_string(i + 1)));
    return all;
}

} // namespace

TEST_CASE("a plain question is read") {
    const std::string message = question("Www.Example.test", 28);
    const Parsed parsed = parse_query(message);
    REQUIRE(parsed.state == State::query);
    CHECK(parsed.query.id == 0x1234);
    CHECK(parsed.query.recursion_desired);
    CHECK(parsed.query.type == QueryType::aaaa);
    CHECK(parsed.query.in_class == internet_class);
    CHECK_FALSE(parsed.query.edns);
    CHECK(parsed.query.payload == least_payload);
    CHECK(name_text(parsed.query) == "Www.Example.test");
    CHECK(QuestionKey(parsed.query).view() == question("www.example.test", 28).substr(header_size));
}

TEST_CASE("EDNS: the payload counts, its options and flags go nowhere") {
    const std::string cookie = word(10) + word(8) + "12345678";
    const Parsed parsed = parse_query(question("x.test", 1, opt(4096, 0, cookie)));
    REQUIRE(parsed.state == State::query);
    CHECK(parsed.query.edns);
    CHECK(parsed.query.payload == 4096);
    CHECK(parse_query(question("x.test", 1, opt(100))).query.payload == least_payload);
    CHECK(parse_query(question("x.test", 1, opt(4096, 1))).state == State::bad_version);
}

TEST_CASE("what is too short for a header, or a response, is answered with nothing") {
    const std::string message = question("x.test", 1);
    for (std::size_t size = 0; size < header_size; ++size)
        CHECK(parse_query(message.substr(0, size)).state == State::nothing);
    std::string response = message;
    response[2] = static_cast<char>(0x81);
    CHECK(parse_query(response).state == State::nothing);
}

TEST_CASE("every cut of a message is a format error") {
    for (const std::string& message :
         {question("a.b.test", 1), question("a.test", 1, opt(1232, 0, word(10) + word(2) + "ab"))})
        for (std::size_t size = header_size; size < message.size(); ++size)
            CHECK(parse_query(message.substr(0, size)).state == State::format_error);
}

TEST_CASE("everything but one question and one OPT is a format error") {
    const std::string name = wire_name("x.test");
    const std::string body = name + word(1) + word(1);
    CHECK(parse_query(header(0, 0, 0, 0)).state == State::format_error);
    CHECK(parse_query(header(2, 0, 0, 0) + body + body).state == State::format_error);
    CHECK(parse_query(header(1, 0, 0, 0) + body + "x").state == State::format_error);
    const std::string record = name + word(1) + word(1) + word(0) + word(60) + word(4) + "\1\2\3\4";
    CHECK(parse_query(header(1, 1, 0, 0) + body + record).state == State::format_error);
    CHECK(parse_query(header(1, 0, 1, 0) + body + record).state == State::format_error);
    CHECK(parse_query(header(1, 0, 0, 1) + body + record).state == State::format_error);
    CHECK(parse_query(header(1, 0, 0, 2) + body + opt(512) + opt(512)).state == State::format_error);
    CHECK(parse_query(question("x.test", 1, opt(512, 0, std::string(1, 0x00)))).state == State::format_error);
    CHECK(parse_query(question("x.test", 1, opt(512, 0, word(10) + word(9) + "1"))).state ==
          State::format_error);
    CHECK(parse_query(question("x.test", 1, opt(512)) + "x").state == State::format_error);
    const std::string padded =
        question("x.test", 1, opt(512, 0, word(12) + word(1300) + std::string(1300, '\0')));
    CHECK(parse_query(padded).state == State::format_error);
}

TEST_CASE("other opcodes are not implemented") {
    for (unsigned opcode = 1; opcode < 16; ++opcode) {
        std::string message = question("x.test", 1);
        message[2] = static_cast<char>(opcode << 3);
        CHECK(parse_query(message).state == State::not_implemented);
    }
}

TEST_CASE("names: bounds, pointers and odd octets") {
    const std::string tail = word(1) + word(1);
    const auto state = [&](const std::string& name) {
        return parse_query(header(1, 0, 0, 0) + name + tail).state;
    };
    const std::string label63 = '\x3F' + std::string(63, 'a');
    CHECK(state(label63 + '\0') == State::query);
    CHECK(state('\x40' + std::string(64, 'a') + '\0') == State::format_error);
    CHECK(state(std::string("\xC0\x0C", 2)) == State::format_error);
    CHECK(state(std::string("\1a\xC0\x0C", 4)) == State::format_error);
    CHECK(state(std::string("\x80", 1)) == State::format_error);
    const std::string longest = label63 + label63 + label63 + '\x3D' + std::string(61, 'a') + '\0';
    CHECK(longest.size() == max_wire_name);
    CHECK(state(longest) == State::query);
    CHECK(state(label63 + label63 + label63 + '\x3E' + std::string(62, 'a') + '\0') == State::format_error);

    for (const std::string& name :
         {std::string("\0", 1), std::string("\3a.b\4test\0", 10), std::string("\1\0\4test\0", 8),
          std::string("\1 \4test\0", 8), std::string("\2\xC3\xBC\4test\0", 9)}) {
        const std::string message = header(1, 0, 0, 0) + name + tail; // well-formed, and no name of a host
        const Parsed parsed = parse_query(message);
        CHECK(parsed.state == State::query);
        CHECK_FALSE(name_text(parsed.query).has_value());
    }
}

TEST_CASE("a reply repeats the question as it came, and says nothing more than is known") {
    const std::string message = question("WwW.x.test", 1);
    const auto one = addresses(1, "192.0.2.");
    Reply reply;
    reply.addresses = one;
    reply.ttl = 0x01020304;
    const std::string bytes = reply_to(message, reply);
    CHECK(bytes.substr(0, 2) == message.substr(0, 2));
    CHECK(word_at(bytes, 2) == 0x8180);
    CHECK(word_at(bytes, 4) == 1);
    CHECK(word_at(bytes, 6) == 1);
    CHECK(word_at(bytes, 8) == 0);
    CHECK(word_at(bytes, 10) == 0);
    CHECK(bytes.substr(header_size, message.size() - header_size) == message.substr(header_size));
    CHECK(bytes.substr(message.size()) == std::string("\xC0\x0C\0\1\0\1\1\2\3\4\0\4\xC0\0\2\1", 16));
}

TEST_CASE("what does not fit is left out as a whole, and TC says so") {
    const std::string message = question(std::string(60, 'a') + ".x.test", 28);
    const auto many = addresses(16, "2001:db8::");
    Reply reply;
    reply.addresses = many;
    const std::string cut = reply_to(message, reply, least_payload);
    CHECK((word_at(cut, 2) & 0x0200) != 0);
    CHECK(word_at(cut, 6) == 0);
    CHECK(cut.size() == message.size());
    const std::string whole = reply_to(message, reply);
    CHECK((word_at(whole, 2) & 0x0200) == 0);
    CHECK(word_at(whole, 6) == 16);
    CHECK(whole.size() <= max_reply);
}

TEST_CASE("an extended error goes to those who speak EDNS, in whole words") {
    Reply reply;
    reply.rcode = Rcode::no_name;
    reply.error = ExtendedError{ErrorCode::blocked, "not-listed 0123"};
    CHECK(reply_to(question("x.test", 1), reply).size() == question("x.test", 1).size());
    const std::string message = question("x.test", 1, opt(1232));
    const std::string told = reply_to(message, reply);
    CHECK(told.substr(told.size() - 21) == word(15) + word(17) + word(15) + "not-listed 0123");
    CHECK(word_at(told, 2) == 0x8183);
    const std::string brief = reply_to(message, reply, message.size() + 6 + 14);
    CHECK(brief.substr(brief.size() - 14) == word(12) + word(15) + "not-listed");
    const std::string code = reply_to(message, reply, message.size() + 6 + 3);
    CHECK(code.substr(code.size() - 6) == word(15) + word(2) + word(15));
    CHECK(reply_to(message, reply, message.size()).size() == message.size());
    reply.rcode = Rcode::bad_version; // its upper bits stand in the OPT record
    CHECK(reply_to(message, reply)[message.size() - 11 + 5] == 1);
}

TEST_CASE("a bare reply is a header") {
    std::array<char, max_reply> out{};
    const Parsed parsed = parse_query(header(2, 0, 0, 0));
    CHECK(write_bare_reply(parsed.query, Rcode::format_error, out) == header_size);
    CHECK(word_at({out.data(), header_size}, 2) == 0x8181);
    CHECK(word_at({out.data(), header_size}, 4) == 0);
}

TEST_CASE("types have names, and others numbers") {
    CHECK(type_text(QueryType::https) == "HTTPS");
    CHECK(type_text(static_cast<QueryType>(10)) == "NULL");
    CHECK(type_text(static_cast<QueryType>(65280)) == "TYPE65280");
    CHECK(parse_type("aaaa") == QueryType::aaaa);
    CHECK(parse_type("TYPE28") == QueryType::aaaa);
    CHECK_FALSE(parse_type("TYPE65536").has_value());
    CHECK_FALSE(parse_type("TYPE").has_value());
    CHECK_FALSE(parse_type("").has_value());
    CHECK_FALSE(parse_type("host").has_value());
}
