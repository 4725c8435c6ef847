// Who vouches for an inspected host? The certificate authority of this installation, and the short-lived leaf
// certificates that it signs for the names that clients ask for. The key never leaves this interface, so that
// it can move to a process of its own. Which host gets a leaf is not decided here.
#pragma once

#include "config/ca_files.hpp"
#include "net/host.hpp"
#include "net/result.hpp"
#include "proxy/certificate_parts.hpp"
#include "proxy/openssl.hpp"

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

namespace egressd::proxy {

using config::CaFiles;

/// May be used by several threads at once: nothing changes after open().
class CertificateAuthority {
public:
    /// Loads both files, or makes both when neither is there (directory 0700, key 0600), once also when
    /// several processes try at the same time. Refuses a key that others may read, a pair that does not fit,
    /// one file without the other, and a certificate that is no root, no CA, too weak or not valid at `now`.
    /// The Error names the file and the remedy.
    static Result<std::shared_ptr<const CertificateAuthority>>
    open(const CaFiles& files, SystemTime now = std::chrono::system_clock::now());

    /// Replaces both files by a new CA; a certificate that was there is kept beside it as
    /// "<name>.<date>.pem". Returns the name of that file, or "" when there was none. Whoever has opened the
    /// old CA keeps using it.
    static Result<std::string> rotate(const CaFiles& files,
                                      SystemTime now = std::chrono::system_clock::now());

    X509* certificate() const { return certificate_.get(); }
    const std::string& pem() const { return pem_; }

    /// The key of every leaf, made in open(): one a process, never written anywhere.
    EVP_PKEY* leaf_key() const { return leaf_key_.get(); }

    /// A server certificate for exactly this name or address, signed, valid from an hour ago for a week, or
    /// to the end of the CA if that is earlier. An Error once the CA itself has expired.
    Result<X509Ptr> issue(const net::Host& host, SystemTime now = std::chrono::system_clock::now()) const;

private:
    CertificateAuthority() = default;
    static Result<std::shared_ptr<const CertificateAuthority>> load(const CaFiles& files, SystemTime now);
    Result<void> prepare_leaves();

    X509Ptr certificate_;
    KeyPtr key_;
    std::string pem_;
    SystemTime not_after_;
    KeyPtr leaf_key_;
    X509Ptr leaf_pattern_; // what all leaves share; a copy costs a third less than putting the key into each
};

/// The leaves that one worker has made: the latest used stay. Not for use by several threads at once.
class Leaves {
public:
    /// An agent talks to tens of hosts; at about 5 KiB each this many take 5 MiB of a worker, and what falls
    /// out is made again in a fraction of a millisecond.
    static constexpr std::size_t capacity = 1024;

    explicit Leaves(std::shared_ptr<const CertificateAuthority> ca) : ca_(std::move(ca)) {}

    /// A leaf with at least half of its validity left. Owned by the cache, and there until the next call.
    Result<X509*> leaf_for(const net::Host& host, SystemTime now = std::chrono::system_clock::now());

    EVP_PKEY* key() const { return ca_->leaf_key(); }
    std::size_t size() const { return leaves_.size(); }

private:
    struct Leaf {
        std::string host;
        X509Ptr certificate;
        SystemTime made_at;
        SystemTime renew_at;
    };
    using Order = std::list<Leaf>; // the latest used first

    std::shared_ptr<const CertificateAuthority> ca_;
    Order leaves_;
    std::unordered_map<std::string, Order::iterator> by_host_;
};

} // namespace egressd::proxy
