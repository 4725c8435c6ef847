// The first bytes of a connection, as any client may send them. The first byte of the input says in which
// pieces they come. Invariants: pieces and whole give the same result; a result is final; the reader never
// wants more than its bound; the hello's length lies within the bytes, and one byte less is not enough.
#include "proxy/client_hello.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using egressd::proxy::ClientHello;
using egressd::proxy::ClientHelloReader;
using State = ClientHelloReader::State;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

ClientHelloReader read(std::string_view wire, std::size_t piece) {
    ClientHelloReader reader;
    while (!wire.empty()) {
        const State before = reader.state();
        const State after = reader.feed(wire.substr(0, piece));
        require(before == State::need_more || after == before);
        require(after == reader.state());
        wire.remove_prefix(std::min(piece, wire.size()));
    }
    return reader;
}

void require_equal(const ClientHello& a, const ClientHello& b) {
    require(a.legacy_version == b.legacy_version && a.offers_tls12 == b.offers_tls12 &&
            a.server_name == b.server_name && a.alpn == b.alpn && a.ech == b.ech &&
            a.early_data == b.early_data && a.wire_length == b.wire_length);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view wire(reinterpret_cast<const char*>(data) + 1, size - 1);
    const ClientHelloReader whole = read(wire, wire.size() + 1);
    const ClientHelloReader pieces = read(wire, std::size_t{1} + data[0]);
    require(whole.state() == pieces.state());
    require(whole.problem() == pieces.problem());
    require((whole.state() == State::malformed) == !whole.problem().empty());
    require(whole.state() != State::need_more || wire.size() < egressd::proxy::max_client_hello_wire);

    if (whole.state() == State::complete) {
        const ClientHello& hello = whole.hello();
        require_equal(hello, pieces.hello());
        require(hello.wire_length <= wire.size() &&
                hello.wire_length <= egressd::proxy::max_client_hello_wire);
        require(!hello.server_name || !hello.server_name->empty());
        require(read(wire.substr(0, hello.wire_length), hello.wire_length).state() == State::complete);
        require(read(wire.substr(0, hello.wire_length - 1), hello.wire_length).state() == State::need_more);
    }
    return 0;
}
