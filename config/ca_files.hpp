// Where is the CA of inspection kept? Two paths and nothing else, for whoever reads or makes the files.
#pragma once

#include <string>

namespace egressd::config {

struct CaFiles {
    std::string certificate; // PEM
    std::string key;         // PEM, mode 0600; may lie in another directory

    friend bool operator==(const CaFiles&, const CaFiles&) = default;
};

/// The pair that egressd makes itself in a state directory.
inline CaFiles own_ca_in(const std::string& state) {
    return {state + "/ca.pem", state + "/ca.key"};
}

} // namespace egressd::config
