#include "policy/resolvers.hpp"

#include <catch2/catch.hpp>

using namespace egressd;

namespace {

bool leads(const char* host, std::uint16_t port = 443) {
    return policy::leads_to_resolver(net::Host::parse(host).value(), port);
}

} // namespace

TEST_CASE("a resolver's name, and every name below it") {
    for (const char* host :
         {"dns.google", "DNS.Google.", "eight.dns.google", "cloudflare-dns.com", "mozilla.cloudflare-dns.com",
          "a.b.nextdns.io", "one.one.one.one", "doh.opendns.com"}) {
        CAPTURE(host);
        CHECK(leads(host));
    }
}

TEST_CASE("names that only look like a resolver's") {
    for (const char* host : {"notdns.google", "google", "dns.google.test", "not-quad9.net", "quad9.net.test",
                             "dns-google.test", "one.one.one", "mycloudflare-dns.com", "com"}) {
        CAPTURE(host);
        CHECK_FALSE(leads(host));
    }
}

TEST_CASE("a resolver's addresses, in every spelling") {
    for (const char* host : {"8.8.8.8", "1.1.1.1", "::ffff:8.8.8.8", "::ffff:808:808", "2001:4860:4860::8888",
                             "2001:4860:4860:0:0:0:0:8888", "2620:fe::fe"}) {
        CAPTURE(host);
        CHECK(leads(host));
    }
    for (const char* host :
         {"8.8.8.9", "18.8.8.8", "192.0.2.8", "2001:4860:4860::8889", "::ffff:192.0.2.8"}) {
        CAPTURE(host);
        CHECK_FALSE(leads(host));
    }
}

TEST_CASE("the port of DNS over TLS leads to a resolver, whatever the host") {
    CHECK(leads("other.test", 853));
    CHECK(leads("192.0.2.8", 853));
    CHECK_FALSE(leads("other.test", 8530));
    CHECK_FALSE(leads("other.test", 53));
    CHECK(leads("dns.google", 80));
}
