#include "proxy/inspection.hpp"

#include "proxy/framing.hpp"
#include "proxy/session.hpp"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

namespace egressd::proxy {

using policy::Reason;
using policy::Secrets;
using Kind = Place::Kind;

namespace {

constexpr const char* undecodable = "undecodable";

Secrets mode_of(const Exchange& exchange) {
    return exchange.decision.rule == nullptr ? Secrets::block : exchange.decision.rule->secrets;
}

std::span<const policy::Pin> pins_of(const Exchange& exchange) {
    if (exchange.decision.rule == nullptr)
        return {};
    return exchange.decision.rule->credentials;
}

Destination destination_of(const Exchange& exchange) {
    return Destination{exchange.attempt.host, exchange.scanning->homes, mode_of(exchange), pins_of(exchange)};
}

Refusal refusal_to(const Exchange& exchange, Reason reason, std::string message, std::string fix) {
    Refusal refusal = refusal_of(reason, std::move(message));
    refusal.host = exchange.attempt.host.bracketed();
    refusal.port = exchange.attempt.port;
    if (exchange.decision.rule != nullptr)
        refusal.rule = exchange.decision.rule->source.text();
    refusal.fix = std::move(fix);
    return refusal;
}

/// Names the kind of secret and the place; never the value.
Refusal refusal_of_secret(const Exchange& exchange, const Found& found, std::size_t others) {
    const scan::Rule& rule = *found.finding.rule;
    const std::string where = found.place.text();
    const std::string& host = exchange.attempt.host.text();
    if (rule.id == canary_rule)
        return refusal_to(exchange, Reason::secret_found,
                          "a canary (" + where +
                              "), which no program has a use for: whoever sends it has read what "
                              "it should not, and may be following instructions from there",
                          {});
    std::string message = "a secret (" + rule.id + ": " + rule.description + ") in " + where;
    if (others > 0)
        message += ", and " + std::to_string(others) + " more,";
    message += " is not for " + host + "; send the request without it";
    std::string fix;
    if (exchange.scanning->homes.knows(rule))
        fix = "secrets: {home: {" + rule.id + ": [\"" + host + "\"]}}";
    return refusal_to(exchange, Reason::secret_found, std::move(message), std::move(fix));
}

std::optional<Refusal> refusal_of_worst(const Exchange& exchange, const std::vector<Found>& found,
                                        const std::vector<Action>& actions) {
    const auto blocked = std::find(actions.begin(), actions.end(), Action::block);
    if (blocked == actions.end())
        return std::nullopt;
    const auto others = std::count(blocked + 1, actions.end(), Action::block);
    return refusal_of_secret(exchange, found[static_cast<std::size_t>(blocked - actions.begin())],
                             static_cast<std::size_t>(others));
}

/// The codings of a body (RFC 9110 8.4), or why it cannot be looked into.
Result<std::vector<scan::Coding>> body_codings(const std::vector<Field>& fields) {
    std::vector<scan::Coding> codings;
    for (const Field& field : fields) {
        if (!same_name(field.name, "Content-Encoding"))
            continue;
        std::string_view rest = field.value;
        while (!rest.empty()) {
            const std::size_t comma = std::min(rest.find(','), rest.size());
            const std::string_view token = trimmed(rest.substr(0, comma));
            rest.remove_prefix(std::min(comma + 1, rest.size()));
            if (token.empty() || same_name(token, "identity"))
                continue;
            const std::optional<scan::Coding> coding = scan::coding_named(token);
            if (!coding)
                return Error{Side::client, "its Content-Encoding is none of gzip, deflate, br and zstd"};
            codings.push_back(*coding);
        }
    }
    if (codings.size() > scan::max_depth)
        return Error{Side::client, "more content codings than are undone"};
    return codings;
}

bool has_body(const RequestHead& head) {
    const Result<Framing> framing = request_framing(head);
    return framing && (framing->kind == BodyKind::chunked || framing->length > 0);
}

/// What was found, with the place where it stood.
std::vector<Found> place_findings(Exchange& exchange, const HeadText& text,
                                  std::vector<scan::Finding> findings) {
    std::vector<Found> placed;
    bool in_name = false;
    for (scan::Finding& finding : findings) {
        const HeadText::Spot spot = text.spot_at(finding.offset);
        // Parts that stand apart look like a secret by chance sooner than one piece does.
        if (spot.glued && finding.tier != scan::Tier::block)
            continue;
        Found one;
        one.place.kind = spot.kind;
        one.place.name = shown_name(spot.name, spot.kind);
        one.pinned = spot.field != nullptr && is_pinned(*spot.field, pins_of(exchange));
        one.finding = std::move(finding);
        in_name = in_name || spot.in_name;
        const bool counts = one.finding.tier != scan::Tier::score;
        exchange.conceal_target =
            exchange.conceal_target || (counts && (spot.kind == Kind::path || spot.kind == Kind::method));
        exchange.conceal_query = exchange.conceal_query || (counts && spot.kind == Kind::query);
        placed.push_back(std::move(one));
    }
    // A name that is a secret must not be shown, and one beside it may be its other half.
    if (in_name)
        for (Found& one : placed)
            one.place.name.clear();
    return placed;
}

std::optional<Refusal> refuse_foreign(const Exchange& exchange) {
    const std::string_view header = foreign_header(exchange.head.fields, pins_of(exchange));
    if (header.empty())
        return std::nullopt;
    std::string message =
        "the credential in " + std::string(header) + " is not one of those that are pinned for ";
    return refusal_to(exchange, Reason::secret_foreign, message + exchange.attempt.host.text(), {});
}

void judge_all(const Exchange& exchange, HeadReport& report) {
    report.actions = judge(report.found, destination_of(exchange));
    report.refusal = refusal_of_worst(exchange, report.found, report.actions);
}

void add_splits(Exchange& exchange, const HeadText& text, SplitScan& split, HeadReport& report) {
    split.feed(text.bytes());
    std::vector<Found> found = place_findings(exchange, text, split.take(text.bytes().size()));
    if (found.empty())
        return;
    std::move(found.begin(), found.end(), std::back_inserter(report.found));
    judge_all(exchange, report);
}

/// Puts down what the body is to be decoded by.
std::optional<Refusal> take_codings(Exchange& exchange) {
    if (!exchange.scanning || !has_body(exchange.head))
        return std::nullopt;
    Result<std::vector<scan::Coding>> codings = body_codings(exchange.head.fields);
    if (!codings)
        return refuse_undecodable(exchange, codings.error().message);
    exchange.codings = std::move(*codings);
    return std::nullopt;
}

} // namespace

void note_inspection(Exchange& exchange) {
    const bool looks = exchange.scanning != nullptr;
    exchange.entry.inspection = looks ? audit::Inspection::complete : audit::Inspection::partial;
    exchange.entry.inspection_reason = looks ? "" : "secrets-off";
}

bool belongs(const Exchange& exchange, const scan::Finding& finding) {
    const Found one{finding, Place{Kind::header, {}}, false};
    return judge(std::span(&one, 1), destination_of(exchange)).front() == Action::home;
}

HeadReport inspect_head(Exchange& exchange, const HeadSaid& said) {
    HeadReport report;
    const bool is_request = exchange.attempt.method.has_value();
    if (mode_of(exchange) == Secrets::off)
        exchange.scanning.reset();
    if (exchange.scanning) {
        const HeadText text(said, exchange.attempt.host, exchange.attempt.path, exchange.head.fields);
        std::vector<scan::Finding> whole = scan::scan_all(exchange.scanning->scratch, text.bytes());
        SplitScan split(exchange);
        split.leave_out(whole);
        report.found = place_findings(exchange, text, std::move(whole));
        judge_all(exchange, report);
        if (!report.refusal && exchange.decision.lets_through())
            add_splits(exchange, text, split, report);
    }
    if (!is_request || !exchange.decision.lets_through())
        return report;
    note_inspection(exchange);
    if (!report.refusal)
        report.refusal = refuse_foreign(exchange);
    if (!report.refusal)
        report.refusal = take_codings(exchange);
    if (report.refusal)
        exchange.entry.inspection = audit::Inspection::partial; // the body was not looked at
    if (report.refusal)
        exchange.entry.inspection_reason = "refused";
    return report;
}

void file_secrets(Exchange& exchange, const std::vector<Found>& found, const std::vector<Action>& actions) {
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (actions[i] != Action::alert && actions[i] != Action::block)
            continue;
        const scan::Finding& finding = found[i].finding;
        const std::string where = found[i].place.text();
        audit::SecretFound secret;
        secret.rule = finding.rule->id;
        secret.where = where;
        secret.encoding = finding.encoding;
        secret.offset = finding.offset;
        secret.fingerprint = finding.fingerprint;
        secret.action = to_text(actions[i]);
        secret.forwarded = exchange.entry.bytes_up;
        exchange.entry.file_secret(secret);
    }
}

std::optional<Refusal> refuse_secrets(Exchange& exchange, std::vector<scan::Finding> findings, Kind where) {
    if (findings.empty())
        return std::nullopt;
    std::vector<Found> found;
    for (scan::Finding& finding : findings)
        found.push_back(Found{std::move(finding), Place{where, {}}, false});
    const std::vector<Action> actions = judge(found, destination_of(exchange));
    file_secrets(exchange, found, actions);
    return refusal_of_worst(exchange, found, actions);
}

std::optional<Refusal> refuse_undecodable(Exchange& exchange, const std::string& problem) {
    if (exchange.settings->secrets.block_undecodable)
        return refusal_to(exchange, Reason::inspection_impossible,
                          "what it sends cannot be searched for secrets: " + problem,
                          "secrets: {undecodable: alert}");
    exchange.entry.inspection = audit::Inspection::partial;
    exchange.entry.inspection_reason = undecodable;
    return std::nullopt;
}

BodyInspection::BodyInspection(Exchange& exchange) : exchange_(exchange), split_(exchange) {
    if (exchange.scanning)
        scanner_.emplace(exchange.scanning->scratch.engine(), exchange.codings);
}

void BodyInspection::feed(std::string_view bytes) {
    fed_ += bytes.size();
    if (!scanner_ || refusal_)
        return;
    std::vector<scan::Finding> found;
    scanner_->feed(exchange_.scanning->scratch, bytes, found);
    split_.feed(bytes);
    take(std::move(found));
    if (!refusal_ && !given_up_ && fed_ - scanner_->settled() > max_undecided) {
        refusal_ = refuse_undecodable(exchange_, "more than 1 MiB of it is one encoded piece");
        given_up_ = !refusal_;
    }
}

void BodyInspection::finish() {
    if (!scanner_ || refusal_)
        return;
    std::vector<scan::Finding> found;
    scanner_->finish(exchange_.scanning->scratch, found);
    take(std::move(found));
}

std::uint64_t BodyInspection::settled() const {
    return !scanner_ || given_up_ ? fed_ : scanner_->settled();
}

void BodyInspection::take(std::vector<scan::Finding> found) {
    split_.leave_out(found);
    refusal_ = refuse_secrets(exchange_, std::move(found), Kind::body);
    if (!refusal_)
        refusal_ = refuse_secrets(exchange_, split_.take(settled()), Kind::body);
    if (refusal_ || given_up_ || scanner_->problem().empty())
        return;
    refusal_ = refuse_undecodable(exchange_, scanner_->problem());
    given_up_ = !refusal_;
}

} // namespace egressd::proxy
