// Who owns what OpenSSL allocates? One pointer type for each of its structures, so that every allocation has
// an owner from the line on that makes it; and what OpenSSL says about the last thing that failed.
#pragma once

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace egressd::proxy {

template <auto free>
struct OpensslDeleter {
    template <class T>
    void operator()(T* pointer) const {
        free(pointer);
    }
};

template <class T, auto free>
using OpensslPtr = std::unique_ptr<T, OpensslDeleter<free>>;

using X509Ptr = OpensslPtr<X509, X509_free>;
using X509StorePtr = OpensslPtr<X509_STORE, X509_STORE_free>;
using X509StoreContextPtr = OpensslPtr<X509_STORE_CTX, X509_STORE_CTX_free>;
using KeyPtr = OpensslPtr<EVP_PKEY, EVP_PKEY_free>;
using BioPtr = OpensslPtr<BIO, BIO_free_all>;
using BignumPtr = OpensslPtr<BIGNUM, BN_free>;
using ExtensionPtr = OpensslPtr<X509_EXTENSION, X509_EXTENSION_free>;
using OctetsPtr = OpensslPtr<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free>;
using Ia5Ptr = OpensslPtr<ASN1_IA5STRING, ASN1_IA5STRING_free>;
using GeneralNamePtr = OpensslPtr<GENERAL_NAME, GENERAL_NAME_free>;
using GeneralNamesPtr = OpensslPtr<GENERAL_NAMES, GENERAL_NAMES_free>;

/// The first reason in this thread's queue of errors, or "unknown". Empties the queue: what is left in it
/// would be taken for an error of the next TLS operation.
inline std::string take_openssl_error() {
    const char* reason = ERR_reason_error_string(ERR_peek_error());
    std::string result = reason != nullptr ? reason : "unknown";
    ERR_clear_error();
    return result;
}

} // namespace egressd::proxy
