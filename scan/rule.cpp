#include "scan/rule.hpp"

namespace egressd::scan {

std::string_view to_text(Tier tier) {
    switch (tier) {
    case Tier::score:
        return "score";
    case Tier::alert:
        return "alert";
    case Tier::block:
        break;
    }
    return "block";
}

std::string_view to_text(Severity severity) {
    switch (severity) {
    case Severity::low:
        return "low";
    case Severity::medium:
        return "medium";
    case Severity::high:
        return "high";
    case Severity::critical:
        break;
    }
    return "critical";
}

} // namespace egressd::scan
