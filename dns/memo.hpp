// Has this question been answered so often that its record only counts it? The replies to such questions,
// ready to be written again: one look into a table in place of a decision. One a worker; forgotten as a whole
// when the policy changes.
#pragma once

#include "audit/repeats.hpp"
#include "dns/message.hpp"

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace egressd::dns {

/// A reply that outlives what it was made from.
struct KeptReply {
    Rcode rcode = Rcode::no_error;
    std::vector<boost::asio::ip::address> addresses;
    std::optional<ErrorCode> error;
    std::string text; // of the error
    std::chrono::steady_clock::time_point good_until = std::chrono::steady_clock::time_point::max();
    std::uint32_t ttl = 0;                 // where `good_until` says nothing
    std::shared_ptr<audit::Count> count{}; // of the record that counts the question
};

class Memo {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// Only what is asked more than ten times in ten seconds gets here: a busy task's names fit in.
    static constexpr std::size_t capacity = 4096;

    /// The reply to a question, which is thereby counted; nullptr where it has to be decided anew. Valid
    /// until the next call.
    const KeptReply* find(const QuestionKey& key, Time now);

    /// `reply.count` is set.
    void keep(const QuestionKey& key, KeptReply reply);

    void clear() { replies_.clear(); }

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
    };
    std::unordered_map<std::string, KeptReply, Hash, std::equal_to<>> replies_;
};

/// `kept` as it is said at `now`.
Reply reply_of(const KeptReply& kept, Memo::Time now);

} // namespace egressd::dns
