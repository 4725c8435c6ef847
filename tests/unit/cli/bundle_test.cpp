#include "cli/bundle.hpp"
#include "proxy/new_authority.hpp"

#include <catch2/catch.hpp>
#include <openssl/sha.h>

#include <cstdint>

using namespace egressd;
using cli::Bundle;

namespace {

std::string new_root() {
    return proxy::make_authority(std::chrono::system_clock::now()).value().certificate;
}

std::string der_of(const std::string& pem) {
    const proxy::X509Ptr certificate = proxy::certificate_from_pem(pem).value();
    unsigned char* bytes = nullptr;
    const int size = i2d_X509(certificate.get(), &bytes);
    std::string result(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    return result;
}

/// Reads a truststore as Java documents it, from the front.
class Reader {
public:
    explicit Reader(std::string bytes) : bytes_(std::move(bytes)) {}
    std::uint64_t number(std::size_t size) {
        std::uint64_t value = 0;
        for (const char c : take(size))
            value = value << 8 | static_cast<unsigned char>(c);
        return value;
    }
    std::string take(std::size_t size) {
        REQUIRE(at_ + size <= bytes_.size());
        at_ += size;
        return bytes_.substr(at_ - size, size);
    }
    std::string seen() const { return bytes_.substr(0, at_); }
    bool is_at_end() const { return at_ == bytes_.size(); }

private:
    std::string bytes_;
    std::size_t at_ = 0;
};

} // namespace

TEST_CASE("a bundle has every certificate once, in order, whatever stands between them") {
    const std::string a = new_root();
    const std::string b = new_root();
    Bundle bundle;
    CHECK(bundle.add("# a comment\n" + a + "\nsome text\n" + b) == 2);
    CHECK(bundle.add(b + a) == 2);
    CHECK(bundle.size() == 2);
    CHECK(bundle.pem() == a + b);
    CHECK(bundle.add(bundle.pem()) == 2);
    CHECK(bundle.pem() == a + b);
}

TEST_CASE("no key gets into a bundle, and what is broken is passed over") {
    const proxy::NewAuthority made = proxy::make_authority(std::chrono::system_clock::now()).value();
    Bundle bundle;
    CHECK(bundle.add(made.key + made.certificate) == 1);
    CHECK(bundle.pem() == made.certificate);
    CHECK(bundle.add("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n") == 0);
    CHECK(bundle.add("-----BEGIN CERTIFICATE-----\n" + std::string(100, '!')) == 0);
    CHECK(bundle.add("") == 0);
    CHECK(bundle.size() == 1);
    CHECK(ERR_peek_error() == 0);
}

TEST_CASE("a truststore is what Java writes") {
    const std::string a = new_root();
    const std::string b = new_root();
    Bundle bundle;
    bundle.add(a + b);
    Reader reader(bundle.truststore().value());
    CHECK(reader.number(4) == 0xFEEDFEED);
    CHECK(reader.number(4) == 2);
    REQUIRE(reader.number(4) == 2);
    for (const std::string& pem : {a, b}) {
        CHECK(reader.number(4) == 2);
        const std::string alias = reader.take(reader.number(2));
        CHECK(alias == (pem == a ? "root-1" : "root-2"));
        reader.number(8);
        CHECK(reader.take(reader.number(2)) == "X.509");
        CHECK(reader.take(reader.number(4)) == der_of(pem));
    }
    const std::string password("\0c\0h\0a\0n\0g\0e\0i\0t", 16);
    const std::string keyed = password + "Mighty Aphrodite" + reader.seen();
    unsigned char digest[SHA_DIGEST_LENGTH];
    SHA1(reinterpret_cast<const unsigned char*>(keyed.data()), keyed.size(), digest);
    CHECK(reader.take(SHA_DIGEST_LENGTH) ==
          std::string(reinterpret_cast<const char*>(digest), sizeof digest));
    CHECK(reader.is_at_end());
}
