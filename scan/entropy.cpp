#include "scan/checks.hpp"

#include <array>
#include <cmath>
#include <cstddef>

namespace egressd::scan {

double entropy(std::string_view text) {
    std::array<std::size_t, 256> counts{};
    for (const char c : text) {
        ++counts[static_cast<unsigned char>(c)];
    }
    const auto length = static_cast<double>(text.size());
    double bits = 0;
    for (const std::size_t count : counts) {
        if (count != 0) {
            const double share = static_cast<double>(count) / length;
            bits -= share * std::log2(share);
        }
    }
    return bits;
}

} // namespace egressd::scan
