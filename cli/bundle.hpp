// Whom may a client trust? PEM files read into a list of certificates without repetition, and that list as a
// PEM bundle and as a Java truststore. Where the files are is decided by the caller.
#pragma once

#include "net/result.hpp"

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace egressd::cli {

class Bundle {
public:
    /// Adds the certificates of a PEM text that are not in the bundle yet; passes over what else it holds
    /// (keys, lists, certificates that cannot be read). Returns how many certificates the text has.
    std::size_t add(std::string_view pem);

    /// PEM, in the order of adding.
    std::string pem() const;

    /// A truststore in Java's JKS format, which every JDK reads, protected by the customary password: it
    /// guards against damage and hides nothing.
    Result<std::string> truststore() const;

    std::size_t size() const { return certificates_.size(); }

private:
    std::vector<std::string> certificates_; // DER
    std::unordered_set<std::string> known_; // the same
};

inline constexpr const char* truststore_password = "changeit";

} // namespace egressd::cli
