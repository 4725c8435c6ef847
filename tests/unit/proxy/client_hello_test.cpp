#include "proxy/client_hello.hpp"

#include <catch2/catch.hpp>
#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace egressd::proxy;
using namespace std::string_literals;

namespace {

using State = ClientHelloReader::State;

std::string u8(std::size_t value) {
    return {static_cast<char>(value & 0xff)};
}
std::string u16(std::size_t value) {
    return u8(value >> 8) + u8(value);
}
std::string vec8(const std::string& data) {
    return u8(data.size()) + data;
}
std::string vec16(const std::string& data) {
    return u16(data.size()) + data;
}
std::string extension(unsigned type, const std::string& data) {
    return u16(type) + vec16(data);
}

std::string sni(const std::string& name) {
    return extension(0, vec16("\0"s + vec16(name)));
}
std::string alpn(const std::string& list) {
    return extension(16, vec16(list));
}
std::string versions(const std::string& list) {
    return extension(43, vec8(list));
}

/// A handshake message around `body`.
std::string message(const std::string& body, char type = 1) {
    return type + u8(body.size() >> 16) + vec16(body);
}

std::string body(const std::string& extensions, unsigned version = 0x0303) {
    return u16(version) + std::string(32, 'r') + vec8(std::string(32, 's')) + vec16("\x13\x01") +
           vec8("\0"s) + vec16(extensions);
}

std::string record(const std::string& fragment, char type = 22, unsigned version = 0x0301) {
    return type + u16(version) + vec16(fragment);
}

/// `data` in records of `size` bytes.
std::string records(const std::string& data, std::size_t size) {
    std::string wire;
    for (std::size_t at = 0; at < data.size(); at += size) {
        wire += record(data.substr(at, size));
    }
    return wire;
}

std::string hello(const std::string& extensions) {
    return record(message(body(extensions)));
}

/// Feeds `wire` in pieces of `size` bytes.
ClientHelloReader read(std::string_view wire, std::size_t size = std::string_view::npos) {
    ClientHelloReader reader;
    for (std::size_t at = 0; at < wire.size() && reader.state() == State::need_more;) {
        const std::string_view piece = wire.substr(at, size);
        reader.feed(piece);
        at += piece.size();
    }
    return reader;
}

/// What is wrong with `wire`, however it is fed.
std::string problem(const std::string& wire) {
    const ClientHelloReader reader = read(wire);
    CHECK(read(wire, 1).state() == reader.state());
    CHECK(read(wire, 1).problem() == reader.problem());
    return reader.state() == State::malformed ? std::string(reader.problem()) : "not malformed";
}

/// The first flight of OpenSSL's client, as it is set up by `prepare`.
std::string openssl_hello(const std::function<void(SSL*)>& prepare) {
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                    SSL_CTX_free);
    const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), SSL_free);
    BIO* out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), out);
    prepare(ssl.get());
    REQUIRE(SSL_connect(ssl.get()) == -1);
    char* data = nullptr;
    const long size = BIO_get_mem_data(out, &data);
    REQUIRE(size > 0);
    return {data, static_cast<std::size_t>(size)};
}

/// SSL_set_tlsext_host_name without its old-style cast.
void set_name(SSL* ssl, std::string name) {
    REQUIRE(SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1);
}

} // namespace

TEST_CASE("OpenSSL's hello is read whole, in bytes, and split at every byte") {
    const std::string wire = openssl_hello([](SSL* ssl) {
        set_name(ssl, "listed.example");
        const std::string protocols = vec8("h2") + vec8("http/1.1");
        REQUIRE(SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(protocols.data()),
                                    static_cast<unsigned>(protocols.size())) == 0);
    });
    for (std::size_t split = 0; split <= wire.size(); ++split) {
        ClientHelloReader reader;
        const State first = reader.feed(std::string_view(wire).substr(0, split));
        CHECK((first == State::need_more) == (split < wire.size()));
        REQUIRE(reader.feed(std::string_view(wire).substr(split)) == State::complete);
        CHECK(reader.hello().server_name == "listed.example");
        CHECK(reader.hello().alpn == std::vector<std::string>{"h2", "http/1.1"});
        CHECK(reader.hello().legacy_version == 0x0303);
        CHECK(reader.hello().offers_tls12);
        CHECK_FALSE(reader.hello().ech);
        CHECK_FALSE(reader.hello().early_data);
        CHECK(reader.hello().wire_length == wire.size());
    }
    CHECK(read(wire, 1).state() == State::complete);
}

TEST_CASE("OpenSSL's other hellos") {
    const std::string no_name = openssl_hello([](SSL*) {});
    REQUIRE(read(no_name).state() == State::complete);
    CHECK_FALSE(read(no_name).hello().server_name);
    CHECK(read(no_name).hello().alpn.empty());

    const std::string tls12 = openssl_hello([](SSL* ssl) { SSL_set_max_proto_version(ssl, TLS1_2_VERSION); });
    REQUIRE(read(tls12).state() == State::complete);
    CHECK(read(tls12).hello().offers_tls12);

    const std::string tls11 = openssl_hello([](SSL* ssl) {
        SSL_set_security_level(ssl, 0);
        SSL_set_min_proto_version(ssl, TLS1_VERSION);
        SSL_set_max_proto_version(ssl, TLS1_1_VERSION);
    });
    REQUIRE(read(tls11).state() == State::complete);
    CHECK_FALSE(read(tls11).hello().offers_tls12);
    CHECK(read(tls11).hello().legacy_version == 0x0302);
}

TEST_CASE("a hello of 17 KB comes in two records") {
    const std::string wire = openssl_hello([](SSL* ssl) {
        set_name(ssl, "large.example");
        std::string protocols;
        while (protocols.size() < 17'000) {
            protocols += vec8(std::string(100, 'p'));
        }
        REQUIRE(SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(protocols.data()),
                                    static_cast<unsigned>(protocols.size())) == 0);
    });
    REQUIRE(wire.size() > 17'000);
    for (const std::size_t size : {std::size_t{1}, std::size_t{1460}, std::string::npos}) {
        const ClientHelloReader reader = read(wire, size);
        REQUIRE(reader.state() == State::complete);
        CHECK(reader.hello().server_name == "large.example");
        CHECK(reader.hello().wire_length == wire.size());
    }
}

TEST_CASE("a hello may be cut into records anywhere") {
    const std::string whole = message(body(sni("cut.example")));
    for (std::size_t size = 1; size <= whole.size(); ++size) {
        const std::string wire = records(whole, size);
        const ClientHelloReader reader = read(wire);
        REQUIRE(reader.state() == State::complete);
        CHECK(reader.hello().server_name == "cut.example");
        CHECK(reader.hello().wire_length == wire.size());
    }
}

TEST_CASE("what follows the hello's last record is not looked at") {
    const std::string wire = hello(sni("x.example"));
    for (const std::string& rest : {record("\1", 20), record("early", 23), "garbage"s}) {
        const ClientHelloReader reader = read(wire + rest);
        REQUIRE(reader.state() == State::complete);
        CHECK(reader.hello().wire_length == wire.size());
    }
    ClientHelloReader reader = read(wire);
    CHECK(reader.feed("more") == State::complete);
    CHECK(reader.hello().wire_length == wire.size());
}

TEST_CASE("what is not TLS is told by its first bytes") {
    const std::string wires[] = {"GET / HTTP/1.1\r\n",
                                 "SSH-2.0-x\r\n",
                                 "\x80\x2e\x01\x03\x01"s /* SSLv2 */,
                                 "\x16\xfe\xff"s /* DTLS */,
                                 "\x15\x03\x01\x00\x02"s /* an alert */,
                                 "\0"s,
                                 "\x16\x02"s};
    for (const std::string& wire : wires) {
        INFO(wire);
        CHECK(read(wire).state() == State::not_tls);
        CHECK(read(wire, 1).state() == State::not_tls);
    }
    CHECK(read("G").state() == State::not_tls);
    CHECK(read("\x16").state() == State::need_more);
    CHECK(read("").state() == State::need_more);
}

TEST_CASE("the name is given as it was sent, whatever it is") {
    for (const std::string& name :
         {"X.Example."s, "a\0.example"s, "192.0.2.1"s, "[::1]"s, "\xff \n"s, std::string(300, 'a')}) {
        const ClientHelloReader reader = read(hello(sni(name)));
        REQUIRE(reader.state() == State::complete);
        CHECK(reader.hello().server_name == name);
    }
}

TEST_CASE("versions are offered by supported_versions, and without it by legacy_version") {
    struct Case {
        unsigned legacy;
        std::string extensions;
        bool offers;
    };
    const Case cases[] = {
        {0x0303, "", true},
        {0x0302, "", false},
        {0x0300, "", false},
        {0x0400, "", false},
        {0x0303, versions("\x03\x04"), true},
        {0x0303, versions("\x03\x03"), true},
        {0x0303, versions("\x03\x02\x03\x01"), false}, // legacy_version says nothing then
        {0x0301, versions("\x03\x04"), true},
        {0x0303, versions("\x0a\x0a\x7f\x1c\xfe\xfd"), false}, // GREASE, a draft, DTLS
        {0x0303, versions("\x1a\x1a\x03\x04"), true},
    };
    for (const Case& c : cases) {
        const ClientHelloReader reader = read(record(message(body(c.extensions, c.legacy))));
        REQUIRE(reader.state() == State::complete);
        CHECK(reader.hello().offers_tls12 == c.offers);
        CHECK(reader.hello().legacy_version == c.legacy);
    }
}

TEST_CASE("a hello without extensions is complete") {
    std::string old = body("", 0x0301);
    old.resize(old.size() - 2);
    const ClientHelloReader reader = read(record(message(old)));
    REQUIRE(reader.state() == State::complete);
    CHECK_FALSE(reader.hello().server_name);
    CHECK_FALSE(reader.hello().offers_tls12);
}

TEST_CASE("ECH, its forerunner and early data are told") {
    CHECK(read(hello(sni("x.example") + extension(0xfe0d, "\0anything"s))).hello().ech);
    CHECK(read(hello(extension(0xffce, "anything"))).hello().ech);
    CHECK_FALSE(read(hello(extension(0xfe0c, "anything"))).hello().ech);
    CHECK(read(hello(extension(42, ""))).hello().early_data);
    CHECK_FALSE(read(hello(extension(41, ""))).hello().early_data);
}

TEST_CASE("two names are malformed, in every way there is to send two") {
    const std::string one = "\0"s + vec16("a.example");
    const std::string two = "\0"s + vec16("b.example");
    const std::string other_type = "\1"s + vec16("b.example");
    CHECK(problem(hello(sni("a.example") + sni("b.example"))) == "an extension occurs twice");
    CHECK(problem(hello(sni("a.example") + alpn(vec8("h2")) + sni("a.example"))) ==
          "an extension occurs twice");
    CHECK(problem(hello(extension(0, vec16(one + two)))) ==
          "the server_name extension holds more than one name");
    CHECK(problem(hello(extension(0, vec16(one + other_type)))) ==
          "the server_name extension holds more than one name");
    CHECK(problem(hello(extension(0, vec16(other_type + one)))) == "the server_name extension is malformed");
}

TEST_CASE("an extension of a type that nobody knows may not occur twice either") {
    CHECK(problem(hello(extension(0x1234, "a") + extension(0x1234, "b"))) == "an extension occurs twice");
    CHECK(read(hello(extension(0x1234, "a") + extension(0x1235, "b"))).state() == State::complete);
}

TEST_CASE("a malformed server_name extension") {
    const std::string entry = "\0"s + vec16("a.example");
    const std::string bodies[] = {
        "",                                   // as a server would send it
        vec16(""),                            // an empty list
        vec16("\0"s + vec16("")),             // an empty name
        vec16(entry) + "x",                   // bytes after the list
        u16(entry.size() + 1) + entry,        // the list is longer than its extension
        u16(entry.size() - 1) + entry,        // the list is shorter than its entry
        vec16("\0"s + u16(10) + "a.example"), // the name is longer than its list
        vec16("\0"s),
    };
    for (const std::string& data : bodies) {
        CHECK(problem(hello(extension(0, data))) == "the server_name extension is malformed");
    }
}

TEST_CASE("other malformed extensions") {
    for (const std::string& data :
         {""s, vec16(""), vec16(vec8("")), vec16(vec8("h2") + "\5h"), vec16(vec8("h2")) + "x"}) {
        CHECK(problem(hello(extension(16, data))) == "the ALPN extension is malformed");
    }
    for (const std::string& data : {""s, vec8(""), vec8("\3"), vec8("\3\4\3"), vec8("\3\4") + "x"}) {
        CHECK(problem(hello(extension(43, data))) == "the supported_versions extension is malformed");
    }
    CHECK(problem(hello(extension(42, "x"))) == "the early_data extension is malformed");
    CHECK(problem(hello(u16(0x1234) + u16(5) + "four")) == "an extension is cut off");
    CHECK(problem(hello("\x12"s)) == "an extension is cut off");
}

TEST_CASE("a malformed body") {
    const std::string good = body(sni("x.example"));
    const std::size_t session_at = 2 + 32;
    const std::size_t suites_at = session_at + 1 + 32;
    const std::size_t compression_at = suites_at + 2 + 2;
    const std::size_t extensions_at = compression_at + 2;
    const char* const malformed = "the ClientHello is malformed";

    CHECK(problem(record(message(""))) == malformed);
    for (std::size_t length = 1; length < good.size(); ++length) {
        if (length != extensions_at) { // there it is one without extensions
            CHECK(problem(record(message(good.substr(0, length)))) != "not malformed");
        }
    }
    CHECK(problem(record(message(good.substr(0, session_at) + vec8(std::string(33, 's')) +
                                 good.substr(suites_at)))) == malformed);
    CHECK(problem(record(message(good.substr(0, suites_at) + vec16("") + good.substr(compression_at)))) ==
          malformed);
    CHECK(problem(record(message(good.substr(0, suites_at) + vec16("odd") + good.substr(compression_at)))) ==
          malformed);
    CHECK(problem(record(message(good.substr(0, compression_at) + vec8("") + good.substr(extensions_at)))) ==
          malformed);
    CHECK(problem(record(message(good + "x"))) == "the length of the ClientHello's extensions is wrong");
}

TEST_CASE("malformed records") {
    const std::string whole = message(body(sni("x.example")));
    CHECK(problem(record("")) == "a record of the ClientHello is empty");
    CHECK(problem(record(whole.substr(0, 9)) + record("")) == "a record of the ClientHello is empty");
    CHECK(problem("\x16\x03\x01\x40\x01"s) == "a record of the ClientHello is too long");
    CHECK(problem(record(whole.substr(0, 9)) + record(whole.substr(9), 23)) ==
          "the ClientHello is interrupted by another record");
    CHECK(problem(record(whole.substr(0, 9)) + "G") == "the ClientHello is interrupted by another record");
    CHECK(problem(record(whole.substr(0, 9)) + record(whole.substr(9), 22, 0x0201)) ==
          "a record of the ClientHello has another version");
    CHECK(problem(record(message("", 2))) == "the first handshake message is not a ClientHello");
    CHECK(problem(record(whole + "x")) == "bytes follow the ClientHello in its record");
    CHECK(problem(record(whole + message(body("")))) == "bytes follow the ClientHello in its record");
    CHECK(problem(record(whole.substr(0, 9)) + record(whole.substr(9) + "x")) ==
          "bytes follow the ClientHello in its record");
}

TEST_CASE("the size of a hello is bounded, and so is what is read for it") {
    const std::size_t frame = message(body(extension(0x1234, ""))).size();
    const std::string largest = message(body(extension(0x1234, std::string(max_client_hello - frame, 'x'))));
    REQUIRE(largest.size() == max_client_hello);
    CHECK(read(records(largest, 16'384)).state() == State::complete);

    CHECK(problem(record("\1\1\0\0"s)) == "the ClientHello is too large"); // 64 KiB and its header of 4
    CHECK(problem(record("\1\xff\xff\xff"s)) == "the ClientHello is too large");

    const std::string tiny = records(largest, 1);
    REQUIRE(tiny.size() > max_client_hello_wire);
    CHECK(read(std::string_view(tiny).substr(0, max_client_hello_wire - 1)).state() == State::need_more);
    CHECK(problem(tiny.substr(0, max_client_hello_wire)) == "the ClientHello is too large");
    CHECK(read(tiny, 1).problem() == "the ClientHello is too large");
}

TEST_CASE("a problem is final") {
    ClientHelloReader reader = read(record(""));
    REQUIRE(reader.state() == State::malformed);
    CHECK(reader.feed(hello(sni("x.example"))) == State::malformed);
    ClientHelloReader other = read("GET");
    CHECK(other.feed(hello(sni("x.example"))) == State::not_tls);
}
