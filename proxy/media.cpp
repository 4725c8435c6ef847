#include "proxy/media.hpp"

#include "proxy/framing.hpp"

#include <algorithm>
#include <array>

namespace egressd::proxy {

namespace {

/// RFC 8484 6, RFC 9230 7, and the JSON form of several resolvers.
constexpr std::array<std::string_view, 3> dns_types{
    "application/dns-message", "application/oblivious-dns-message", "application/dns-json"};

/// The type of one element of Accept or Content-Type, without its parameters.
std::string_view type_of(std::string_view element) {
    return trimmed(element.substr(0, element.find(';')));
}

bool is_dns(std::string_view type) {
    return std::any_of(dns_types.begin(), dns_types.end(),
                       [&](std::string_view known) { return same_name(type, known); });
}

/// True where one of the field's elements is a type of DNS.
bool names_dns(const std::vector<Field>& fields, std::string_view name) {
    for (const Field& field : fields) {
        if (!same_name(field.name, name))
            continue;
        std::string_view rest = field.value;
        while (!rest.empty()) {
            const std::size_t comma = std::min(rest.find(','), rest.size());
            if (is_dns(type_of(rest.substr(0, comma))))
                return true;
            rest.remove_prefix(std::min(comma + 1, rest.size()));
        }
    }
    return false;
}

} // namespace

bool asks_for_dns(const std::vector<Field>& fields) {
    return names_dns(fields, "Content-Type") || names_dns(fields, "Accept");
}

bool carries_dns(const std::vector<Field>& fields) {
    return names_dns(fields, "Content-Type");
}

} // namespace egressd::proxy
