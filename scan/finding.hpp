// What was found? Everything that a record, a reply or a decision needs, and never the secret itself.
#pragma once

#include "scan/rule.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace egressd::scan {

using Digest = std::array<unsigned char, 32>;

struct Finding {
    const Rule* rule = nullptr; // lives as long as the engine that found it
    Tier tier = Tier::block;
    std::uint64_t offset = 0; // in the scanned stream; of the encoded region where the secret is inside one
    std::string encoding;     // how it was wrapped, outermost first: "gzip>base64"; empty: not at all
    Digest sha256{};          // of the secret as it is: compared with pinned credentials, never printed
    std::string
        fingerprint; // 16 hex digits, keyed: the same for the same secret, and useless without the key
};

} // namespace egressd::scan
