// What in a valid policy does something other than its author probably meant? For `egressd check`: nothing
// here changes a decision, and a policy with warnings is loaded.
#pragma once

#include "policy/policy.hpp"

#include <string>
#include <vector>

namespace egressd::policy {

struct Warning {
    Source source;
    std::string message;
};

/// Allow entries first, duplicates last.
std::vector<Warning> lint(const Policy& policy);

} // namespace egressd::policy
