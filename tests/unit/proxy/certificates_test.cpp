#include "proxy/certificates.hpp"
#include "tests/unit/proxy/folder.hpp"

#include <catch2/catch.hpp>
#include <openssl/pem.h>

#include <set>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace egressd;
using namespace egressd::proxy;
using namespace std::chrono_literals;
using egressd::proxy::test::Folder;

namespace {

using Authority = std::shared_ptr<const CertificateAuthority>;

CaFiles files_in(const Folder& folder) {
    return {folder.file("state/ca.pem"), folder.file("state/ca.key")};
}

net::Host host(std::string_view text) {
    return net::Host::parse(text).value();
}

Authority open_ca(const Folder& folder) {
    return CertificateAuthority::open(files_in(folder)).value();
}

std::string error_of(const CaFiles& files, SystemTime now = std::chrono::system_clock::now()) {
    const Result<Authority> ca = CertificateAuthority::open(files, now);
    return ca ? "" : ca.error().message;
}

/// What a strict client does: the chain, the purpose, the time. X509_V_OK when all hold.
int verify(const CertificateAuthority& ca, X509* leaf, SystemTime at) {
    const X509StorePtr store(X509_STORE_new());
    X509_STORE_add_cert(store.get(), ca.certificate());
    const X509StoreContextPtr context(X509_STORE_CTX_new());
    X509_STORE_CTX_init(context.get(), store.get(), leaf, nullptr);
    X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_SSL_SERVER);
    X509_STORE_CTX_set_time(context.get(), 0, std::chrono::system_clock::to_time_t(at));
    X509_STORE_CTX_set_flags(context.get(), X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
    X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(context.get()), 2);
    return X509_verify_cert(context.get()) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(context.get());
}

bool is_critical(X509* certificate, int nid) {
    const int at = X509_get_ext_by_NID(certificate, nid, -1);
    REQUIRE(at >= 0);
    return X509_EXTENSION_get_critical(X509_get_ext(certificate, at)) == 1;
}

bool is_for(X509* leaf, const std::string& name) {
    return X509_check_host(leaf, name.data(), name.size(), X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, nullptr) == 1;
}

std::string serial_of(X509* certificate) {
    const BignumPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
    char* hex = BN_bn2hex(number.get());
    std::string result = hex;
    OPENSSL_free(hex);
    return result;
}

} // namespace

TEST_CASE("a CA is made at first use, private, and loaded from then on") {
    const Folder folder;
    const CaFiles files = files_in(folder);
    const Authority made = open_ca(folder);
    CHECK(test::mode_of(folder.file("state")) == 0700);
    CHECK(test::mode_of(files.key) == 0600);
    CHECK(test::mode_of(files.certificate) == 0644);
    CHECK(test::read_text(files.certificate) == made->pem());
    CHECK_THAT(test::read_text(files.key), Catch::StartsWith("-----BEGIN PRIVATE KEY-----\n"));
    CHECK(open_ca(folder)->pem() == made->pem());
}

TEST_CASE("the CA may sign leaves and nothing below them") {
    const Folder folder;
    const Authority ca = open_ca(folder);
    X509* const certificate = ca->certificate();
    CHECK(X509_check_ca(certificate) == 1);
    CHECK(X509_get_pathlen(certificate) == 0);
    CHECK(X509_get_key_usage(certificate) == (KU_KEY_CERT_SIGN | KU_CRL_SIGN));
    CHECK(is_critical(certificate, NID_basic_constraints));
    CHECK(is_critical(certificate, NID_key_usage));
    CHECK(X509_get0_subject_key_id(certificate) != nullptr);
    CHECK(X509_get0_authority_key_id(certificate) != nullptr);
    CHECK_THAT(subject_text(certificate), Catch::StartsWith("CN=egressd CA ("));
    const auto now = std::chrono::system_clock::now();
    CHECK(time_of(X509_get0_notBefore(certificate)) < now - 23h);
    CHECK(time_of(X509_get0_notAfter(certificate)) > now + 24h * 3600);
    CHECK(serial_of(certificate).size() == 32);
}

TEST_CASE("a leaf holds before strict clients, for its host alone") {
    const Folder folder;
    const Authority ca = open_ca(folder);
    const auto now = std::chrono::system_clock::now();
    const X509Ptr leaf = ca->issue(host("api.example.com")).value();
    CHECK(verify(*ca, leaf.get(), now) == X509_V_OK);
    CHECK(is_for(leaf.get(), "api.example.com"));
    CHECK_FALSE(is_for(leaf.get(), "example.com"));
    CHECK_FALSE(is_for(leaf.get(), "www.example.com"));
    CHECK_FALSE(is_for(leaf.get(), "a.api.example.com"));
    CHECK(X509_check_ca(leaf.get()) == 0);
    CHECK(is_critical(leaf.get(), NID_basic_constraints));
    CHECK(is_critical(leaf.get(), NID_key_usage));
    CHECK_FALSE(is_critical(leaf.get(), NID_subject_alt_name));
    CHECK(X509_get_key_usage(leaf.get()) == KU_DIGITAL_SIGNATURE);
    CHECK(X509_get_extended_key_usage(leaf.get()) == XKU_SSL_SERVER);
    CHECK(X509_get0_subject_key_id(leaf.get()) != nullptr);
    CHECK(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(leaf.get()),
                                X509_get0_subject_key_id(ca->certificate())) == 0);
    CHECK(EVP_PKEY_eq(X509_get0_pubkey(leaf.get()), ca->leaf_key()) == 1);
    const auto validity = time_of(X509_get0_notAfter(leaf.get())) - time_of(X509_get0_notBefore(leaf.get()));
    CHECK(validity <= 24h * 398);
    CHECK(verify(*ca, leaf.get(), now - 2h) == X509_V_ERR_CERT_NOT_YET_VALID);
    CHECK(verify(*ca, leaf.get(), now + 24h * 8) == X509_V_ERR_CERT_HAS_EXPIRED);
}

TEST_CASE("a leaf of one CA is nothing to a client of another") {
    const Folder one;
    const Folder other;
    const X509Ptr leaf = open_ca(one)->issue(host("api.example.com")).value();
    CHECK(verify(*open_ca(other), leaf.get(), std::chrono::system_clock::now()) != X509_V_OK);
}

TEST_CASE("addresses stand in a leaf as addresses") {
    const Folder folder;
    const Authority ca = open_ca(folder);
    const std::string text = GENERATE("192.0.2.7", "2001:db8::7", "::ffff:192.0.2.7");
    const X509Ptr leaf = ca->issue(host(text)).value();
    CHECK(verify(*ca, leaf.get(), std::chrono::system_clock::now()) == X509_V_OK);
    CHECK(X509_check_ip_asc(leaf.get(), text.c_str(), 0) == 1);
    CHECK(X509_check_ip_asc(leaf.get(), "192.0.2.8", 0) == 0);
    CHECK_FALSE(is_for(leaf.get(), text));
}

TEST_CASE("a name too long for a common name makes its alternative names critical") {
    const Folder folder;
    const Authority ca = open_ca(folder);
    const std::string name(63, 'a');
    const std::string at_limit = std::string(58, 'a') + ".test.";
    const X509Ptr leaf = ca->issue(host(name + ".example.com")).value();
    CHECK(X509_NAME_entry_count(X509_get_subject_name(leaf.get())) == 0);
    CHECK(is_critical(leaf.get(), NID_subject_alt_name));
    CHECK(verify(*ca, leaf.get(), std::chrono::system_clock::now()) == X509_V_OK);
    CHECK(is_for(leaf.get(), name + ".example.com"));
    CHECK(subject_text(ca->issue(host(at_limit))->get()) == "CN=" + std::string(58, 'a') + ".test");
}

TEST_CASE("serial numbers are positive, of 127 bits, and never the same") {
    const Folder folder;
    const Authority ca = open_ca(folder);
    std::set<std::string> serials;
    for (int i = 0; i < 64; ++i) {
        const X509Ptr leaf = ca->issue(host("api.example.com")).value();
        const std::string serial = serial_of(leaf.get());
        CHECK(serial.size() == 32);
        CHECK(serial.front() < '8');
        CHECK(serial.front() >= '4');
        serials.insert(serial);
    }
    CHECK(serials.size() == 64);
}

TEST_CASE("no leaf outlives its CA, and none is made after its end") {
    const Folder folder;
    const Authority ca = open_ca(folder);
    const SystemTime end = time_of(X509_get0_notAfter(ca->certificate()));
    const X509Ptr last = ca->issue(host("api.example.com"), end - 24h).value();
    CHECK(time_of(X509_get0_notAfter(last.get())) == end);
    CHECK_THAT(ca->issue(host("api.example.com"), end).error().message, Catch::Contains("egressd ca rotate"));
}

TEST_CASE("leaves are kept, and replaced when half of their time is over or the clock goes back") {
    const Folder folder;
    Leaves leaves(open_ca(folder));
    const auto now = std::chrono::system_clock::now();
    const auto serial_at = [&](SystemTime at) {
        return serial_of(leaves.leaf_for(host("api.example.com"), at).value());
    };
    const std::string first = serial_at(now);
    CHECK(serial_at(now + 24h * 3) == first);
    const std::string second = serial_at(now + 24h * 4);
    CHECK(second != first);
    CHECK(serial_at(now) != second);
    CHECK(leaves.size() == 1);
}

TEST_CASE("the leaf that was not used for longest makes room") {
    const Folder folder;
    Leaves leaves(open_ca(folder));
    const auto name = [](std::size_t i) { return host("h" + std::to_string(i) + ".example.com"); };
    std::vector<std::string> serials;
    for (std::size_t i = 0; i < Leaves::capacity; ++i)
        serials.push_back(serial_of(leaves.leaf_for(name(i)).value()));
    CHECK(serial_of(leaves.leaf_for(name(0)).value()) == serials[0]);
    leaves.leaf_for(host("one-more.example.com")).value();
    CHECK(leaves.size() == Leaves::capacity);
    CHECK(serial_of(leaves.leaf_for(name(0)).value()) == serials[0]);
    CHECK(serial_of(leaves.leaf_for(name(2)).value()) == serials[2]);
    CHECK(serial_of(leaves.leaf_for(name(1)).value()) != serials[1]);
}

TEST_CASE("a directory that is open to others gets no key") {
    const Folder folder;
    std::filesystem::create_directory(folder.file("state"));
    ::chmod(folder.file("state").c_str(), 0755);
    CHECK_THAT(error_of(files_in(folder)),
               Catch::Contains(folder.file("state") + " has mode 0755") && Catch::Contains("chmod 700"));
    CHECK(std::filesystem::is_empty(folder.file("state")));
}

TEST_CASE("a key that others may read is refused") {
    const Folder folder;
    open_ca(folder);
    const CaFiles files = files_in(folder);
    const mode_t mode = GENERATE(as<mode_t>(), 0640, 0604, 0620, 0601);
    ::chmod(files.key.c_str(), mode);
    CHECK_THAT(error_of(files), Catch::Contains(files.key + " has mode 0") && Catch::Contains("chmod 600"));
}

TEST_CASE("what is wrong with the files is said, with the file and the remedy") {
    const Folder folder;
    const Folder other;
    open_ca(folder);
    open_ca(other);
    const CaFiles files = files_in(folder);
    SECTION("the key is missing") {
        std::filesystem::remove(files.key);
        CHECK_THAT(error_of(files), Catch::StartsWith(files.key + " is missing, but " + files.certificate));
        CHECK_FALSE(std::filesystem::exists(files.key));
    }
    SECTION("the certificate is missing") {
        std::filesystem::remove(files.certificate);
        CHECK_THAT(error_of(files), Catch::StartsWith(files.certificate + " is missing, but " + files.key));
    }
    SECTION("the key is of another CA") {
        test::write_text(files.key, test::read_text(files_in(other).key));
        CHECK_THAT(error_of(files), Catch::StartsWith(files.key + " is not the key of " + files.certificate));
    }
    SECTION("the certificate is torn") {
        test::write_text(files.certificate, test::read_text(files.certificate).substr(0, 100));
        CHECK_THAT(error_of(files), Catch::StartsWith(files.certificate + " is not a certificate"));
    }
    SECTION("the key is empty") {
        test::write_text(files.key, "");
        CHECK_THAT(error_of(files), Catch::StartsWith(files.key + " is not a key"));
    }
    SECTION("the certificate has expired") {
        CHECK_THAT(error_of(files, std::chrono::system_clock::now() + 24h * 3651),
                   Catch::StartsWith(files.certificate + " has expired"));
    }
    SECTION("the clock is wrong") {
        CHECK_THAT(error_of(files, std::chrono::system_clock::now() - 48h),
                   Catch::StartsWith(files.certificate + " is not valid yet"));
    }
    SECTION("the certificate is a leaf") {
        const X509Ptr leaf = open_ca(folder)->issue(host("api.example.com")).value();
        test::write_text(files.certificate, to_pem(leaf.get()).value());
        CHECK_THAT(error_of(files), Catch::StartsWith(files.certificate + " is not the certificate of a CA"));
    }
    SECTION("a file is a directory") {
        std::filesystem::remove(files.key);
        std::filesystem::create_directory(files.key);
        CHECK_THAT(error_of(files), Catch::Contains(files.key + " is not a regular file"));
    }
    if (!std::filesystem::is_directory(files.key)) { // whatever else it was, a rotation mends it
        CHECK(CertificateAuthority::rotate(files).has_value());
        CHECK(error_of(files).empty());
    }
}

TEST_CASE("a key with a passphrase is refused and not asked for") {
    const Folder folder;
    open_ca(folder);
    const CaFiles files = files_in(folder);
    const KeyPtr key = make_key().value();
    const BioPtr bio(BIO_new(BIO_s_mem()));
    char passphrase[] = "not-a-real-passphrase";
    REQUIRE(PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), EVP_aes_128_cbc(), passphrase,
                                          sizeof passphrase - 1, nullptr, nullptr) == 1);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    test::write_text(files.key, std::string(data, static_cast<std::size_t>(size)));
    CHECK_THAT(error_of(files),
               Catch::StartsWith(files.key + " is not a key") && Catch::Contains("passphrase"));
}

TEST_CASE("processes that start at once agree on one CA") {
    const Folder folder;
    const CaFiles files = files_in(folder);
    constexpr int processes = 8;
    int start[2];
    REQUIRE(::pipe(start) == 0);
    std::vector<pid_t> children;
    for (int i = 0; i < processes; ++i) {
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            char byte = 0;
            ::close(start[1]);
            const ssize_t eof = ::read(start[0], &byte, 1); // all go when the parent closes its end
            const Result<Authority> ca = CertificateAuthority::open(files);
            if (eof == 0 && ca)
                test::write_text(folder.file("seen." + std::to_string(i)), (*ca)->pem());
            ::_exit(ca ? 0 : 1);
        }
        children.push_back(child);
    }
    ::close(start[0]);
    ::close(start[1]);
    for (const pid_t child : children) {
        int status = -1;
        REQUIRE(::waitpid(child, &status, 0) == child);
        CHECK(status == 0);
    }
    for (int i = 0; i < processes; ++i)
        CHECK(test::read_text(folder.file("seen." + std::to_string(i))) == open_ca(folder)->pem());
}

TEST_CASE("rotation makes a new CA and keeps the old certificate, without its key") {
    const Folder folder;
    const CaFiles files = files_in(folder);
    const Authority old = open_ca(folder);
    const std::string kept = CertificateAuthority::rotate(files).value();
    CHECK(kept == folder.file("state/ca." + day_of(std::chrono::system_clock::now()) + ".pem"));
    CHECK(test::read_text(kept) == old->pem());
    const Authority current = open_ca(folder);
    CHECK(current->pem() != old->pem());
    CHECK(test::mode_of(files.key) == 0600);
    const std::string kept_again = CertificateAuthority::rotate(files).value();
    CHECK(kept_again != kept);
    CHECK(test::read_text(kept) == old->pem());
    CHECK(test::read_text(kept_again) == current->pem());
    for (const auto& entry : std::filesystem::directory_iterator(folder.file("state")))
        CHECK(entry.path().string().find(".new.") == std::string::npos);
}
