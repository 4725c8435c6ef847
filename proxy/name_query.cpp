#include "proxy/name_query.hpp"

#include "dns/verdict.hpp"
#include "proxy/commit.hpp"
#include "proxy/listener.hpp"
#include "proxy/operator_log.hpp"
#include "proxy/worker.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace egressd::proxy {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using dns::QueryType;
using dns::Rcode;
using policy::Reason;
using policy::Verdict;

namespace {

/// No other name ever gets the address, so it could be kept for long; a minute lets a client see a new
/// policy.
constexpr std::uint32_t synthetic_ttl = 60;

Rcode code_of(dns::Parsed::State state) {
    switch (state) {
    case dns::Parsed::State::not_implemented:
        return Rcode::not_implemented;
    case dns::Parsed::State::bad_version:
        return Rcode::bad_version;
    default:
        return Rcode::format_error;
    }
}

/// Does the conclusion turn the attempt into a refusal?
bool is_refusal(Reason reason) {
    return reason != Reason::allowed && is_denial(reason);
}

bool asks_for_addresses(QueryType type) {
    return type == QueryType::a || type == QueryType::aaaa;
}

} // namespace

/// What a question comes to in the end.
struct NameQuery::Conclusion {
    Reason reason = Reason::allowed;
    Rcode rcode = Rcode::no_error;
    dns::Addresses addresses{};                     // of the type that was asked for
    std::optional<std::chrono::seconds> lifetime{}; // nullopt: as long as the policy stays
};

NameQuery::NameQuery(Worker& worker, const std::string& task, const dns::Asked& asked,
                     const dns::Parsed& parsed)
    : worker_(worker), message_(asked.message),
      peer_(to_text(policy::Endpoint{asked.client, asked.client_port})), parsed_(parsed),
      in_stream_(asked.in_stream), exchange_(worker.shared().log, peer_) {
    const std::size_t question = parsed.query.question.size();
    if (question > 0)
        parsed_.query.question = std::string_view(message_).substr(dns::header_size, question);
    exchange_.settings = worker.settings();
    exchange_.peer = peer_;
    exchange_.attempt.task = task;
    exchange_.attempt.protocol = policy::Protocol::dns;
}

NameQuery::~NameQuery() {
    if (on_end)
        on_end();
}

bool NameQuery::settle() {
    if (parsed_.state != dns::Parsed::State::query) {
        deny(Reason::request_malformed);
        said_.rcode = code_of(parsed_.state);
        exchange_.entry.rcode = to_text(said_.rcode);
        return true;
    }
    judge();
    if (!exchange_.decision.lets_through()) {
        deny(exchange_.decision.reason);
    } else if (no_data_) {
        answer_here({});
    } else if (exchange_.settings->dns.synthetic) {
        answer_synthetically();
    } else if (const std::optional<dns::Outcome> known =
                   worker_.resolver()->known(exchange_.attempt.host.text())) {
        answer_here(conclusion_of(*known));
    } else if (!is_affordable(true)) {
        deny(Reason::dns_tunnel);
    } else {
        return false;
    }
    return true;
}

void NameQuery::answer_synthetically() {
    if (!is_affordable(false)) {
        deny(Reason::dns_tunnel);
        return;
    }
    Conclusion conclusion;
    conclusion.addresses = synthetic_answer(dns::Synthetic::Kind::reachable);
    if (conclusion.addresses.empty())
        deny(Reason::budget);
    else
        answer_here(std::move(conclusion));
}

void NameQuery::turn_away(Reason reason) {
    deny(reason);
}

/// The decision on the name, and on what stands in it.
void NameQuery::judge() {
    const std::string spelled = dns::name_text(parsed_.query).value_or("");
    dns::Verdict verdict = dns::judge(*exchange_.settings->policy, exchange_.attempt.task, spelled,
                                      parsed_.query.type, parsed_.query.in_class);
    exchange_.attempt = std::move(verdict.attempt);
    exchange_.decision = verdict.decision;
    no_data_ = verdict.no_data;
    const policy::Rule* rule = exchange_.decision.rule;
    const bool must_be_written = exchange_.settings->audit.on_failure == audit::OnFailure::deny;
    if (exchange_.decision.lets_through() && must_be_written && !worker_.shared().log.journal.healthy())
        exchange_.decision = policy::Decision{Verdict::deny, Reason::audit_failed, rule};
    if (exchange_.attempt.host.text().empty())
        return;
    look_for_secrets(spelled);
    if (exchange_.decision.lets_through() && report_.refusal)
        exchange_.decision = policy::Decision{Verdict::deny, report_.refusal->reason, rule};
}

void NameQuery::look_for_secrets(const std::string& spelled) {
    HeadSaid said;
    said.spelled_host = spelled; // case says something that a canonical name no longer does
    exchange_.scanning = worker_.scanning();
    report_ = inspect_head(exchange_, said);
    note_inspection(exchange_);
    exchange_.conceal_host = std::any_of(report_.found.begin(), report_.found.end(), [](const Found& found) {
        return found.finding.tier != scan::Tier::score;
    });
}

bool NameQuery::is_affordable(bool lookup) {
    using Cost = NameBudgets::Cost;
    return worker_.shared().name_budgets.charge(*exchange_.settings, exchange_.attempt, exchange_.decision,
                                                lookup ? Cost::lookup : Cost::name);
}

/// The address that stands for the name, of the family that was asked for; none where all are given away.
dns::Addresses NameQuery::synthetic_answer(dns::Synthetic::Kind kind) {
    const std::optional<dns::Synthetic::Pair> pair =
        worker_.shared().synthetic.give(exchange_.attempt.host.text(), kind);
    said_.ttl = synthetic_ttl;
    if (!pair)
        return {};
    if (parsed_.query.type == QueryType::a)
        return {pair->ipv4};
    return {pair->ipv6};
}

NameQuery::Conclusion NameQuery::conclusion_of(const dns::Outcome& outcome) const {
    using Kind = dns::Answer::Kind;
    Conclusion conclusion;
    conclusion.lifetime = outcome.lifetime;
    if (!outcome.addresses) {
        conclusion.reason = Reason::resolve_failed;
        if (outcome.kind == Kind::no_name)
            conclusion.rcode = Rcode::no_name;
        else if (outcome.kind != Kind::no_address)
            conclusion.rcode = Rcode::server_failure;
        return conclusion;
    }
    const policy::Policy& policy = *exchange_.settings->policy;
    const bool wants_v4 = parsed_.query.type == QueryType::a;
    bool any = false;
    for (const asio::ip::address& address : *outcome.addresses) {
        const Reason reason = policy.judge_address(exchange_.decision, address, 0, {});
        any = any || reason == Reason::allowed;
        if (reason == Reason::allowed && address.is_v4() == wants_v4)
            conclusion.addresses.push_back(address);
    }
    if (!any) {
        conclusion.reason = Reason::address_forbidden;
        conclusion.rcode = dns::rcode_of(conclusion.reason);
    }
    return conclusion;
}

/// Nothing leaves for it: it may be counted.
void NameQuery::answer_here(Conclusion conclusion) {
    if (is_refusal(conclusion.reason)) {
        deny(conclusion.reason);
        if (conclusion.lifetime)
            said_.good_until = Clock::now() + *conclusion.lifetime;
        return;
    }
    exchange_.entry.answer_here(conclusion.reason);
    file();
    say(std::move(conclusion));
}

void NameQuery::deny(Reason reason) {
    exchange_.decision = policy::Decision{Verdict::deny, reason, exchange_.decision.rule};
    file();
    if (reason == Reason::address_forbidden)
        alert_of_address();
    Conclusion conclusion;
    conclusion.reason = reason;
    conclusion.rcode = dns::rcode_of(reason);
    is_passing_ = reason == Reason::rate || reason == Reason::budget || reason == Reason::audit_failed;
    const bool by_policy = reason == Reason::not_listed || reason == Reason::denied_by_rule;
    if (by_policy && exchange_.settings->dns.sinkhole) {
        if (asks_for_addresses(parsed_.query.type))
            conclusion.addresses = synthetic_answer(dns::Synthetic::Kind::denied);
        if (!asks_for_addresses(parsed_.query.type) || !conclusion.addresses.empty())
            conclusion.rcode = Rcode::no_error;
    }
    say(std::move(conclusion));
}

/// The attempt's record, and those of the secrets in its name.
void NameQuery::file() {
    if (!exchange_.decision.lets_through()) {
        policy::Attempt shown = exchange_.attempt;
        if (exchange_.conceal_host)
            shown.host = net::Host();
        exchange_.entry.detail = policy::explanation(exchange_.decision, shown);
    }
    file_attempt(exchange_, std::string(), audit::Journal::Done());
    file_secrets(exchange_, report_.found, report_.actions);
}

void NameQuery::say(Conclusion conclusion) {
    said_.rcode = conclusion.rcode;
    exchange_.entry.rcode = to_text(conclusion.rcode);
    if (!conclusion.addresses.empty())
        exchange_.entry.ip = conclusion.addresses.front().to_string();
    if (conclusion.lifetime)
        said_.good_until = Clock::now() + *conclusion.lifetime;
    said_.addresses = std::move(conclusion.addresses);
    const bool failed = conclusion.rcode == Rcode::server_failure;
    if (conclusion.reason == Reason::allowed || (conclusion.reason == Reason::resolve_failed && !failed))
        return;
    said_.error = dns::error_code_of(conclusion.reason);
    said_.text = std::string(to_text(conclusion.reason)) + ' ' + exchange_.entry.id();
}

void NameQuery::alert_of_address() const {
    if (exchange_.entry.count() != nullptr || !worker_.shared().name_budgets.may_alert())
        return; // repeated, or too many
    const std::string host = exchange_.conceal_host ? std::string() : exchange_.attempt.host.text();
    log_warning("address-forbidden", "a name that may be reached has none but forbidden addresses",
                {{"host", host}, {"decision", exchange_.entry.id()}});
}

std::size_t NameQuery::write(std::span<char, dns::max_reply> out) const {
    if (parsed_.state == dns::Parsed::State::nothing)
        return 0;
    if (parsed_.query.question.empty())
        return dns::write_bare_reply(parsed_.query, said_.rcode, out);
    dns::Asked asked;
    asked.message = message_;
    asked.in_stream = in_stream_;
    return write_kept(parsed_.query, said_, asked, out);
}

std::optional<dns::KeptReply> NameQuery::kept() const {
    if (exchange_.entry.count() == nullptr || parsed_.state != dns::Parsed::State::query || is_passing_)
        return std::nullopt;
    dns::KeptReply reply = said_;
    reply.count = exchange_.entry.count();
    return reply;
}

asio::awaitable<std::string> NameQuery::reply() {
    const bool written = co_await attempt_written(worker_, exchange_, std::string());
    file_secrets(exchange_, report_.found, report_.actions);
    Conclusion conclusion;
    if (!written && exchange_.settings->audit.on_failure == audit::OnFailure::deny) {
        conclusion.reason = Reason::audit_failed;
        conclusion.rcode = dns::rcode_of(conclusion.reason);
    } else {
        const std::shared_ptr<dns::Resolver> resolver =
            worker_.resolver(); // a reload may replace it meanwhile
        const dns::Outcome outcome = co_await resolver->look_up(exchange_.attempt.host.text());
        if (outcome.kind == dns::Answer::Kind::no_name)
            worker_.shared().name_budgets.note_missing(*exchange_.settings, exchange_.attempt,
                                                       exchange_.decision);
        conclusion = conclusion_of(outcome);
    }
    if (conclusion.reason == Reason::address_forbidden)
        alert_of_address();
    if (is_refusal(conclusion.reason))
        exchange_.entry.refuse(conclusion.reason);
    else
        exchange_.entry.conclude(conclusion.reason);
    say(std::move(conclusion));
    std::array<char, dns::max_reply> out{};
    const std::size_t size = write(out);
    co_return std::string(out.data(), size);
}

std::size_t write_kept(const dns::Query& query, const dns::KeptReply& kept, const dns::Asked& asked,
                       std::span<char, dns::max_reply> out) {
    const dns::Reply reply = dns::reply_of(kept, Clock::now());
    std::size_t limit = asked.in_stream ? dns::max_reply : std::min(query.payload, dns::max_reply);
    if (!asked.in_stream && kept.addresses.empty())
        limit = std::min(limit, 2 * asked.message.size());
    return dns::write_reply(query, reply, limit, out);
}

} // namespace egressd::proxy
