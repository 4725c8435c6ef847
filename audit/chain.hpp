// Has anybody changed this log? The line format of the journal (journal.hpp describes it) as pure functions
// over text: making the next line of a chain, and taking a line apart and checking its hash. It knows no file
// and no clock; writer and verifier both call it.
#pragma once

#include "net/result.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace egressd::audit {

/// A SHA-256 value as lower-case hex, the way it stands in the log.
using HexDigest = std::array<char, 64>;

inline std::string_view view(const HexDigest& digest) {
    return {digest.data(), digest.size()};
}

/// One OpenSSL context, used again for every line. Not for use by several threads at once.
class Sha256 {
public:
    Sha256();
    HexDigest hex(std::string_view bytes);

private:
    std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> algorithm_;
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

/// `prev` of the first line of a log: 64 zeros.
inline constexpr HexDigest genesis = [] {
    HexDigest zeros{};
    zeros.fill('0');
    return zeros;
}();

/// Where a chain stands: the last line's number and hash.
struct Position {
    std::uint64_t seq = 0;
    HexDigest head = genesis;
};

/// The text that every line with this number begins with.
std::string line_start(std::uint64_t seq);

/// Appends the next line, with its newline, and moves `position` on to it.
void append_line(std::string& out, Position& position, Sha256& sha256, std::string_view timestamp,
                 std::string_view fields);

/// What a line says about its place in the chain.
struct Link {
    std::uint64_t seq = 0;
    HexDigest prev = genesis;
    HexDigest hash = genesis;
};

/// Takes a line (without its newline) apart; an Error when it is not in the format or when its hash is not
/// that of its content. Whether `seq` and `prev` follow from the line before is for the caller to compare.
Result<Link> read_link(std::string_view line, Sha256& sha256);

} // namespace egressd::audit
