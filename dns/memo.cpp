#include "dns/memo.hpp"

#include <algorithm>
#include <utility>

namespace egressd::dns {

const KeptReply* Memo::find(const QuestionKey& key, Time now) {
    const auto known = replies_.find(key.view());
    if (known == replies_.end())
        return nullptr;
    if (known->second.good_until <= now || !known->second.count->add()) {
        replies_.erase(known);
        return nullptr;
    }
    return &known->second;
}

void Memo::keep(const QuestionKey& key, KeptReply reply) {
    if (replies_.size() >= capacity)
        replies_.clear(); // each is made again by one more decision
    replies_.insert_or_assign(std::string(key.view()), std::move(reply));
}

Reply reply_of(const KeptReply& kept, Memo::Time now) {
    Reply reply;
    reply.rcode = kept.rcode;
    reply.addresses = kept.addresses;
    reply.ttl = kept.ttl;
    if (kept.good_until != Memo::Time::max())
        reply.ttl = static_cast<std::uint32_t>(std::max<std::int64_t>(
            0, std::chrono::ceil<std::chrono::seconds>(kept.good_until - now).count()));
    if (kept.error)
        reply.error = ExtendedError{*kept.error, kept.text};
    return reply;
}

} // namespace egressd::dns
