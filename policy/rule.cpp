#include "policy/rule.hpp"

namespace egressd::policy {

std::string Source::text() const {
    const std::size_t slash = file.rfind('/');
    const std::string name = slash == std::string::npos ? file : file.substr(slash + 1);
    return name + ':' + std::to_string(line);
}

std::string_view to_text(Tls tls) {
    switch (tls) {
    case Tls::inspect:
        return "inspect";
    case Tls::tunnel:
        return "tunnel";
    case Tls::raw:
        return "raw";
    }
    return "tunnel";
}

std::string_view to_text(Secrets secrets) {
    switch (secrets) {
    case Secrets::block:
        return "block";
    case Secrets::alert:
        return "alert";
    case Secrets::off:
        return "off";
    }
    return "block";
}

Tls treatment_of(const Rule* rule) {
    return rule == nullptr ? Tls::inspect : rule->tls;
}

} // namespace egressd::policy
