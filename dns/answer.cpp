#include "dns/answer.hpp"

#include <algorithm>

namespace egressd::dns {

namespace {

using Kind = Answer::Kind;

bool is_final(Kind kind) {
    return kind == Kind::found || kind == Kind::no_name || kind == Kind::no_address;
}

const char* message(Kind kind) {
    switch (kind) {
    case Kind::found:
        break;
    case Kind::no_name:
        return "no such name (NXDOMAIN)";
    case Kind::no_address:
        return "the name has no address";
    case Kind::timed_out:
        return "the name servers did not answer in time";
    case Kind::failed:
        return "the name servers failed, or could not be reached";
    case Kind::cancelled:
        return "the lookup was cancelled";
    }
    return "the name could not be resolved";
}

/// Which of two families without an address is told: what is not final says most, then NXDOMAIN, which is
/// about the whole name.
Kind telling(Kind a, Kind b) {
    if (!is_final(a) || !is_final(b)) {
        return is_final(a) ? b : a;
    }
    return a == Kind::no_name ? a : b;
}

} // namespace

Outcome merge(const Answer& ipv6, const Answer& ipv4) {
    const bool both_final = is_final(ipv6.kind) && is_final(ipv4.kind);
    if (ipv6.kind != Kind::found && ipv4.kind != Kind::found) {
        const Kind kind = telling(ipv6.kind, ipv4.kind);
        return {Error{Side::origin, message(kind)}, both_final ? negative_lifetime : std::chrono::seconds{0},
                kind};
    }

    Addresses addresses;
    std::chrono::seconds lifetime = both_final ? std::chrono::seconds::max() : negative_lifetime;
    for (const Answer* answer : {&ipv6, &ipv4}) {
        if (answer->kind == Kind::found) {
            const std::size_t count = std::min(answer->addresses.size(), max_addresses_per_family);
            addresses.insert(addresses.end(), answer->addresses.begin(),
                             answer->addresses.begin() + static_cast<std::ptrdiff_t>(count));
            lifetime = std::min(lifetime, answer->ttl);
        }
    }
    return {std::move(addresses), lifetime, Kind::found};
}

} // namespace egressd::dns
