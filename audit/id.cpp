#include "audit/id.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <sys/random.h>
#include <system_error>

namespace egressd::audit {
namespace {

/// One system call for 512 ids.
constexpr std::size_t pool_bytes = 4096;

std::uint64_t random_word() {
    thread_local std::array<unsigned char, pool_bytes> pool;
    thread_local std::size_t used = pool_bytes;
    if (used == pool_bytes) {
        std::size_t filled = 0;
        while (filled < pool_bytes) {
            const ssize_t n = ::getrandom(pool.data() + filled, pool_bytes - filled, 0);
            if (n < 0 && errno != EINTR)
                throw std::system_error(errno, std::generic_category(), "getrandom");
            filled += n > 0 ? static_cast<std::size_t>(n) : 0;
        }
        used = 0;
    }
    std::uint64_t word = 0;
    std::memcpy(&word, pool.data() + used, sizeof word);
    used += sizeof word;
    return word;
}

} // namespace

// RFC 9562 5.7: 48 bits of Unix milliseconds, version, 12 bits "rand_a", variant, 62 bits "rand_b". rand_a
// holds the fraction of the millisecond (section 6.2, method 3), so that ids sort in the order in which they
// were made; rand_b alone is what nobody can guess.
std::string new_id() {
    using namespace std::chrono;
    const auto now = duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
    const auto since_epoch = static_cast<std::uint64_t>(now);
    constexpr std::uint64_t ns_per_ms = 1'000'000;
    const std::uint64_t milliseconds_part = since_epoch / ns_per_ms;
    const std::uint64_t fraction = (since_epoch % ns_per_ms) * 4096 / ns_per_ms;
    const std::uint64_t high = milliseconds_part << 16 | 0x7000 | fraction;
    const std::uint64_t low = 0x8000'0000'0000'0000 | random_word() >> 2;

    constexpr char digits[] = "0123456789abcdef";
    std::string id;
    id.reserve(36);
    for (unsigned nibble = 0; nibble < 32; ++nibble) {
        if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20)
            id += '-';
        const std::uint64_t word = nibble < 16 ? high : low;
        id += digits[word >> (60 - 4 * (nibble % 16)) & 0xf];
    }
    return id;
}

} // namespace egressd::audit
