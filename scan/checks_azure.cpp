// Azure's keys. Apart from the old DevOps token's CRC they are proved by their fixed parts alone: these stand
// where chance practically never puts them, and the seeds of the Marvin sums behind them are not documented
// as formats.
#include "scan/check_functions.hpp"
#include "scan/checksum.hpp"
#include "scan/text_codec.hpp"

#include <algorithm>
#include <string>

namespace egressd::scan::checks {

namespace {

/// A kind of key: its length without '=' and what stands at an offset. The signature ends where a byte begins
/// whose first bits are the sum's, so the character there can be only one of the alphabet's first few.
struct Kind {
    std::size_t length;
    std::size_t offset;
    std::string_view signatures; // each of four characters
    char last_follower;          // the follower is 'A' to this; 0: anything
};

constexpr Kind kinds[] = {
    {86, 76, "+AStACDb+ABa+AMCAPIM", 0},       // storage, Cosmos, Batch, ML, API management: 64 bytes
    {43, 33, "+ASb+AEh+ARmAIoTAzCaAZEG", 'P'}, // service bus, event hub, relay, IoT, Redis, event grid: 32
    {54, 44, "AzFu", 0},                       // functions: 40
    {52, 42, "AzSe+ACR", 'D'},                 // search, container registry: 39
};

constexpr std::size_t signature_size = 4;

bool has_signature(std::string_view key, const Kind& kind) {
    const std::string_view found = key.substr(kind.offset, signature_size);
    for (std::size_t i = 0; i < kind.signatures.size(); i += signature_size) {
        if (kind.signatures.substr(i, signature_size) == found) {
            const char follower = key[kind.offset + signature_size];
            return kind.last_follower == 0 || (follower >= 'A' && follower <= kind.last_follower);
        }
    }
    return false;
}

} // namespace

bool azure_devops(std::string_view token) {
    // 32 bytes; the CRC of 28 of them, mixed with what tells users from applications, is strewn among them.
    constexpr std::size_t length = 52;
    constexpr std::uint32_t user = 0xe0b9692d;
    constexpr std::uint32_t application = 0x1019f92e;
    constexpr std::size_t places[] = {22, 8, 7, 2}; // of the CRC's bytes, the least significant first
    std::optional<std::string> bytes =
        token.size() == length ? decode_base32(token) : std::optional<std::string>();
    if (!bytes) {
        return false;
    }
    std::uint32_t stored = 0;
    unsigned shift = 0;
    for (const std::size_t place : places) { // descending, so that erasing moves none that is still to come
        stored |= static_cast<std::uint32_t>(static_cast<unsigned char>((*bytes)[place])) << shift;
        shift += 8;
        bytes->erase(place, 1);
    }
    const std::uint32_t crc = crc32(*bytes);
    return stored == (crc ^ user) || stored == (crc ^ application);
}

bool azure_cask(std::string_view token) {
    // 52 random characters, "JQQJ99", year, month, 16 of the provider's, its signature, the sum; all
    // alphanumeric.
    constexpr std::size_t length = 84;
    constexpr std::size_t long_length = 86; // with a sum of four bytes, less its "=="
    constexpr std::size_t mark = 52;
    constexpr std::size_t month = 59;
    while (!token.empty() && token.back() == '=') {
        token.remove_suffix(1);
    }
    if ((token.size() != length && token.size() != long_length) || token.substr(mark, 5) != "JQQJ9") {
        return false;
    }
    const char test = token[mark + 5]; // '9', or 'D' and 'H' for keys made for tests
    return (test == '9' || test == 'D' || test == 'H') && token[month] >= 'A' && token[month] <= 'L' &&
           std::all_of(token.begin(), token.begin() + static_cast<std::ptrdiff_t>(length), is_alnum);
}

bool azure_his(std::string_view token) {
    while (!token.empty() && token.back() == '=') {
        token.remove_suffix(1);
    }
    return std::any_of(std::begin(kinds), std::end(kinds), [token](const Kind& kind) {
        return token.size() == kind.length && has_signature(token, kind) && decode_base64(token);
    });
}

bool entra(std::string_view token) {
    // Three characters, '7' or '8', "Q~", 31 to 34; a text of one case is no random one.
    constexpr std::size_t mark = 3;
    const auto belongs = [](char c) { return is_alnum(c) || c == '~' || c == '.' || c == '_' || c == '-'; };
    return token.size() >= 37 && token.size() <= 40 && (token[mark] == '7' || token[mark] == '8') &&
           token.substr(mark + 1, 2) == "Q~" && std::all_of(token.begin(), token.end(), belongs) &&
           std::any_of(token.begin() + mark + 3, token.end(), is_lower) &&
           std::any_of(token.begin() + mark + 3, token.end(), is_upper);
}

} // namespace egressd::scan::checks
