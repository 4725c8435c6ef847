#include "proxy/message_scan.hpp"

#include <limits>
#include <utility>

namespace egressd::proxy {

namespace {

constexpr std::size_t max_known = 1000; // beyond it a secret that comes again is recorded again

} // namespace

std::optional<Refusal> MessageScan::refuse(const MessagePiece& piece) {
    const bool control = is_control(piece.kind);
    if (piece.begins && !control)
        message_size_ = 0;
    if (!control)
        message_size_ += piece.bytes.size();
    Stream& stream = control ? controls_ : messages_;
    look(stream, piece);
    std::optional<Refusal> refusal = judge_new();
    if (refusal || given_up_ || !stream.scanner)
        return refusal;
    std::string problem = stream.scanner->problem();
    if (problem.empty() && !control && !piece.ends && stream.undecided() > max_undecided)
        problem = "more than 1 MiB of a message is one encoded piece";
    if (problem.empty())
        return refusal;
    refusal = refuse_undecodable(exchange_, problem);
    given_up_ = !refusal;
    return refusal;
}

std::size_t MessageScan::held_back() const {
    if (given_up_ || !messages_.scanner)
        return 0;
    if (message_size_ <= exchange_.settings->secrets.hold)
        return std::numeric_limits<std::size_t>::max();
    return static_cast<std::size_t>(messages_.undecided());
}

void MessageScan::look(Stream& stream, const MessagePiece& piece) {
    if (piece.bytes.empty() && !(piece.ends && stream.scanner))
        return;
    scan::Scratch& scratch = exchange_.scanning->scratch;
    if (!stream.scanner)
        stream.scanner.emplace(scratch.engine());
    stream.fed += piece.bytes.size();
    stream.scanner->feed(scratch, piece.bytes, found_);
    stream.split.feed(piece.bytes);
    // What the stream would decide only with the next message leaves now.
    if (piece.ends && stream.undecided() > 0)
        stream.scanner->pause(scratch, found_);
    stream.split.leave_out(found_);
    if (found_.empty())
        found_ = stream.split.take(stream.scanner->settled());
}

std::optional<Refusal> MessageScan::judge_new() {
    std::vector<scan::Finding> found;
    for (scan::Finding& finding : std::exchange(found_, {})) {
        const bool again = known_.count(finding.rule->id + finding.fingerprint) > 0;
        if (again)
            continue;
        if (known_.size() < max_known)
            known_.insert(finding.rule->id + finding.fingerprint);
        found.push_back(std::move(finding));
    }
    return refuse_secrets(exchange_, std::move(found), Place::Kind::ws);
}

} // namespace egressd::proxy
