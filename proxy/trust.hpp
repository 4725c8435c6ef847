// Whose signature under an origin's certificate counts? The system's roots and the operator's own, read once
// for all workers.
#pragma once

#include "net/result.hpp"
#include "proxy/openssl.hpp"

#include <future>
#include <memory>
#include <string>
#include <vector>

namespace egressd::proxy {

class Trust {
public:
    /// `ca_files`: PEM files of certificates that are trusted besides the system's. The error names the file
    /// that cannot be used. The system's roots (SSL_CERT_FILE and SSL_CERT_DIR, or OpenSSL's own places) are
    /// read beside what the caller does next: a bundle takes OpenSSL some 15 ms.
    static Result<std::shared_ptr<const Trust>> load(const std::vector<std::string>& ca_files);

    /// Adds them to the store of one worker, when they are read. From any thread.
    void give(X509_STORE* store) const;

private:
    explicit Trust(X509StorePtr store);

    X509StorePtr read_;              // nobody changes it any more when it is read, or verifies with it
    std::shared_future<void> roots_; // its end is waited for before read_ goes
};

} // namespace egressd::proxy
