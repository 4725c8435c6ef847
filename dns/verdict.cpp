#include "dns/verdict.hpp"

#include <utility>

namespace egressd::dns {

using policy::Reason;
using policy::Verdict::deny;

namespace {

bool is_served(QueryType type, std::uint16_t in_class) {
    const bool known = type == QueryType::a || type == QueryType::aaaa || type == QueryType::https ||
                       type == QueryType::svcb;
    return known && in_class == internet_class;
}

} // namespace

Verdict judge(const policy::Policy& policy, std::string task, std::string_view name, QueryType type,
              std::uint16_t in_class) {
    Verdict verdict;
    verdict.attempt.task = std::move(task);
    verdict.attempt.protocol = policy::Protocol::dns;
    verdict.attempt.query_type = type_text(type);
    Result<net::Host> host = net::Host::parse(name);
    const bool is_name = host && !host->is_address();
    if (is_name)
        verdict.attempt.host = std::move(*host);
    if (!is_served(type, in_class))
        verdict.decision = {deny, Reason::dns_type, nullptr};
    else if (!is_name)
        verdict.decision = {deny, Reason::name_invalid, nullptr};
    else
        verdict.decision = policy.decide(verdict.attempt);
    verdict.no_data = type == QueryType::https || type == QueryType::svcb;
    return verdict;
}

Rcode rcode_of(Reason reason) {
    switch (reason) {
    case Reason::allowed:
        return Rcode::no_error;
    case Reason::request_malformed:
        return Rcode::format_error;
    case Reason::dns_type:
    case Reason::dns_tunnel:
    case Reason::rate:
    case Reason::audit_failed:
        return Rcode::refused;
    case Reason::resolve_failed:
    case Reason::budget:
    case Reason::timeout:
    case Reason::shutdown:
        return Rcode::server_failure;
    default:
        return Rcode::no_name;
    }
}

ErrorCode error_code_of(Reason reason) {
    switch (reason) {
    case Reason::dns_type:
        return ErrorCode::not_supported;
    case Reason::dns_tunnel:
    case Reason::rate:
        return ErrorCode::prohibited;
    case Reason::audit_failed:
    case Reason::budget:
    case Reason::shutdown:
        return ErrorCode::not_ready;
    case Reason::resolve_failed:
    case Reason::timeout:
        return ErrorCode::no_reachable_authority;
    default:
        return ErrorCode::blocked;
    }
}

std::string refusal_text(Reason reason) {
    return std::string(to_text(rcode_of(reason))) + ", extended error " +
           std::to_string(static_cast<unsigned>(error_code_of(reason)));
}

} // namespace egressd::dns
