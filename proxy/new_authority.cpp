#include "proxy/new_authority.hpp"

#include <array>
#include <limits.h>
#include <unistd.h>
#include <utility>

namespace egressd::proxy {
namespace {

/// Clients trust the certificate by a file that they are given; making them do so again has a price, and the
/// key can be changed at any time by `egressd ca rotate`.
constexpr std::chrono::hours authority_validity{24 * 3650};
/// The clock of a container or of another machine may be behind.
constexpr std::chrono::hours clock_skew{24};
/// X.520 ub-common-name is 64, of which the rest of our text takes 25.
constexpr std::size_t max_machine_name = 39;

std::string machine_name() {
    char name[HOST_NAME_MAX + 1] = {};
    if (::gethostname(name, sizeof name - 1) != 0 || name[0] == '\0')
        return "unnamed machine";
    return net::sanitised(name, max_machine_name);
}

Result<void> name_it(X509* certificate, const std::string& common_name) {
    X509_NAME* name = X509_get_subject_name(certificate);
    const auto* bytes = reinterpret_cast<const unsigned char*>(common_name.data());
    if (X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, bytes,
                                   static_cast<int>(common_name.size()), -1, 0) != 1 ||
        X509_set_issuer_name(certificate, name) != 1)
        return openssl_failure("the CA cannot be named");
    return {};
}

Result<void> extend_authority(X509* certificate) {
    // The subject's key identifier comes first: the issuer's is a copy of it.
    constexpr std::array<std::pair<int, const char*>, 4> extensions{{
        {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
        {NID_key_usage, "critical,keyCertSign,cRLSign"},
        {NID_subject_key_identifier, "hash"},
        {NID_authority_key_identifier, "keyid:always"},
    }};
    for (const auto& [nid, text] : extensions)
        if (const Result<void> added = extend(certificate, nid, text, certificate); !added)
            return added.error();
    return {};
}

} // namespace

Result<NewAuthority> make_authority(SystemTime now) {
    const Result<KeyPtr> key = make_key();
    if (!key)
        return key.error();
    const Result<X509Ptr> certificate = begin_certificate(key->get());
    if (!certificate)
        return certificate.error();
    const Result<void> dated = make_unique(certificate->get(), now - clock_skew, now + authority_validity);
    if (!dated)
        return dated.error();
    const std::string name = "egressd CA (" + machine_name() + ", " + day_of(now) + ")";
    if (const Result<void> named = name_it(certificate->get(), name); !named)
        return named.error();
    if (const Result<void> extended = extend_authority(certificate->get()); !extended)
        return extended.error();
    if (const Result<void> signed_it = sign(certificate->get(), key->get()); !signed_it)
        return signed_it.error();
    Result<std::string> certificate_pem = to_pem(certificate->get());
    Result<std::string> key_pem = to_pem(key->get());
    if (!certificate_pem || !key_pem)
        return certificate_pem ? key_pem.error() : certificate_pem.error();
    return NewAuthority{std::move(*certificate_pem), std::move(*key_pem)};
}

} // namespace egressd::proxy
