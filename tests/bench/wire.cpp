#include "tests/bench/wire.hpp"

namespace egressd::bench {

namespace {

// RFC 8446 5.1 and 4.1.2: record header, handshake header, version, random, then the session id with its
// length byte.
constexpr std::size_t record_header = 5;
constexpr std::size_t session_length_at = record_header + 4 + 2 + 32;
constexpr std::size_t session_length = 32;
constexpr std::string_view marker = "egressd-bench";

void put8(std::string& out, std::size_t value) {
    out.push_back(static_cast<char>(value & 0xff));
}

void put16(std::string& out, std::size_t value) {
    put8(out, value >> 8);
    put8(out, value);
}

void put_vector16(std::string& out, std::string_view bytes) {
    put16(out, bytes.size());
    out.append(bytes);
}

void put_extension(std::string& out, std::size_t type, std::string_view body) {
    put16(out, type);
    put_vector16(out, body);
}

std::string session_id(Request request) {
    std::string id(marker);
    put8(id, static_cast<std::size_t>(request.order));
    put16(id, request.amount >> 16);
    put16(id, request.amount);
    id.resize(session_length, '\0');
    return id;
}

std::string extensions(std::string_view name) {
    std::string host_name;
    put8(host_name, 0); // RFC 6066 3: host_name
    put_vector16(host_name, name);
    std::string server_name;
    put_vector16(server_name, host_name);

    std::string share;
    put16(share, 0x001d); // x25519
    put_vector16(share, std::string(32, '\x09'));
    std::string shares;
    put_vector16(shares, share);

    std::string all;
    put_extension(all, 0, server_name);
    put_extension(all, 10, std::string_view("\x00\x04\x00\x1d\x00\x17", 6));         // supported_groups
    put_extension(all, 13, std::string_view("\x00\x06\x04\x03\x08\x04\x08\x07", 8)); // signature_algorithms
    put_extension(all, 43, std::string_view("\x04\x03\x04\x03\x03", 5)); // supported_versions: 1.3, 1.2
    put_extension(all, 51, shares);                                      // key_share
    return all;
}

std::uint32_t byte_at(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned char>(bytes[at]);
}

} // namespace

std::string hello(std::string_view name, Request request) {
    std::string body;
    put16(body, 0x0303);
    body.append(32, '\x07'); // random
    put8(body, session_length);
    body += session_id(request);
    put_vector16(body, std::string_view("\x13\x01\x13\x02\x13\x03\xc0\x2b\xc0\x2f", 10)); // cipher suites
    body.append(std::string_view("\x01\x00", 2));                                         // no compression
    put_vector16(body, extensions(name));

    std::string handshake("\x01"); // client_hello
    put8(handshake, 0);
    put_vector16(handshake, body);

    std::string record("\x16\x03\x01");
    put_vector16(record, handshake);
    return record;
}

std::optional<std::size_t> record_length(std::string_view bytes) {
    if (bytes.size() < record_header) {
        return std::nullopt;
    }
    return record_header + (byte_at(bytes, 3) << 8 | byte_at(bytes, 4));
}

std::optional<Request> parse(std::string_view record) {
    if (record.size() < session_length_at + 1 + session_length ||
        byte_at(record, session_length_at) != session_length) {
        return std::nullopt;
    }
    const std::string_view id = record.substr(session_length_at + 1, session_length);
    if (!id.starts_with(marker)) {
        return std::nullopt;
    }
    Request request;
    switch (id[marker.size()]) {
    case 'A':
        request.order = Order::answer;
        break;
    case 'D':
        request.order = Order::source;
        break;
    case 'U':
        request.order = Order::sink;
        break;
    default:
        return std::nullopt;
    }
    for (std::size_t at = marker.size() + 1; at < marker.size() + 5; ++at) {
        request.amount = request.amount << 8 | byte_at(id, at);
    }
    return request;
}

} // namespace egressd::bench
