#include "cli/bundle.hpp"

#include "proxy/certificate_parts.hpp"

#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <utility>

namespace egressd::cli {
namespace {

// The JKS format, as java.security.KeyStore writes it (big endian).
constexpr std::uint32_t jks_magic = 0xFEEDFEED;
constexpr std::uint32_t jks_version = 2;
constexpr std::uint32_t jks_trusted_certificate = 2;
constexpr std::string_view jks_certificate_type = "X.509";
constexpr std::string_view jks_salt = "Mighty Aphrodite"; // part of the format's digest

/// What PEM_read_bio allocates for one block.
struct Block {
    char* name = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long size = 0;

    Block() = default;
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;
    ~Block() {
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(data);
    }
    std::string_view kind() const { return name; }
};

/// DER without what may trail it; "" when it is no certificate.
std::string normalised(const Block& block) {
    const unsigned char* cursor = block.data;
    // "TRUSTED CERTIFICATE" has OpenSSL's own notes behind the certificate, which no other client reads.
    const proxy::X509Ptr certificate(d2i_X509(nullptr, &cursor, block.size));
    if (!certificate) {
        ERR_clear_error();
        return {};
    }
    return {reinterpret_cast<const char*>(block.data), static_cast<std::size_t>(cursor - block.data)};
}

void append_number(std::string& out, std::uint64_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        out += static_cast<char>((value >> shift) & 0xFF);
}

/// Java's "modified UTF-8"; for ASCII the same as the text.
void append_text(std::string& out, std::string_view text) {
    append_number(out, text.size(), 2);
    out += text;
}

Result<std::string> digest(const EVP_MD* algorithm, std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> value{};
    unsigned int size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), value.data(), &size, algorithm, nullptr) != 1)
        return proxy::openssl_failure("a digest cannot be made");
    return std::string(reinterpret_cast<const char*>(value.data()), size);
}

/// The digest that ends the file: over the password as UTF-16, the salt, and all before it.
Result<std::string> keyed_digest(std::string_view content) {
    std::string keyed;
    for (const char c : std::string_view(truststore_password)) {
        keyed += '\0';
        keyed += c;
    }
    keyed += jks_salt;
    keyed += content;
    return digest(EVP_sha1(), keyed);
}

} // namespace

std::size_t Bundle::add(std::string_view pem) {
    std::size_t found = 0;
    const auto limit = static_cast<std::size_t>(std::numeric_limits<int>::max());
    const proxy::BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(std::min(pem.size(), limit))));
    while (bio) {
        Block block;
        if (PEM_read_bio(bio.get(), &block.name, &block.header, &block.data, &block.size) != 1)
            break;
        if (block.kind() != PEM_STRING_X509 && block.kind() != PEM_STRING_X509_OLD &&
            block.kind() != PEM_STRING_X509_TRUSTED)
            continue;
        std::string der = normalised(block);
        if (der.empty())
            continue;
        ++found;
        if (known_.insert(der).second)
            certificates_.push_back(std::move(der));
    }
    ERR_clear_error();
    return found;
}

std::string Bundle::pem() const {
    const proxy::BioPtr bio(BIO_new(BIO_s_mem()));
    for (const std::string& der : certificates_)
        PEM_write_bio(bio.get(), PEM_STRING_X509, "", reinterpret_cast<const unsigned char*>(der.data()),
                      static_cast<long>(der.size()));
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

Result<std::string> Bundle::truststore() const {
    std::string out;
    append_number(out, jks_magic, 4);
    append_number(out, jks_version, 4);
    append_number(out, certificates_.size(), 4);
    for (std::size_t i = 0; i < certificates_.size(); ++i) {
        append_number(out, jks_trusted_certificate, 4);
        append_text(out, "root-" + std::to_string(i + 1));
        append_number(out, 0, 8); // its time of creation: the epoch, so that equal bundles are equal files
        append_text(out, jks_certificate_type);
        append_number(out, certificates_[i].size(), 4);
        out += certificates_[i];
    }
    const Result<std::string> end = keyed_digest(out);
    if (!end)
        return end.error();
    return out + *end;
}

} // namespace egressd::cli
