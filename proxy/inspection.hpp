// Does a request carry a secret where it must not go? What the scanner finds in heads, bodies and messages is
// judged (verdict), written down, and turned into the one refusal that the client gets. It moves no bytes:
// whoever does asks here how many may leave.
#pragma once

#include "proxy/head_text.hpp"
#include "proxy/refusal.hpp"
#include "proxy/split_scan.hpp"
#include "proxy/verdict.hpp"
#include "scan/scanner.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace egressd::proxy {

struct Exchange;
class Splits;

/// A worker's means of finding secrets; an exchange keeps those that it began with.
struct Scanning {
    /// `splits` is of all workers, and outlives them.
    Scanning(const std::shared_ptr<const scan::Engine>& engine, Splits& all_splits)
        : homes(engine->rules()), scratch(engine), splits(all_splits) {}

    Homes homes;
    scan::Scratch scratch;
    Splits& splits;
};

/// How far what is undecided may lie behind what has come. More would be memory that a client can make us
/// hold.
inline constexpr std::size_t max_undecided = 1024 * 1024;

/// What stands in a head, judged and not yet written down: the attempt's record comes first.
struct HeadReport {
    std::vector<Found> found;
    std::vector<Action> actions;
    std::optional<Refusal> refusal;
};

/// Looks at the head of an exchange that was decided, and says in its entry how much is looked at of what is
/// let through. A body whose codings nobody can undo is refused here too, before anything has left.
HeadReport inspect_head(Exchange& exchange, const HeadSaid& said);

/// Says in the entry that all of a request is looked at, or that nothing is.
void note_inspection(Exchange& exchange);

/// Whether the secret may go, as a whole, where the exchange does.
bool belongs(const Exchange& exchange, const scan::Finding& finding);

/// Files the record of each finding that deserves one.
void file_secrets(Exchange& exchange, const std::vector<Found>& found, const std::vector<Action>& actions);

/// Judges and files what was found in a body or a message.
std::optional<Refusal> refuse_secrets(Exchange& exchange, std::vector<scan::Finding> findings,
                                      Place::Kind where);
/// For what cannot be looked into: `problem` says why. Empty where the operator lets it through, which the
/// entry then says.
std::optional<Refusal> refuse_undecodable(Exchange& exchange, const std::string& problem);

/// A body on its way: which of its bytes may leave?
class BodyInspection {
public:
    /// Of an exchange that outlives it.
    explicit BodyInspection(Exchange& exchange);

    void feed(std::string_view bytes);
    /// The body is over.
    void finish();

    /// How many bytes from the body's beginning may leave.
    std::uint64_t settled() const;
    /// Set when nothing more may leave.
    const std::optional<Refusal>& refusal() const { return refusal_; }
    /// False where nobody looks: every byte may leave as it comes.
    bool looks() const { return scanner_.has_value(); }

private:
    void take(std::vector<scan::Finding> found);

    Exchange& exchange_;
    std::optional<scan::Scanner> scanner_;
    SplitScan split_;
    std::uint64_t fed_ = 0;
    bool given_up_ = false; // undecodable, and let through all the same
    std::optional<Refusal> refusal_;
};

} // namespace egressd::proxy
