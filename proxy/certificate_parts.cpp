#include "proxy/certificate_parts.hpp"

#include <openssl/pem.h>

#include <ctime>
#include <limits>

namespace egressd::proxy {
namespace {

constexpr int serial_bits = 127;

/// Never asks on the terminal, as OpenSSL would: a key with a passphrase is an error.
int no_passphrase(char*, int, int, void*) {
    return -1;
}

Result<BioPtr> reader(std::string_view bytes) {
    if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
        return Error{Side::self, "too long"};
    BioPtr bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
    if (!bio)
        return openssl_failure("no memory for a certificate");
    return bio;
}

std::string content(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

bool set_time(ASN1_TIME* field, SystemTime time) {
    return ASN1_TIME_set(field, std::chrono::system_clock::to_time_t(time)) != nullptr;
}

bool set_serial(X509* certificate) {
    const BignumPtr number(BN_new());
    return number && BN_rand(number.get(), serial_bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
           BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

} // namespace

Error openssl_failure(const std::string& what) {
    return {Side::self, what + ": " + take_openssl_error()};
}

Result<KeyPtr> make_key() {
    KeyPtr key(EVP_EC_gen("P-256"));
    if (!key)
        return openssl_failure("a key cannot be made");
    return key;
}

Result<X509Ptr> begin_certificate(EVP_PKEY* key) {
    X509Ptr certificate(X509_new());
    if (!certificate || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
        X509_set_pubkey(certificate.get(), key) != 1)
        return openssl_failure("a certificate cannot be made");
    return certificate;
}

Result<void> make_unique(X509* certificate, SystemTime not_before, SystemTime not_after) {
    if (!set_serial(certificate) || !set_time(X509_getm_notBefore(certificate), not_before) ||
        !set_time(X509_getm_notAfter(certificate), not_after))
        return openssl_failure("a certificate cannot be given its number and dates");
    return {};
}

Result<void> extend(X509* certificate, int nid, const char* text, X509* issuer) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509V3_set_ctx_nodb(&context);
    const ExtensionPtr extension(X509V3_EXT_nconf_nid(nullptr, &context, nid, text));
    if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1)
        return openssl_failure(std::string("the extension ") + OBJ_nid2sn(nid) + " cannot be added");
    return {};
}

Result<void> sign(X509* certificate, EVP_PKEY* key) {
    // Some algorithms (Ed25519) have their digest built in and must not be given one.
    int digest = NID_undef;
    const bool fixed = EVP_PKEY_get_default_digest_nid(key, &digest) == 2 && digest == NID_undef;
    if (X509_sign(certificate, key, fixed ? nullptr : EVP_sha256()) == 0)
        return openssl_failure("a certificate cannot be signed");
    return {};
}

Result<std::string> to_pem(const X509* certificate) {
    const BioPtr bio(BIO_new(BIO_s_mem()));
    if (!bio || PEM_write_bio_X509(bio.get(), certificate) != 1)
        return openssl_failure("a certificate cannot be written");
    return content(bio.get());
}

Result<std::string> to_pem(const EVP_PKEY* key) {
    const BioPtr bio(BIO_new(BIO_s_secmem()));
    if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
        return openssl_failure("a key cannot be written");
    return content(bio.get());
}

Result<X509Ptr> certificate_from_pem(std::string_view pem) {
    const Result<BioPtr> bio = reader(pem);
    if (!bio)
        return bio.error();
    X509Ptr certificate(PEM_read_bio_X509(bio->get(), nullptr, no_passphrase, nullptr));
    if (!certificate)
        return openssl_failure("no certificate in PEM form");
    return certificate;
}

Result<KeyPtr> key_from_pem(std::string_view pem) {
    const Result<BioPtr> bio = reader(pem);
    if (!bio)
        return bio.error();
    KeyPtr key(PEM_read_bio_PrivateKey(bio->get(), nullptr, no_passphrase, nullptr));
    if (!key)
        return openssl_failure("no private key in PEM form without a passphrase");
    return key;
}

SystemTime time_of(const ASN1_TIME* time) {
    std::tm broken_down{};
    if (ASN1_TIME_to_tm(time, &broken_down) != 1)
        return {};
    return std::chrono::system_clock::from_time_t(::timegm(&broken_down));
}

std::string day_of(SystemTime time) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm broken_down{};
    char text[sizeof "2025-11-03"];
    if (::gmtime_r(&seconds, &broken_down) == nullptr ||
        std::strftime(text, sizeof text, "%Y-%m-%d", &broken_down) == 0)
        return "undated";
    return text;
}

std::string sha256_fingerprint(const X509* certificate) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1)
        return {};
    constexpr const char* digits = "0123456789ABCDEF";
    std::string result;
    for (unsigned int i = 0; i < size; ++i) {
        if (i > 0)
            result += ':';
        result += digits[digest[i] >> 4];
        result += digits[digest[i] & 15];
    }
    return result;
}

std::string subject_text(const X509* certificate) {
    const BioPtr bio(BIO_new(BIO_s_mem()));
    if (!bio || X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) < 0)
        return {};
    return content(bio.get());
}

} // namespace egressd::proxy
