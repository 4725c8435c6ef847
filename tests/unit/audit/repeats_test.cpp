#include "audit/repeats.hpp"
#include "tests/unit/audit/support.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

using namespace egressd::audit;
using namespace egressd::audit::test;
using namespace std::chrono_literals;
using egressd::policy::Reason;
using Role = Repeats::Role;

namespace {

const Case usual{"default", "other.test", 443, Reason::not_listed};

std::unique_ptr<Journal> open_journal(const std::string& file) {
    JournalOptions options;
    options.file = file;
    auto journal = Journal::open(options);
    REQUIRE(journal.has_value());
    return std::move(*journal);
}

/// A journal, what counts for it, and a clock that only the test moves.
struct Counting {
    Folder folder;
    std::string file = folder.file("log");
    std::unique_ptr<Journal> journal = open_journal(file);
    Repeats repeats{*journal};
    Repeats::Clock::time_point start = Repeats::Clock::now();

    Repeats::Place note(const Case& denial, const std::string& id, std::chrono::milliseconds after) {
        return repeats.note(denial, id, "\"id\":\"" + id + '"', start + after);
    }

    std::vector<boost::json::object> written() {
        journal->finish();
        return records_of(file);
    }
};

} // namespace

TEST_CASE("ten identical denials are written in full, the eleventh counts, the others are counted by it") {
    Counting counting;
    for (int i = 1; i <= 10; ++i)
        CHECK(counting.note(usual, "id-" + std::to_string(i), 1ms * i).role == Role::single);
    CHECK(counting.note(usual, "id-11", 11ms).role == Role::opens);
    for (int i = 12; i <= 500; ++i) {
        const Repeats::Place place = counting.note(usual, "id-" + std::to_string(i), 1ms * i);
        REQUIRE(place.role == Role::counted);
        REQUIRE(place.counted_by == "id-11");
    }
    counting.repeats.expire(counting.start + 9'999ms);
    counting.repeats.expire(counting.start + 10'001ms);
    counting.repeats.expire(counting.start + 30s);
    const auto records = counting.written();
    REQUIRE(records.size() == 1);
    CHECK(text_of(records[0], "event") == "end");
    CHECK(text_of(records[0], "id") == "id-11");
    CHECK(text_of(records[0], "decision") == "deny");
    CHECK(text_of(records[0], "reason") == "not-listed");
    CHECK(records[0].at("repeated") == 490);
    CHECK(records[0].at("ms") == 9'990);
}

TEST_CASE("a window ends after ten seconds and the next denial begins anew") {
    Counting counting;
    for (int i = 1; i <= 11; ++i)
        counting.note(usual, "a" + std::to_string(i), 0ms);
    CHECK(counting.note(usual, "late", 9'999ms).role == Role::counted);
    for (int i = 1; i <= 10; ++i) // expire() was never called
        CHECK(counting.note(usual, "b" + std::to_string(i), 10'000ms).role == Role::single);
    CHECK(counting.note(usual, "b11", 10'000ms).role == Role::opens);
    CHECK(counting.note(usual, "b12", 10'000ms).counted_by == "b11");
    counting.repeats.close();
    const auto records = counting.written();
    REQUIRE(records.size() == 2);
    CHECK(text_of(records[0], "id") == "a11");
    CHECK(records[0].at("repeated") == 2);
    CHECK(text_of(records[1], "id") == "b11");
    CHECK(records[1].at("repeated") == 2);
}

TEST_CASE("slow repetition is never counted") {
    Counting counting;
    for (int i = 0; i < 100; ++i)
        CHECK(counting.note(usual, "id", 1'001ms * i).role == Role::single);
    counting.repeats.close();
    CHECK(counting.written().empty());
}

TEST_CASE("only denials that agree in task, host, port and reason are identical") {
    const Case others[] = {
        {"docs-bot", "other.test", 443, Reason::not_listed},
        {"default", "another.test", 443, Reason::not_listed},
        {"default", "other.test", 80, Reason::not_listed},
        {"default", "other.test", 443, Reason::port},
        {"", "", 0, Reason::request_malformed},
    };
    Counting counting;
    for (int i = 1; i <= 11; ++i)
        counting.note(usual, "usual", 0ms);
    for (const Case& other : others) {
        for (int i = 1; i <= 10; ++i)
            CHECK(counting.note(other, "other", 0ms).role == Role::single);
        CHECK(counting.note(other, "other", 0ms).role == Role::opens);
    }
    CHECK(counting.note(usual, "usual", 0ms).role == Role::counted);
    counting.repeats.close();
    CHECK(counting.written().size() == 1 + std::size(others));
}

TEST_CASE("when the table is full new denials are written in full, and known ones still counted") {
    Counting counting;
    for (int i = 1; i <= 11; ++i)
        counting.note(usual, "usual", 0ms);
    for (int i = 0; i < 4096; ++i)
        counting.note({"default", "host" + std::to_string(i) + ".test", 443, Reason::not_listed}, "x", 0ms);
    for (int i = 0; i < 20; ++i)
        CHECK(counting.note({"default", "late.test", 443, Reason::not_listed}, "x", 1ms).role ==
              Role::single);
    CHECK(counting.note(usual, "usual", 2ms).role == Role::counted);
    counting.repeats.expire(counting.start + 10s); // makes room
    for (int i = 0; i < 10; ++i)
        counting.note({"default", "late.test", 443, Reason::not_listed}, "x", 10s);
    CHECK(counting.note({"default", "late.test", 443, Reason::not_listed}, "x", 10s).role == Role::opens);
}

TEST_CASE("several threads count each denial once") {
    Counting counting;
    std::vector<std::thread> threads;
    std::atomic<int> single = 0;
    std::atomic<int> opens = 0;
    for (int thread = 0; thread < 4; ++thread)
        threads.emplace_back([&] {
            for (int i = 0; i < 1'000; ++i) {
                const Role role = counting.note(usual, "id", 1ms).role;
                single += role == Role::single ? 1 : 0;
                opens += role == Role::opens ? 1 : 0;
            }
        });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(single == 10);
    CHECK(opens == 1);
    counting.repeats.close();
    CHECK(counting.written().at(0).at("repeated") == 3'990);
}

TEST_CASE("who has seen a case counted may count on without asking, until the record is filed") {
    Counting counting;
    Repeats::Place opening;
    for (int i = 1; i <= 11; ++i)
        opening = counting.note(usual, "id-" + std::to_string(i), 1ms * i);
    REQUIRE(opening.count != nullptr);
    CHECK(opening.count->add());
    CHECK(opening.count->add());
    const Repeats::Place later = counting.note(usual, "id-12", 20ms);
    CHECK(later.count == opening.count);
    counting.repeats.expire(counting.start + 11s);
    CHECK_FALSE(opening.count->add());
    const auto records = counting.written();
    REQUIRE(records.size() == 1);
    CHECK(records[0].at("repeated") == 4);
}

TEST_CASE("what is let through is counted apart, and says so") {
    Counting counting;
    Case answered = usual;
    answered.verdict = egressd::policy::Verdict::allow;
    answered.reason = Reason::allowed;
    answered.query_type = "A";
    Case other = answered;
    other.query_type = "AAAA";
    for (int i = 1; i <= 10; ++i) {
        CHECK(counting.note(answered, "a", 1ms).role == Role::single);
        CHECK(counting.note(other, "b", 1ms).role == Role::single);
    }
    CHECK(counting.note(answered, "c", 2ms).role == Role::opens);
    counting.repeats.close();
    const auto records = counting.written();
    REQUIRE(records.size() == 1);
    CHECK(records[0].at("decision") == "allow");
    CHECK(records[0].at("reason") == "allowed");
}
