// What does a new CA of ours look like? Its certificate and key as text; where they are kept is the business
// of certificates.
#pragma once

#include "net/result.hpp"
#include "proxy/certificate_parts.hpp"

#include <string>

namespace egressd::proxy {

struct NewAuthority {
    std::string certificate; // PEM
    std::string key;         // PEM, PKCS #8
};

/// A self-signed CA on P-256 for ten years that may sign leaves and nothing else (pathlen:0). Its subject
/// names this machine and the day, so that several installations can be told apart in a list of roots.
///
/// It has no name constraints: they would have to be the allow list of the day it was made, and the list
/// changes by a reload while every client keeps the certificate. What bounds the key instead is that it never
/// leaves the machine, and that leaves are only made for hosts that the policy has let through.
Result<NewAuthority> make_authority(SystemTime now);

} // namespace egressd::proxy
