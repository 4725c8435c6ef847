#include "proxy/certificates.hpp"

#include "config/state_files.hpp"
#include "proxy/new_authority.hpp"

#include <boost/asio/ip/address.hpp>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

namespace egressd::proxy {
namespace {

using Authority = std::shared_ptr<const CertificateAuthority>;

/// Longer than any client caches a session, short enough that a leaf which got lost is soon worth nothing,
/// and far below the 398 days that browsers accept.
constexpr std::chrono::hours leaf_validity{24 * 7};
/// The clock of a container may be behind; not more than the CA's own day.
constexpr std::chrono::hours leaf_clock_skew{1};
/// X.520 ub-common-name. A longer name stands in the alternative names alone.
constexpr std::size_t max_common_name = 64;
/// What OpenSSL's default level asks of a certificate's key; below it clients refuse the chain.
constexpr int min_security_bits = 112;
/// More rotations on one day than anybody wants.
constexpr int max_kept_per_day = 100;

constexpr const char* leaked_key_remedy =
    "run \"egressd ca rotate\": who can read the key can pretend to be any host";
constexpr const char* rotate_remedy = "; run \"egressd ca rotate\" for a new one";

Error failure(std::string message) {
    return {Side::self, std::move(message)};
}

bool exists(const std::string& name) {
    std::error_code error;
    const auto status = std::filesystem::symlink_status(name, error);
    return status.type() != std::filesystem::file_type::not_found;
}

std::string directory_of(const std::string& name) {
    const std::string directory = std::filesystem::path(name).parent_path().string();
    return directory.empty() ? "." : directory;
}

Result<config::FileLock> lock(const CaFiles& files) {
    return config::FileLock::take(files.key + ".lock");
}

Result<void> make_directories(const CaFiles& files) {
    for (const std::string& file : {files.certificate, files.key})
        if (const Result<void> made = config::make_private_directory(directory_of(file)); !made)
            return made.error();
    return {};
}

/// The key first: a crash in between leaves a key alone or a pair that does not fit, and the next start says
/// so.
Result<void> write_new(const CaFiles& files, SystemTime now) {
    Result<NewAuthority> made = make_authority(now);
    if (!made)
        return made.error();
    const Result<void> key = config::write_state_file(files.key, made->key, 0600);
    OPENSSL_cleanse(made->key.data(), made->key.size());
    if (!key)
        return key.error();
    return config::write_state_file(files.certificate, made->certificate, 0644);
}

Result<X509Ptr> read_certificate(const std::string& file, SystemTime now) {
    const Result<std::string> pem = config::read_state_file(file);
    if (!pem)
        return pem.error();
    Result<X509Ptr> certificate = certificate_from_pem(*pem);
    if (!certificate)
        return failure(file + " is not a certificate (" + certificate.error().message + ")" + rotate_remedy);
    X509* const ca = certificate->get();
    if (X509_check_ca(ca) != 1)
        return failure(file +
                       " is not the certificate of a CA (basicConstraints CA:TRUE, keyUsage keyCertSign)" +
                       rotate_remedy);
    if (X509_self_signed(ca, 1) != 1) {
        ERR_clear_error();
        return failure(file + " is not self-signed; clients would need the chain above it: name a root");
    }
    if (EVP_PKEY_get_security_bits(X509_get0_pubkey(ca)) < min_security_bits)
        return failure(file + " has a key that is too weak for clients; RSA needs 2048 bits" + rotate_remedy);
    if (time_of(X509_get0_notAfter(ca)) <= now)
        return failure(file + " has expired" + rotate_remedy + ", and give it to the clients");
    if (time_of(X509_get0_notBefore(ca)) > now)
        return failure(file + " is not valid yet; set this machine's clock");
    return certificate;
}

Result<KeyPtr> read_key(const std::string& file) {
    Result<std::string> pem = config::read_private_file(file, leaked_key_remedy);
    if (!pem)
        return pem.error();
    Result<KeyPtr> key = key_from_pem(*pem);
    OPENSSL_cleanse(pem->data(), pem->size());
    if (!key)
        return failure(file + " is not a key (" + key.error().message + ")" + rotate_remedy);
    return key;
}

/// RFC 5280 4.2.1.6, made from the parsed host and not from text, so that no name can be read as syntax.
Result<GeneralNamesPtr> alternative_names(const net::Host& host) {
    GeneralNamesPtr names(GENERAL_NAMES_new());
    GeneralNamePtr name(GENERAL_NAME_new());
    const auto set = [&](auto value, int type, const void* bytes, std::size_t size) {
        if (!value || ASN1_STRING_set(value.get(), bytes, static_cast<int>(size)) != 1)
            return false;
        GENERAL_NAME_set0_value(name.get(), type, value.release());
        return true;
    };
    bool made = names && name;
    if (made && !host.is_address()) {
        made = set(Ia5Ptr(ASN1_IA5STRING_new()), GEN_DNS, host.text().data(), host.text().size());
    } else if (made && host.address().is_v4()) {
        const auto bytes = host.address().to_v4().to_bytes();
        made = set(OctetsPtr(ASN1_OCTET_STRING_new()), GEN_IPADD, bytes.data(), bytes.size());
    } else if (made) {
        const auto bytes = host.address().to_v6().to_bytes();
        made = set(OctetsPtr(ASN1_OCTET_STRING_new()), GEN_IPADD, bytes.data(), bytes.size());
    }
    if (!made || sk_GENERAL_NAME_push(names.get(), name.get()) <= 0)
        return openssl_failure("a host cannot be put into a certificate");
    name.release(); // the list owns it now
    return names;
}

/// RFC 5280 4.1.2.6: without a subject the alternative names are critical.
Result<void> name_leaf(X509* leaf, const net::Host& host) {
    const bool has_common_name = host.text().size() <= max_common_name;
    if (has_common_name) {
        const auto* bytes = reinterpret_cast<const unsigned char*>(host.text().data());
        if (X509_NAME_add_entry_by_NID(X509_get_subject_name(leaf), NID_commonName, MBSTRING_UTF8, bytes,
                                       static_cast<int>(host.text().size()), -1, 0) != 1)
            return openssl_failure("a leaf cannot be named");
    }
    const Result<GeneralNamesPtr> names = alternative_names(host);
    if (!names)
        return names.error();
    if (X509_add1_ext_i2d(leaf, NID_subject_alt_name, names->get(), has_common_name ? 0 : 1,
                          X509V3_ADD_DEFAULT) != 1)
        return openssl_failure("a leaf cannot be named");
    return {};
}

/// Keeps the certificate that is there under a name with the date, and returns that name.
Result<std::string> keep_old(const std::string& certificate, SystemTime now) {
    if (!exists(certificate))
        return std::string();
    const Result<std::string> bytes = config::read_state_file(certificate);
    if (!bytes)
        return bytes.error();
    const std::filesystem::path path(certificate);
    const std::string base = (path.parent_path() / path.stem()).string() + "." + day_of(now);
    for (int number = 1; number <= max_kept_per_day; ++number) {
        const std::string kept = base + (number == 1 ? "" : "." + std::to_string(number)) + ".pem";
        const Result<void> written = config::write_new_state_file(kept, *bytes, 0644);
        if (written)
            return kept;
        if (written.error().message != "exists")
            return written.error();
    }
    return failure("there are too many files like " + base + ".pem; remove those that nobody needs");
}

} // namespace

Result<Authority> CertificateAuthority::open(const CaFiles& files, SystemTime now) {
    if (exists(files.certificate) && exists(files.key))
        if (Result<Authority> loaded = load(files, now))
            return loaded;
    // Nothing there, or half of it: another process may be about to make or to rotate it.
    if (!exists(files.certificate) && !exists(files.key))
        if (const Result<void> made = make_directories(files); !made)
            return made.error();
    const Result<config::FileLock> locked = lock(files);
    if (!exists(files.certificate) && !exists(files.key)) {
        if (!locked)
            return locked.error();
        if (const Result<void> made = make_directories(files); !made)
            return made.error();
        if (const Result<void> written = write_new(files, now); !written)
            return written.error();
    }
    return load(files, now);
}

Result<Authority> CertificateAuthority::load(const CaFiles& files, SystemTime now) {
    for (const auto& [file, other] :
         {std::pair(files.certificate, files.key), std::pair(files.key, files.certificate)})
        if (!exists(file))
            return failure(file + " is missing, but " + other +
                           " is there; bring it back, or run \"egressd ca "
                           "rotate\" for a new pair");
    Result<X509Ptr> certificate = read_certificate(files.certificate, now);
    if (!certificate)
        return certificate.error();
    Result<KeyPtr> key = read_key(files.key);
    if (!key)
        return key.error();
    if (X509_check_private_key(certificate->get(), key->get()) != 1) {
        ERR_clear_error();
        return failure(files.key + " is not the key of " + files.certificate + rotate_remedy);
    }
    const std::shared_ptr<CertificateAuthority> ca(new CertificateAuthority);
    ca->certificate_ = std::move(*certificate);
    ca->key_ = std::move(*key);
    ca->not_after_ = time_of(X509_get0_notAfter(ca->certificate()));
    Result<std::string> pem = to_pem(ca->certificate());
    if (!pem)
        return pem.error();
    ca->pem_ = std::move(*pem);
    if (const Result<void> prepared = ca->prepare_leaves(); !prepared)
        return prepared.error();
    return Authority(ca);
}

Result<std::string> CertificateAuthority::rotate(const CaFiles& files, SystemTime now) {
    if (const Result<void> made = make_directories(files); !made)
        return made.error();
    const Result<config::FileLock> locked = lock(files);
    if (!locked)
        return locked.error();
    Result<std::string> kept = keep_old(files.certificate, now);
    if (!kept)
        return kept;
    if (const Result<void> written = write_new(files, now); !written)
        return written.error();
    return kept;
}

Result<void> CertificateAuthority::prepare_leaves() {
    Result<KeyPtr> key = make_key();
    if (!key)
        return key.error();
    leaf_key_ = std::move(*key);
    Result<X509Ptr> pattern = begin_certificate(leaf_key_.get());
    if (!pattern)
        return pattern.error();
    if (X509_set_issuer_name(pattern->get(), X509_get_subject_name(certificate())) != 1)
        return openssl_failure("a leaf cannot name its issuer");
    const bool has_key_id = X509_get0_subject_key_id(certificate()) != nullptr;
    constexpr std::array<std::pair<int, const char*>, 5> extensions{{
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, "critical,digitalSignature"},
        {NID_ext_key_usage, "serverAuth"},
        {NID_subject_key_identifier, "hash"},
        {NID_authority_key_identifier, "keyid:always"},
    }};
    for (const auto& [nid, text] : extensions) {
        if (nid == NID_authority_key_identifier && !has_key_id)
            continue; // a CA of the operator's own may lack the identifier that this one repeats
        if (const Result<void> added = extend(pattern->get(), nid, text, certificate()); !added)
            return added.error();
    }
    // Neither these dates nor this signature ever goes out; a certificate without them cannot be copied.
    if (const Result<void> dated = make_unique(pattern->get(), not_after_, not_after_); !dated)
        return dated.error();
    if (const Result<void> signed_it = sign(pattern->get(), key_.get()); !signed_it)
        return signed_it.error();
    leaf_pattern_ = std::move(*pattern);
    return {};
}

Result<X509Ptr> CertificateAuthority::issue(const net::Host& host, SystemTime now) const {
    if (not_after_ <= now)
        return failure(std::string("the CA of egressd has expired") + rotate_remedy + " and restart egressd");
    X509Ptr leaf(X509_dup(leaf_pattern_.get()));
    if (!leaf)
        return openssl_failure("no memory for a certificate");
    const SystemTime end = std::min(now + leaf_validity, not_after_);
    if (const Result<void> dated = make_unique(leaf.get(), now - leaf_clock_skew, end); !dated)
        return dated.error();
    if (const Result<void> named = name_leaf(leaf.get(), host); !named)
        return named.error();
    if (const Result<void> signed_it = sign(leaf.get(), key_.get()); !signed_it)
        return signed_it.error();
    return leaf;
}

Result<X509*> Leaves::leaf_for(const net::Host& host, SystemTime now) {
    if (const auto known = by_host_.find(host.text()); known != by_host_.end()) {
        const Order::iterator leaf = known->second;
        if (leaf->made_at <= now && now < leaf->renew_at) { // not so when the clock was set back
            leaves_.splice(leaves_.begin(), leaves_, leaf);
            return leaf->certificate.get();
        }
        by_host_.erase(known);
        leaves_.erase(leaf);
    }
    Result<X509Ptr> made = ca_->issue(host, now);
    if (!made)
        return made.error();
    if (leaves_.size() >= capacity) {
        by_host_.erase(leaves_.back().host);
        leaves_.pop_back();
    }
    const SystemTime end = time_of(X509_get0_notAfter(made->get()));
    leaves_.push_front({host.text(), std::move(*made), now, now + (end - now) / 2});
    by_host_.emplace(host.text(), leaves_.begin());
    return leaves_.front().certificate.get();
}

} // namespace egressd::proxy
