#include "scan/canary.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <zlib.h>

namespace egressd::scan {
namespace {

constexpr std::string_view base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Bytes that follow from the key and a variable's name, as many as are asked for.
class Stream {
public:
    Stream(std::string_view key, std::string_view variable) : key_(key), label_("egressd canary 1 ") {
        label_ += variable;
    }

    unsigned next() {
        if (at_ == block_.size())
            refill();
        return static_cast<unsigned char>(block_[at_++]);
    }

    /// `length` digits, each as likely as any other.
    std::string text(std::size_t length, std::string_view digits) {
        const std::size_t fair = 256 - 256 % digits.size();
        std::string out;
        while (out.size() < length) {
            const unsigned byte = next();
            if (byte < fair)
                out += digits[byte % digits.size()];
        }
        return out;
    }

private:
    void refill() {
        const std::string message = label_ + ' ' + std::to_string(blocks_++);
        unsigned char mac[EVP_MAX_MD_SIZE];
        unsigned size = 0;
        if (HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
                 reinterpret_cast<const unsigned char*>(message.data()), message.size(), mac,
                 &size) == nullptr)
            throw std::runtime_error("cannot make canaries: OpenSSL has no HMAC-SHA256");
        block_.assign(mac, mac + size);
        at_ = 0;
    }

    std::string key_;
    std::string label_;
    std::string block_;
    std::size_t at_ = 0;
    unsigned blocks_ = 0;
};

/// As GitHub and npm do it: 30 digits and six that are their CRC32.
std::string with_checksum(std::string_view prefix, Stream stream) {
    const std::string body = stream.text(30, base62);
    unsigned long crc = crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
    std::string checksum(6, '0');
    for (std::size_t i = checksum.size(); i-- > 0; crc /= 62)
        checksum[i] = base62[crc % 62];
    return std::string(prefix) + body + checksum;
}

/// AWS writes the account into the key id: behind the first bit are 40 of its number, which has twelve
/// digits.
std::string aws_key_id(Stream stream) {
    constexpr std::uint64_t least = 100'000'000'000;
    std::uint64_t account = 0;
    for (int i = 0; i < 7; ++i)
        account = account << 8 | stream.next();
    account = least + account % (9 * least);
    // 41 bits are not a whole number of digits: four of what follows them make nine.
    std::uint64_t head = (std::uint64_t{1} << 44) | account << 4 | (stream.next() & 0xF);
    std::string digits(9, 'A');
    for (std::size_t i = digits.size(); i-- > 0; head >>= 5)
        digits[i] = base32[head & 0x1F];
    return "AKIA" + digits + stream.text(7, base32);
}

} // namespace

std::vector<KnownSecret> make_canaries(std::string_view key) {
    if (key.size() != canary_key_size)
        throw std::invalid_argument("a key of canaries has 32 bytes");
    std::vector<KnownSecret> canaries;
    const auto add = [&](const std::string& variable, std::string value) {
        canaries.push_back({"canary:" + variable, std::move(value), true});
    };
    add("AWS_ACCESS_KEY_ID", aws_key_id({key, "AWS_ACCESS_KEY_ID"}));
    add("AWS_SECRET_ACCESS_KEY", Stream(key, "AWS_SECRET_ACCESS_KEY").text(40, base64));
    add("GITHUB_TOKEN", with_checksum("ghp_", {key, "GITHUB_TOKEN"}));
    add("NPM_TOKEN", with_checksum("npm_", {key, "NPM_TOKEN"}));
    add("STRIPE_SECRET_KEY", "sk_live_51" + Stream(key, "STRIPE_SECRET_KEY").text(97, base62));
    return canaries;
}

} // namespace egressd::scan
