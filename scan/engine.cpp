#include "scan/engine.hpp"

#include "scan/checks.hpp"
#include "scan/digest.hpp"
#include "scan/engine_impl.hpp"
#include "scan/run_demand.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace egressd::scan {

namespace {

constexpr std::size_t key_size = 64; // hex digits

/// Of the rules that demand a run, or of the others.
std::vector<Expression> expressions_of(const std::vector<Rule>& rules, bool in_run) {
    std::vector<Expression> some;
    for (std::uint32_t id = 0; id < rules.size(); ++id) {
        if (demands_run(rules[id]) != in_run)
            continue;
        some.push_back(expression_of(rules[id]));
        some.back().id = id;
    }
    return some;
}

std::optional<Database> database_of(const std::vector<Expression>& expressions) {
    return expressions.empty() ? std::nullopt : std::optional(Database::of_expressions(expressions));
}

/// Where two matches overlap, the one that says more about the same bytes stays.
bool says_more(const Match& a, const Match& b) {
    if (a.known_value.empty() != b.known_value.empty())
        return b.known_value.empty();
    if (a.tier != b.tier)
        return a.tier > b.tier;
    return a.end - a.begin > b.end - b.begin;
}

bool is_same_secret(const Match& a, const Match& b) {
    return a.begin == b.begin && a.end == b.end && a.tier == b.tier && a.known_value.empty() &&
           b.known_value.empty() && a.rule != b.rule;
}

void drop_overlapped(std::vector<Match>& matches) {
    std::stable_sort(matches.begin(), matches.end(),
                     [](const Match& a, const Match& b) { return a.begin < b.begin; });
    std::vector<Match> kept;
    for (const Match& match : matches) {
        const bool apart = kept.empty() || kept.back().end <= match.begin;
        // Two services whose tokens look alike: either may be the one where this one belongs.
        if (apart || is_same_secret(match, kept.back()))
            kept.push_back(match);
        else if (says_more(match, kept.back()))
            kept.back() = match;
    }
    matches.swap(kept);
}

} // namespace

std::string compiled_key(const std::vector<Rule>& rules) {
    std::string all = EGRESSD_VERSION "\n" + database_platform() + '\n';
    for (const Rule& rule : rules) {
        const Expression expression = expression_of(rule);
        all.append(expression.text).append(expression.caseless ? "\ni\n" : "\n\n");
        all.append(rule.pattern).append("\n");
    }
    return hex(sha256(all));
}

Engine::Impl::Impl(EngineInput input)
    : rules_(std::move(input.rules)), fingerprint_key_(std::move(input.fingerprint_key)) {
    for (const Rule& rule : rules_)
        confirmers_.push_back(std::make_unique<Confirmer>(rule.pattern));
    was_compiled_ = load(input.compiled);
    if (!was_compiled_)
        compile();
    add_known(std::move(input.known));
}

/// Of one or both databases: the first one's size in eight bytes, it, and the second.
bool Engine::Impl::load(std::string_view compiled) {
    const std::size_t reaches = rules_.size() * sizeof(Reach);
    std::uint64_t size = 0;
    if (compiled.size() < key_size + reaches + sizeof size ||
        compiled.substr(0, key_size) != compiled_key(rules_))
        return false;
    compiled.remove_prefix(key_size);
    reaches_.resize(rules_.size());
    std::memcpy(reaches_.data(), compiled.data(), reaches);
    compiled.remove_prefix(reaches);
    std::memcpy(&size, compiled.data(), sizeof size);
    compiled.remove_prefix(sizeof size);
    const std::string_view text = compiled.substr(0, std::min<std::uint64_t>(size, compiled.size()));
    const std::string_view run = compiled.substr(text.size());
    text_database_ = text.empty() ? std::nullopt : Database::deserialize(text);
    run_database_ = run.empty() ? std::nullopt : Database::deserialize(run);
    return text_database_.has_value() == !text.empty() && run_database_.has_value() == !run.empty();
}

void Engine::Impl::compile() {
    reaches_.clear();
    for (const Rule& rule : rules_)
        reaches_.push_back(reach_of(rule));
    text_database_ = database_of(expressions_of(rules_, false));
    run_database_ = database_of(expressions_of(rules_, true));
}

std::string Engine::Impl::compiled() const {
    std::string bytes = compiled_key(rules_);
    bytes.append(reinterpret_cast<const char*>(reaches_.data()), reaches_.size() * sizeof(Reach));
    const std::string text = text_database_ ? text_database_->serialized() : "";
    const std::uint64_t size = text.size();
    bytes.append(reinterpret_cast<const char*>(&size), sizeof size).append(text);
    return bytes + (run_database_ ? run_database_->serialized() : "");
}

void Engine::Impl::prepare(MatchScratch& scratch) const {
    for (const std::optional<Database>* database : {&text_database_, &run_database_})
        if (*database)
            (*database)->prepare(scratch.rules);
    if (known_database_)
        known_database_->prepare(scratch.known);
    scratch.confirmed.assign(rules_.size(), 0);
}

/// A known value belongs where the kind of secret belongs that it looks like.
void Engine::Impl::add_known(std::vector<KnownSecret> known) {
    if (known.empty())
        return;
    known_ = std::move(known);
    MatchScratch scratch;
    prepare(scratch);
    std::vector<std::string> literals;
    for (std::size_t i = 0; i < known_.size(); ++i) {
        const KnownSecret& secret = known_[i];
        Rule rule;
        rule.id = secret.canary ? "canary" : "known-secret";
        rule.description = secret.canary ? "canary " + secret.name : "the value of " + secret.name;
        rule.severity = Severity::critical;
        const std::vector<Match> looks = match(scratch, secret.value, layout_of(secret.value));
        if (!secret.canary && !looks.empty())
            rule.home = looks.front().rule->home;
        known_rules_.push_back(std::move(rule));
        for (Form& form : forms_of(secret.value)) {
            forms_.push_back(KnownForm{i, std::move(form.encoding), form.bytes.size()});
            literals.push_back(std::move(form.bytes));
        }
    }
    known_database_ = Database::of_literals(literals);
    fragments_ = FragmentIndex(known_, fingerprint_key_);
}

void Engine::Impl::find_in_text(MatchScratch& scratch, std::string_view block,
                                const std::vector<Run>& text) const {
    for (const Run& region : text) {
        const std::size_t first = scratch.hits.size();
        text_database_->scan(scratch.rules, block.substr(region.begin, region.end - region.begin),
                             scratch.hits);
        for (std::size_t i = first; i < scratch.hits.size(); ++i)
            scratch.hits[i].end += region.begin;
    }
}

/// The runs with what stands around them, one behind the other, in one scan: they are many and short.
void Engine::Impl::find_in_runs(MatchScratch& scratch, std::string_view block,
                                const std::vector<LetterRun>& runs) const {
    std::vector<std::pair<std::size_t, std::size_t>> places; // (in scratch.runs, in the block)
    scratch.runs.clear();
    std::size_t done = 0; // of the block
    for (const LetterRun& run : runs) {
        const std::size_t end = std::min(run.end + behind_run, block.size());
        if (!run.is_mixed || end <= done)
            continue;
        const std::size_t begin = std::max(done, run.begin - std::min(run.begin, before_run));
        if (begin > done || places.empty()) {
            scratch.runs += '\n';
            places.emplace_back(scratch.runs.size(), begin);
        }
        scratch.runs.append(block.substr(begin, end - begin));
        done = end;
    }
    const std::size_t first = scratch.hits.size();
    run_database_->scan(scratch.rules, scratch.runs, scratch.hits);
    auto place = places.begin();
    for (std::size_t i = first; i < scratch.hits.size(); ++i) {
        std::size_t& hit = scratch.hits[i].end;
        while (std::next(place) != places.end() && std::next(place)->first < hit)
            ++place;
        hit = place->second + (hit - place->first);
    }
}

std::vector<Match> Engine::Impl::match(MatchScratch& scratch, std::string_view block,
                                       const Layout& layout) const {
    std::vector<Match> matches;
    scratch.hits.clear();
    if (text_database_)
        find_in_text(scratch, block, layout.text);
    if (run_database_ && !layout.letters.empty())
        find_in_runs(scratch, block, layout.letters);
    for (const Hit& hit : scratch.hits)
        confirm(scratch, block, hit, matches);
    for (const Hit& hit : scratch.hits)
        scratch.confirmed[hit.id] = 0;
    if (known_database_)
        match_known(scratch, block, matches);
    drop_overlapped(matches);
    return matches;
}

/// Tries the rule's pattern around the hit. Behind a keyword, what looks like a placeholder hides nothing
/// that follows.
void Engine::Impl::confirm(MatchScratch& scratch, std::string_view block, const Hit& hit,
                           std::vector<Match>& matches) const {
    const Rule& rule = rules_[hit.id];
    const Reach& reach = reaches_[hit.id];
    std::size_t& confirmed = scratch.confirmed[hit.id];
    if (hit.end <= confirmed)
        return;
    const bool by_keyword = !rule.keywords.empty();
    // One byte more on the left, so that a boundary there is seen.
    const std::size_t begin = hit.end - std::min<std::size_t>(hit.end, reach.behind + 1U);
    const std::string_view subject = block.substr(begin, hit.end - begin + reach.ahead);
    const std::size_t at = hit.end - begin;
    std::size_t from = by_keyword ? at : 0;
    while (const std::optional<Span> span = confirmers_[hit.id]->find(scratch.data, subject, from)) {
        if (by_keyword ? span->begin > at + keyword_distance : span->begin >= at)
            return;
        from = std::max(span->end, span->begin + 1);
        if (!by_keyword && span->end < at)
            continue;
        const bool is_secret = judge(block, rule,
                                     Span{begin + span->begin, begin + span->end, begin + span->secret_begin,
                                          begin + span->secret_end},
                                     matches);
        if (is_secret || !by_keyword) {
            confirmed = begin + span->end;
            return;
        }
    }
}

/// Appends what the span holds if it is a secret.
bool Engine::Impl::judge(std::string_view block, const Rule& rule, const Span& span,
                         std::vector<Match>& matches) const {
    const std::string_view secret = block.substr(span.secret_begin, span.secret_end - span.secret_begin);
    Match match{&rule, rule.tier, span.secret_begin, span.secret_end, {}, {}};
    const bool proven = rule.check.empty() || find_check(rule.check)(secret);
    if (!proven && !rule.unproven)
        return false;
    if (!proven)
        match.tier = *rule.unproven;
    // A checksum that holds is better evidence than what the letters look like.
    const bool checked = proven && !rule.check.empty();
    if (!checked && (entropy(secret) < rule.entropy || is_placeholder(secret)))
        return false;
    matches.push_back(match);
    return true;
}

void Engine::Impl::match_known(MatchScratch& scratch, std::string_view block,
                               std::vector<Match>& matches) const {
    scratch.hits.clear();
    known_database_->scan(scratch.known, block, scratch.hits);
    for (const Hit& hit : scratch.hits) {
        const KnownForm& form = forms_[hit.id];
        matches.push_back(Match{&known_rules_[form.secret], Tier::block, hit.end - form.size, hit.end,
                                form.encoding, known_[form.secret].value});
    }
}

std::string Engine::Impl::fingerprint(std::string_view secret) const {
    constexpr std::size_t shown = 8; // bytes
    const Digest digest = keyed_digest(fingerprint_key_, secret);
    return hex(std::span<const unsigned char>(digest).first(shown));
}

Finding Engine::Impl::split_finding(std::size_t secret, std::uint64_t offset) const {
    Finding finding;
    finding.rule = &known_rules_[secret];
    finding.offset = offset;
    finding.encoding = "split";
    finding.sha256 = sha256(known_[secret].value);
    finding.fingerprint = fingerprint(known_[secret].value);
    return finding;
}

Engine::Engine(EngineInput input) : impl_(std::make_unique<Impl>(std::move(input))) {}
Engine::~Engine() = default;

const std::vector<Rule>& Engine::rules() const {
    return impl_->rules();
}

const FragmentIndex& Engine::fragments() const {
    return impl_->fragments();
}

Finding Engine::split_finding(std::size_t secret, std::uint64_t offset) const {
    return impl_->split_finding(secret, offset);
}

std::string Engine::compiled() const {
    return impl_->compiled();
}

bool Engine::was_compiled() const {
    return impl_->was_compiled();
}

} // namespace egressd::scan
