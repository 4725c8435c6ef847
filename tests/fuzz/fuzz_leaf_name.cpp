// The names that clients ask certificates for, as any bytes. Whatever parses as a host gets a leaf that is
// for this host and for no other: not for a name above, below or beside it, not for a wildcard, and an
// address is never a name.
#include "proxy/certificates.hpp"

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <unistd.h>

namespace {

using namespace egressd;
using namespace egressd::proxy;

void demand(bool holds) {
    if (!holds)
        std::abort();
}

std::shared_ptr<const CertificateAuthority> make_ca() {
    std::string folder = (std::filesystem::temp_directory_path() / "egressd-fuzz-XXXXXX").string();
    demand(::mkdtemp(folder.data()) != nullptr);
    auto ca = CertificateAuthority::open({folder + "/ca.pem", folder + "/ca.key"});
    std::filesystem::remove_all(folder);
    return ca.value();
}

bool is_for_name(X509* leaf, const std::string& name) {
    return X509_check_host(leaf, name.data(), name.size(), 0, nullptr) == 1;
}

bool is_for_address(X509* leaf, const std::string& address) {
    return X509_check_ip_asc(leaf, address.c_str(), 0) == 1;
}

/// One alternative name, and not more than that.
void check_alternative_name(X509* leaf, const net::Host& host) {
    const GeneralNamesPtr names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr)));
    demand(names && sk_GENERAL_NAME_num(names.get()) == 1);
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), 0);
    demand(name->type == (host.is_address() ? GEN_IPADD : GEN_DNS));
    if (!host.is_address())
        demand(std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                           static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))) == host.text());
}

void check_name(X509* leaf, const std::string& name) {
    demand(is_for_name(leaf, name));
    demand(!is_for_name(leaf, "x." + name));
    demand(!is_for_name(leaf, "x" + name) && !is_for_name(leaf, name + "x"));
    const std::size_t dot = name.find('.');
    if (dot == std::string::npos)
        return;
    const std::string above = name.substr(dot + 1);
    demand(!is_for_name(leaf, above));
    const std::string sibling = (name.starts_with("sibling.") ? "other." : "sibling.") + above;
    demand(!is_for_name(leaf, sibling));
}

void check_address(X509* leaf, const std::string& address) {
    demand(is_for_address(leaf, address));
    demand(!is_for_address(leaf, address == "192.0.2.1" ? "192.0.2.2" : "192.0.2.1"));
    demand(!is_for_address(leaf, address == "2001:db8::1" ? "2001:db8::2" : "2001:db8::1"));
    demand(!is_for_name(leaf, "name.example"));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::shared_ptr<const CertificateAuthority> ca = make_ca();
    const Result<net::Host> host = net::Host::parse({reinterpret_cast<const char*>(data), size});
    if (!host)
        return 0;
    const Result<X509Ptr> leaf = ca->issue(*host);
    demand(leaf.has_value());
    demand(X509_verify(leaf->get(), X509_get0_pubkey(ca->certificate())) == 1);
    check_alternative_name(leaf->get(), *host);
    if (host->is_address())
        check_address(leaf->get(), host->text());
    else
        check_name(leaf->get(), host->text());
    return 0;
}
