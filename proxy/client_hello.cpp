// Two layers. The reader puts records together into one handshake message, as they come; the functions in the
// anonymous namespace then take the whole message apart. Everything has to fit exactly: a vector that is
// longer or shorter than its length says, a second extension of one type, a second name are malformed,
// because one stack would take the first and another the last.
#include "proxy/client_hello.hpp"

#include <algorithm>
#include <initializer_list>

namespace egressd::proxy {

namespace {

constexpr unsigned char record_handshake = 22;
constexpr unsigned char message_client_hello = 1;
constexpr unsigned char record_major_version = 3;          // SSL 3.0 to TLS 1.3 (RFC 8446 5.1)
constexpr std::size_t max_fragment = std::size_t{1} << 14; // RFC 8446 5.1
constexpr std::size_t message_header = 4;

constexpr std::uint16_t version_tls12 = 0x0303;

enum Extension : std::uint16_t {
    server_name = 0,
    application_layer_protocol_negotiation = 16,
    early_data = 42,
    supported_versions = 43,
    encrypted_client_hello = 0xfe0d,
    encrypted_server_name = 0xffce, // draft-ietf-tls-esni up to 06
};

/// Reads big-endian numbers and vectors from the front of `bytes`. After a read beyond the end everything
/// reads as empty and ok() is false.
class Cursor {
public:
    explicit Cursor(std::string_view bytes) : bytes_(bytes) {}

    bool ok() const { return ok_; }
    bool at_end() const { return bytes_.empty(); }
    /// All was read, and nothing is left.
    bool finished() const { return ok_ && bytes_.empty(); }

    std::string_view take(std::size_t count) {
        if (count > bytes_.size()) {
            ok_ = false;
            bytes_ = {};
            return {};
        }
        const std::string_view taken = bytes_.substr(0, count);
        bytes_.remove_prefix(count);
        return taken;
    }

    std::uint32_t number(std::size_t octets) {
        std::uint32_t value = 0;
        for (const char c : take(octets)) {
            value = value << 8 | static_cast<unsigned char>(c);
        }
        return value;
    }

    std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
    /// A vector with a length of `octets` bytes before it (RFC 8446 3.4).
    std::string_view vector(std::size_t octets) { return take(number(octets)); }

private:
    std::string_view bytes_;
    bool ok_ = true;
};

/// What is wrong, or empty.
using Problem = std::string_view;

/// TLS 1.2, 1.3 and what may follow; drafts and GREASE (RFC 8701) have other high bytes.
bool is_tls12_or_newer(std::uint16_t version) {
    return version >> 8 == record_major_version && version >= version_tls12;
}

/// RFC 6066 3. A name type other than host_name has no known form, so that it cannot be skipped.
Problem read_server_name(std::string_view data, ClientHello& hello) {
    Cursor extension(data);
    Cursor list(extension.vector(2));
    const std::uint32_t type = list.number(1);
    const std::string_view name = list.vector(2);
    if (!extension.finished() || !list.ok() || type != 0 || name.empty()) {
        return "the server_name extension is malformed";
    }
    if (!list.at_end()) {
        return "the server_name extension holds more than one name";
    }
    hello.server_name = std::string(name);
    return {};
}

/// RFC 7301 3.1.
Problem read_alpn(std::string_view data, ClientHello& hello) {
    Cursor extension(data);
    Cursor list(extension.vector(2));
    do {
        const std::string_view protocol = list.vector(1);
        if (!extension.finished() || !list.ok() || protocol.empty()) {
            return "the ALPN extension is malformed";
        }
        hello.alpn.emplace_back(protocol);
    } while (!list.at_end());
    return {};
}

/// RFC 8446 4.2.1: where it is present, legacy_version says nothing.
Problem read_supported_versions(std::string_view data, ClientHello& hello) {
    Cursor extension(data);
    Cursor list(extension.vector(1));
    hello.offers_tls12 = false;
    do {
        const std::uint16_t version = list.u16();
        if (!extension.finished() || !list.ok()) {
            return "the supported_versions extension is malformed";
        }
        hello.offers_tls12 = hello.offers_tls12 || is_tls12_or_newer(version);
    } while (!list.at_end());
    return {};
}

Problem read_extension(std::uint16_t type, std::string_view data, ClientHello& hello) {
    switch (type) {
    case server_name:
        return read_server_name(data, hello);
    case application_layer_protocol_negotiation:
        return read_alpn(data, hello);
    case supported_versions:
        return read_supported_versions(data, hello);
    case early_data:
        hello.early_data = true;
        return data.empty() ? Problem{} : Problem{"the early_data extension is malformed"};
    case encrypted_client_hello:
    case encrypted_server_name:
        hello.ech = true;
        return {};
    default:
        return {};
    }
}

Problem read_extensions(std::string_view data, ClientHello& hello) {
    Cursor extensions(data);
    std::vector<std::uint16_t> types;
    while (!extensions.at_end()) {
        const std::uint16_t type = extensions.u16();
        const std::string_view body = extensions.vector(2);
        if (!extensions.ok()) {
            return "an extension is cut off";
        }
        types.push_back(type);
        if (const Problem problem = read_extension(type, body, hello); !problem.empty()) {
            return problem;
        }
    }
    std::sort(types.begin(), types.end());
    if (std::adjacent_find(types.begin(), types.end()) != types.end()) {
        return "an extension occurs twice"; // RFC 8446 4.2
    }
    return {};
}

/// RFC 8446 4.1.2; `body` without the handshake header.
Problem read_body(std::string_view body, ClientHello& hello) {
    Cursor message(body);
    hello.legacy_version = message.u16();
    message.take(32); // random
    const std::string_view session_id = message.vector(1);
    const std::string_view cipher_suites = message.vector(2);
    const std::string_view compression_methods = message.vector(1);
    if (!message.ok() || session_id.size() > 32 || cipher_suites.empty() || cipher_suites.size() % 2 != 0 ||
        compression_methods.empty()) {
        return "the ClientHello is malformed";
    }
    hello.offers_tls12 = is_tls12_or_newer(hello.legacy_version);
    if (message.at_end()) {
        return {}; // RFC 5246 7.4.1.2: extensions may be missing
    }
    const std::string_view extensions = message.vector(2);
    if (!message.finished()) {
        return "the length of the ClientHello's extensions is wrong";
    }
    return read_extensions(extensions, hello);
}

} // namespace

void ClientHelloReader::fail(std::string_view problem) {
    state_ = State::malformed;
    problem_ = problem;
}

ClientHelloReader::State ClientHelloReader::feed(std::string_view bytes) {
    while (state_ == State::need_more && !bytes.empty()) {
        if (wire_length_ >= max_client_hello_wire) {
            fail("the ClientHello is too large");
        } else if (header_length_ < header_.size()) {
            bytes = take_header(bytes);
        } else {
            bytes = take_fragment(bytes);
        }
    }
    if (state_ == State::need_more && wire_length_ >= max_client_hello_wire) {
        fail("the ClientHello is too large");
    }
    return state_;
}

/// One byte of a record's header, judged as soon as it is there, so that what is not TLS is told without
/// waiting.
std::string_view ClientHelloReader::take_header(std::string_view bytes) {
    header_[header_length_] = static_cast<unsigned char>(bytes.front());
    ++header_length_;
    ++wire_length_;
    check_header();
    return bytes.substr(1);
}

void ClientHelloReader::check_header() {
    const bool first_record = message_.empty();
    if (header_length_ == 1 && header_[0] != record_handshake) {
        // RFC 8446 5.1: no other record may stand between the parts of a handshake message.
        refuse(first_record, "the ClientHello is interrupted by another record");
    } else if (header_length_ == 2 && header_[1] != record_major_version) {
        refuse(first_record, "a record of the ClientHello has another version");
    } else if (header_length_ == header_.size()) {
        fragment_missing_ = static_cast<std::size_t>(header_[3]) << 8 | header_[4];
        if (fragment_missing_ == 0) {
            fail("a record of the ClientHello is empty"); // RFC 8446 5.1
        } else if (fragment_missing_ > max_fragment) {
            fail("a record of the ClientHello is too long");
        }
    }
}

/// A wrong record: where the connection begins with it, it is no TLS at all.
void ClientHelloReader::refuse(bool first_record, std::string_view problem) {
    if (first_record) {
        state_ = State::not_tls;
    } else {
        fail(problem);
    }
}

std::string_view ClientHelloReader::take_fragment(std::string_view bytes) {
    const std::size_t count =
        std::min({bytes.size(), fragment_missing_, max_client_hello_wire - wire_length_});
    message_.append(bytes.substr(0, count));
    fragment_missing_ -= count;
    wire_length_ += count;
    if (fragment_missing_ == 0) {
        header_length_ = 0;
    }
    check_message();
    return bytes.substr(count);
}

void ClientHelloReader::check_message() {
    if (static_cast<unsigned char>(message_.front()) != message_client_hello) {
        fail("the first handshake message is not a ClientHello");
        return;
    }
    if (message_.size() < message_header) {
        return;
    }
    const std::size_t length = message_header + Cursor(std::string_view(message_).substr(1)).number(3);
    if (length > max_client_hello) {
        fail("the ClientHello is too large");
    } else if (message_.size() > length || (message_.size() == length && fragment_missing_ > 0)) {
        // Nothing can be due before the server's answer, and RFC 8446 5.1 wants a record boundary before a
        // change of keys.
        fail("bytes follow the ClientHello in its record");
    } else if (message_.size() == length) {
        const Problem problem = read_body(std::string_view(message_).substr(message_header), hello_);
        if (!problem.empty()) {
            fail(problem);
            return;
        }
        hello_.wire_length = wire_length_;
        state_ = State::complete;
    }
}

} // namespace egressd::proxy
