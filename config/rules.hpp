// What does one entry of `allow` or `deny` mean? From a node that the schema accepted to a policy::Rule, with
// every check of meaning: names, methods, canonical paths, addresses. How rules act together is the policy's
// business.
#pragma once

#include "config/yaml.hpp"
#include "policy/rule.hpp"

#include <optional>

namespace egressd::config {

enum class RuleList { allow, deny };

/// nullopt when the entry has an error, which is then in the report.
std::optional<policy::Rule> read_rule(const yaml::Node& entry, RuleList list, const FileReport& report);

} // namespace egressd::config
