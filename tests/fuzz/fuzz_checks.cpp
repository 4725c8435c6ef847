// Do the checks survive any candidate? Every one must answer, within memory; entropy lies
// between 0 and 8; decoding makes no more than there was; a token with the right checksum holds, whatever its
// body.
#include "scan/checks.hpp"
#include "scan/checksum.hpp"
#include "scan/text_codec.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace egressd::scan;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

void require_smaller(const std::optional<std::string>& bytes, std::string_view text) {
    require(!bytes || bytes->size() <= text.size());
}

void judge(std::string_view token) {
    for (const std::string_view name : check_names()) {
        find_check(name)(token);
    }
    is_placeholder(token);
    const double bits = entropy(token);
    require(bits >= 0 && bits <= 8.000001);
    require_smaller(decode_base64(token), token);
    require_smaller(decode_base32(token), token);
    require_smaller(decode_base58(token), token);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t longest = 8192; // several times what a rule matches
    const std::string_view input(reinterpret_cast<const char*>(data), size < longest ? size : longest);
    judge(input);
    // What follows a known prefix is reached by few mutations; the first byte names one.
    constexpr std::string_view prefixes[] = {"pypi-",   "ops_",       "glc_", "sntrys_",
                                             "xoxe-1-", "FlyV1 fm2_", "x://", "-----BEGIN PRIVATE KEY-----",
                                             "Basic "};
    if (!input.empty()) {
        judge(std::string(prefixes[data[0] % std::size(prefixes)]).append(input.substr(1)));
    }
    if (input.size() >= 30) {
        const std::string body(input);
        require(find_check("github")("ghp_" + body + to_digits(crc32(body), base62_upper_first, 6)));
    }
    return 0;
}
