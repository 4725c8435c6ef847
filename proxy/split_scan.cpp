#include "proxy/split_scan.hpp"

#include "proxy/session.hpp"
#include "proxy/splits.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>

namespace egressd::proxy {

namespace {

/// More are remembered although they might still turn out to be a whole secret: memory is not a client's to
/// fill.
constexpr std::size_t max_waiting = 4096;
constexpr std::size_t max_left_out = 64;

/// The task, and the address without the port: a client's next request may come over another connection.
std::string client_of(const Exchange& exchange) {
    const std::string_view peer = exchange.peer;
    return exchange.attempt.task + ' ' + std::string(peer.substr(0, peer.rfind(':')));
}

} // namespace

void SplitScan::leave_out(const std::vector<scan::Finding>& whole) {
    for (const scan::Finding& finding : whole)
        if (whole_.size() < max_left_out && !is_left_out(finding))
            whole_.push_back(finding.sha256);
}

void SplitScan::feed(std::string_view bytes) {
    const scan::FragmentIndex& index = exchange_.scanning->scratch.engine()->fragments();
    if (!index.empty())
        stream_.feed(index, bytes, pieces_);
}

std::vector<scan::Finding> SplitScan::take(std::uint64_t settled) {
    if (pieces_.empty())
        return {};
    const scan::Engine& engine = *exchange_.scanning->scratch.engine();
    const bool all = pieces_.size() > max_waiting;
    const auto waiting = std::stable_partition(pieces_.begin(), pieces_.end(), [&](const scan::Piece& piece) {
        return all || piece.end <= settled;
    });
    std::vector<scan::Piece> leaving(pieces_.begin(), waiting);
    pieces_.erase(pieces_.begin(), waiting);
    drop_harmless(leaving);
    std::vector<scan::Finding> complete;
    for (const scan::Piece& piece : exchange_.scanning->splits.mark(client_of(exchange_), engine.fragments(),
                                                                    leaving, Splits::Clock::now()))
        complete.push_back(engine.split_finding(piece.secret, piece.end - piece.length));
    leave_out(complete); // one record for each text
    return complete;
}

void SplitScan::drop_harmless(std::vector<scan::Piece>& pieces) const {
    const scan::Engine& engine = *exchange_.scanning->scratch.engine();
    std::unordered_map<std::size_t, bool> harmless; // by secret: many pieces are of few
    const auto is_harmless = [&](const scan::Piece& piece) {
        const auto [known, is_new] = harmless.try_emplace(piece.secret, false);
        if (is_new) {
            const scan::Finding finding = engine.split_finding(piece.secret, 0);
            known->second = is_left_out(finding) || belongs(exchange_, finding);
        }
        return known->second;
    };
    pieces.erase(std::remove_if(pieces.begin(), pieces.end(), is_harmless), pieces.end());
}

bool SplitScan::is_left_out(const scan::Finding& finding) const {
    return std::find(whole_.begin(), whole_.end(), finding.sha256) != whole_.end();
}

} // namespace egressd::proxy
