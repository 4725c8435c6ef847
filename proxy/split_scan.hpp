// Does a request finish a known secret that the client has begun to say in pieces? Of one text (a head, a
// body, a client's messages) it gathers the pieces, and remembers them once they are about to leave: what is
// refused as a whole, or goes where the secret belongs, was not said to anybody else.
#pragma once

#include "scan/finding.hpp"
#include "scan/fragments.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace egressd::proxy {

struct Exchange;

class SplitScan {
public:
    /// Of an exchange that outlives it and has the means to scan.
    explicit SplitScan(const Exchange& exchange) : exchange_(exchange) {}

    /// Secrets that stand in the text as a whole are judged as such, and have no pieces.
    void leave_out(const std::vector<scan::Finding>& whole);
    void feed(std::string_view bytes);
    /// Remembers the pieces that end within the first `settled` bytes; returns the secrets that they
    /// complete.
    std::vector<scan::Finding> take(std::uint64_t settled);

private:
    /// Takes out those of secrets that may go there, or were found as a whole.
    void drop_harmless(std::vector<scan::Piece>& pieces) const;
    bool is_left_out(const scan::Finding& finding) const;

    const Exchange& exchange_;
    scan::FragmentStream stream_;
    std::vector<scan::Piece> pieces_;
    std::vector<scan::Digest> whole_;
};

} // namespace egressd::proxy
