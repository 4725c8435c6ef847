// Does a client say a secret in a WebSocket? The gate that looks at all its messages as one stream of text,
// so that a token that is cut into several is found with the last of them, and at each message by itself, so
// that what is wrapped in it is found before it leaves.
#pragma once

#include "proxy/inspection.hpp"
#include "proxy/session.hpp"
#include "proxy/websocket_rewriter.hpp"

#include <string>
#include <unordered_set>

namespace egressd::proxy {

class MessageScan final : public MessageGate {
public:
    /// Of an exchange that outlives it and has the means to scan.
    explicit MessageScan(Exchange& exchange)
        : exchange_(exchange), messages_(exchange), controls_(exchange) {}

    std::optional<Refusal> refuse(const MessagePiece& piece) override;
    std::size_t held_back() const override;

private:
    /// What was said in the frames of one kind.
    struct Stream {
        explicit Stream(const Exchange& exchange) : split(exchange) {}
        std::optional<scan::Scanner> scanner;
        SplitScan split;
        std::uint64_t fed = 0;
        std::uint64_t undecided() const { return fed - scanner->settled(); }
    };
    void look(Stream& stream, const MessagePiece& piece);
    std::optional<Refusal> judge_new();

    Exchange& exchange_;
    Stream messages_;
    Stream controls_;
    std::uint64_t message_size_ = 0; // of the one under way
    bool given_up_ = false;
    std::vector<scan::Finding> found_;
    std::unordered_set<std::string> known_; // fingerprints of what was recorded: one record a secret
};

} // namespace egressd::proxy
