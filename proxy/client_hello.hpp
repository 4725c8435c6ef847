// Whom does a TLS client want to talk to? Reads the ClientHello from the first bytes of a connection (RFC
// 8446 4.1.2 and 5.1, RFC 6066 3), before any of them is passed on. Pure: bytes in, facts out. It does not
// judge the name that it finds, nor the version, nor ECH; and it takes no liberty: what two TLS stacks could
// read differently is malformed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace egressd::proxy {

/// The handshake message: post-quantum key shares and a session ticket make 2 to 5 KiB, 17 KiB have been
/// seen. OpenSSL takes 128 KiB at most, browsers' servers 16 to 64.
inline constexpr std::size_t max_client_hello = std::size_t{64} * 1024;

/// The hello with its record headers. A client that cuts every byte into a record of its own (6 bytes for
/// each) still has room for 21 KiB; the caller never holds more than this and one read.
inline constexpr std::size_t max_client_hello_wire = 2 * max_client_hello;

struct ClientHello {
    std::uint16_t legacy_version = 0;
    bool offers_tls12 = false; // or newer, by supported_versions or, without it, by legacy_version
    std::optional<std::string> server_name; // SNI as sent, not empty; may hold any byte, an address, anything
    std::vector<std::string> alpn;          // in the client's order
    bool ech = false;        // encrypted_client_hello or its forerunner is present; may be GREASE
    bool early_data = false; // 0-RTT bytes may follow
    std::size_t wire_length =
        0; // from the first byte of the connection to the end of the hello's last record
};

class ClientHelloReader {
public:
    enum class State {
        need_more,
        not_tls,   // decided by the first two bytes; an SSLv2 hello is not TLS either
        malformed, // problem() says what is wrong
        complete,
    };

    /// `bytes` are those after the ones of the last call. The total cost is linear in the bytes, however they
    /// are cut. Never need_more once max_client_hello_wire bytes were fed. After any other state it does
    /// nothing and returns that state.
    State feed(std::string_view bytes);

    State state() const { return state_; }
    /// Only when complete.
    const ClientHello& hello() const { return hello_; }
    /// For people; only when malformed.
    std::string_view problem() const { return problem_; }

private:
    void fail(std::string_view problem);
    std::string_view take_header(std::string_view bytes);
    void check_header();
    void refuse(bool first_record, std::string_view problem);
    std::string_view take_fragment(std::string_view bytes);
    void check_message();

    State state_ = State::need_more;
    ClientHello hello_;
    std::string_view problem_; // always a literal
    std::array<unsigned char, 5> header_{};
    std::size_t header_length_ = 0;    // bytes of header_ that are there; 5 while inside a record
    std::size_t fragment_missing_ = 0; // bytes of the record that are not there yet
    std::size_t wire_length_ = 0;
    std::string message_; // the handshake message so far, with its header of 4 bytes
};

} // namespace egressd::proxy
