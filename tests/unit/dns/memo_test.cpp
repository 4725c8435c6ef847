#include "dns/memo.hpp"
#include "tests/unit/dns/support/wire.hpp"

#include <catch2/catch.hpp>

using namespace egressd::dns;
using namespace egressd::dns::test;
using namespace std::chrono_literals;

namespace {

const Memo::Time start{1h};

QuestionKey key_of(const std::string& message) {
    return QuestionKey(parse_query(message).query);
}

KeptReply kept_with(std::shared_ptr<egressd::audit::Count> count) {
    KeptReply reply;
    reply.ttl = 60;
    reply.count = std::move(count);
    return reply;
}

} // namespace

TEST_CASE("a kept reply is found for the same question in any case, and each find is counted") {
    Memo memo;
    const auto count = std::make_shared<egressd::audit::Count>();
    memo.keep(key_of(question("x.test", 1)), kept_with(count));
    CHECK(memo.find(key_of(question("X.tEST", 1)), start) != nullptr);
    CHECK(memo.find(key_of(question("x.test", 28)), start) == nullptr);
    CHECK(memo.find(key_of(question("y.test", 1)), start) == nullptr);
    CHECK(memo.find(key_of(question("x.test", 1)), start) != nullptr);
    CHECK(count->close() == 2);
}

TEST_CASE("it goes when its record was filed, when it is too old, and when the policy changes") {
    Memo memo;
    const QuestionKey key = key_of(question("x.test", 1));
    const auto count = std::make_shared<egressd::audit::Count>();
    memo.keep(key, kept_with(count));
    count->close();
    CHECK(memo.find(key, start) == nullptr);

    KeptReply timed = kept_with(std::make_shared<egressd::audit::Count>());
    timed.good_until = start + 1500ms;
    memo.keep(key, timed);
    REQUIRE(memo.find(key, start) != nullptr);
    CHECK(reply_of(*memo.find(key, start), start).ttl == 2);
    CHECK(memo.find(key, start + 1500ms) == nullptr);

    memo.keep(key, kept_with(std::make_shared<egressd::audit::Count>()));
    CHECK(reply_of(*memo.find(key, start), start).ttl == 60);
    memo.clear();
    CHECK(memo.find(key, start) == nullptr);
}

TEST_CASE("its memory is bounded") {
    Memo memo;
    for (std::size_t i = 0; i <= Memo::capacity; ++i)
        memo.keep(key_of(question("n" + std::to_string(i) + ".test", 1)),
                  kept_with(std::make_shared<egressd::audit::Count>()));
    CHECK(memo.find(key_of(question("n0.test", 1)), start) == nullptr);
    CHECK(memo.find(key_of(question("n" + std::to_string(Memo::capacity) + ".test", 1)), start) != nullptr);
}
