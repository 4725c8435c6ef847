// What do our certificates have in common? Keys, serial numbers, validity and extensions, as small steps over
// OpenSSL that either work or say why not. What a certificate is for is decided by the callers: new_authority
// and certificates.
#pragma once

#include "net/host.hpp"
#include "net/result.hpp"
#include "proxy/openssl.hpp"

#include <chrono>
#include <string>

namespace egressd::proxy {

using SystemTime = std::chrono::system_clock::time_point;

/// "<what>: <OpenSSL's reason>", our own fault.
Error openssl_failure(const std::string& what);

/// P-256: every client knows it, and a signature takes tens of microseconds.
Result<KeyPtr> make_key();

/// A version 3 certificate for `key`, without anything else.
Result<X509Ptr> begin_certificate(EVP_PKEY* key);

/// Gives it its validity and a random serial number of 127 bits (RFC 5280 4.1.2.2: positive, at most 20
/// octets; unpredictable, and never used twice).
Result<void> make_unique(X509* certificate, SystemTime not_before, SystemTime not_after);

/// Adds an extension by OpenSSL's text form of it. Only for texts that stand in our source: a name from
/// outside could bring syntax along.
Result<void> extend(X509* certificate, int nid, const char* text, X509* issuer);

/// Signs with the digest that is fit for the key.
Result<void> sign(X509* certificate, EVP_PKEY* key);

Result<std::string> to_pem(const X509* certificate);
/// PKCS #8 without a passphrase: egressd must be able to start unattended.
Result<std::string> to_pem(const EVP_PKEY* key);

/// The first certificate of a PEM text.
Result<X509Ptr> certificate_from_pem(std::string_view pem);
/// A private key in PEM form without a passphrase.
Result<KeyPtr> key_from_pem(std::string_view pem);

/// How a time of a certificate is meant; the epoch when it cannot be read, which makes it expired.
SystemTime time_of(const ASN1_TIME* time);

/// "2025-11-03", in UTC.
std::string day_of(SystemTime time);

/// "AB:CD:..." of the certificate's DER form, the way browsers and openssl show it.
std::string sha256_fingerprint(const X509* certificate);

/// RFC 2253 form, for people.
std::string subject_text(const X509* certificate);

} // namespace egressd::proxy
