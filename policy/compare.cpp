#include "policy/compare.hpp"

#include <algorithm>

namespace egressd::policy {
namespace {

template <class T>
bool covers(const std::vector<T>& wide, const std::vector<T>& narrow) {
    if (wide.empty())
        return true;
    return !narrow.empty() && std::all_of(narrow.begin(), narrow.end(), [&](const T& item) {
        return std::find(wide.begin(), wide.end(), item) != wide.end();
    });
}

} // namespace

bool covers_ports(const Rule& wide, const Rule& narrow) {
    return covers(wide.ports, narrow.ports);
}

bool covers_methods(const Rule& wide, const Rule& narrow) {
    return covers(wide.methods, narrow.methods);
}

bool covers_paths(const Rule& wide, const Rule& narrow) {
    return covers(wide.paths, narrow.paths);
}

bool covers_private(const Rule& wide, const Rule& narrow) {
    return std::all_of(narrow.private_ranges.begin(), narrow.private_ranges.end(),
                       [&](const net::Network& range) {
                           return std::any_of(wide.private_ranges.begin(), wide.private_ranges.end(),
                                              [&](const net::Network& outer) { return outer.covers(range); });
                       });
}

bool covers_tls(const Rule& wide, const Rule& narrow) {
    return narrow.tls <= wide.tls;
}

bool covers_secrets(const Rule& wide, const Rule& narrow) {
    return narrow.secrets <= wide.secrets;
}

bool covers_credentials(const Rule& wide, const Rule& narrow) {
    const bool keeps_headers =
        std::all_of(wide.credentials.begin(), wide.credentials.end(), [&](const Pin& pin) {
            return std::any_of(narrow.credentials.begin(), narrow.credentials.end(),
                               [&](const Pin& other) { return other.header == pin.header; });
        });
    return keeps_headers && covers(wide.credentials, narrow.credentials);
}

bool covers_attempts(const Rule& wide, const Rule& narrow) {
    return covers_ports(wide, narrow) && covers_methods(wide, narrow) && covers_paths(wide, narrow);
}

std::string list_of(const std::vector<std::string>& items) {
    std::string text;
    for (const std::string& item : items)
        text += (text.empty() ? "" : ", ") + item;
    return text.empty() ? "any" : text;
}

std::string list_of_ports(const Rule& rule) {
    std::vector<std::string> ports;
    for (const std::uint16_t port : rule.ports)
        ports.push_back(std::to_string(port));
    return list_of(ports);
}

} // namespace egressd::policy
