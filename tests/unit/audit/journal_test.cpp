#include "audit/journal.hpp"
#include "tests/unit/audit/support.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <future>
#include <map>
#include <thread>

using namespace egressd::audit;
using namespace egressd::audit::test;

namespace {

JournalOptions options_for(const std::string& file) {
    JournalOptions options;
    options.file = file;
    return options;
}

std::unique_ptr<Journal> opened(const std::string& file) {
    auto journal = Journal::open(options_for(file));
    REQUIRE(journal.has_value());
    return std::move(*journal);
}

std::string numbered(int number) {
    return "\"event\":\"test\",\"n\":" + std::to_string(number);
}

/// Appends a record and waits for its Done.
bool written(Journal& journal, const std::string& fields) {
    auto done = std::make_shared<std::promise<bool>>();
    std::future<bool> outcome = done->get_future();
    journal.append(fields, Durability::written, [done](bool yes) { done->set_value(yes); });
    REQUIRE(outcome.wait_for(patience) == std::future_status::ready);
    return outcome.get();
}

/// The error's text, or "" when the file was reopened.
std::string reopened(Journal& journal, const std::string& fields) {
    auto done = std::make_shared<std::promise<std::string>>();
    std::future<std::string> outcome = done->get_future();
    journal.reopen(fields, [done](const egressd::Result<void>& result) {
        done->set_value(result ? "" : result.error().message);
    });
    REQUIRE(outcome.wait_for(patience) == std::future_status::ready);
    return outcome.get();
}

void wait_until_healthy(const Journal& journal) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!journal.healthy() && std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    REQUIRE(journal.healthy());
}

void wait_until_contained(const std::string& name, const std::string& text) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (read_file(name).find(text) == std::string::npos && std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    REQUIRE(read_file(name).find(text) != std::string::npos);
}

std::size_t size_of(const std::string& name) {
    return std::filesystem::file_size(name);
}

} // namespace

TEST_CASE("a record stands in the file when its Done is called") {
    const Folder folder;
    const std::string name = folder.file("log");
    const auto journal = opened(name);
    for (int i = 0; i < 50; ++i) {
        REQUIRE(written(*journal, numbered(i)));
        REQUIRE(records_of(name).back().at("n") == i);
    }
    require_chain(name);
    CHECK(journal->finish() == 0);
}

TEST_CASE("a record that nobody waits for is written soon") {
    const Folder folder;
    const std::string name = folder.file("log");
    const auto journal = opened(name);
    for (int i = 0; i < 3; ++i) {
        journal->append(numbered(i), Durability::synced_soon);
        wait_until_contained(name, numbered(i));
    }
}

TEST_CASE("records of several threads are numbered without a gap, and in each thread's order") {
    constexpr int threads = 4;
    constexpr int records = 2'000;
    const Folder folder;
    const std::string name = folder.file("log");
    std::atomic<int> confirmed = 0;
    {
        const auto journal = opened(name);
        std::vector<std::thread> producers;
        for (int thread = 0; thread < threads; ++thread)
            producers.emplace_back([&, thread] {
                for (int i = 0; i < records; ++i) {
                    Journal::Done done;
                    if (i % 2 == 0)
                        done = [&](bool yes) { confirmed += yes ? 1 : 0; };
                    journal->append("\"thread\":" + std::to_string(thread) + "," + numbered(i),
                                    Durability::written, std::move(done));
                    if (!journal->healthy())
                        return;
                }
            });
        for (std::thread& producer : producers)
            producer.join();
    }
    CHECK(confirmed == threads * records / 2);
    require_chain(name);
    std::map<std::int64_t, std::int64_t> next;
    std::string latest;
    for (const boost::json::object& record : records_of(name)) {
        REQUIRE(record.at("n").as_int64() == next[record.at("thread").as_int64()]++);
        REQUIRE(text_of(record, "ts") >= latest);
        latest = text_of(record, "ts");
    }
    for (int thread = 0; thread < threads; ++thread)
        CHECK(next[thread] == records);
}

TEST_CASE("the next run continues the chain") {
    const Folder folder;
    const std::string name = folder.file("log");
    for (int run = 0; run < 3; ++run)
        opened(name)->append(numbered(run), Durability::written);
    require_chain(name);
    CHECK(lines_of(name).size() == 3);
}

TEST_CASE("a torn tail is reported and the chain goes on before it") {
    const Folder folder;
    const std::string name = folder.file("log");
    opened(name)->append(numbered(0), Durability::written);
    write_file(name, read_file(name) + R"({"v":1,"seq":2,"ts":"2026-)");
    {
        const auto journal = opened(name);
        CHECK(journal->recovered_bytes() == 26);
        CHECK(written(*journal, numbered(1)));
    }
    require_chain(name);
    CHECK(lines_of(name).size() == 2);
}

TEST_CASE("a journal that cannot be opened says so") {
    const Folder folder;
    const auto journal = opened(folder.file("log"));
    const auto second = Journal::open(options_for(folder.file("log")));
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().side == egressd::Side::self);
    CHECK_THAT(second.error().message, Catch::Contains("another egressd"));
}

TEST_CASE("when the disk is full, who waits is told, nothing is lost, and it recovers by itself") {
    const Folder folder;
    const std::string name = folder.file("log");
    const auto journal = opened(name);
    REQUIRE(written(*journal, numbered(0)));
    CHECK(journal->problem().empty());
    {
        const FileSizeLimit full(size_of(name) + 50);
        CHECK_FALSE(written(*journal, numbered(1)));
        CHECK_FALSE(journal->healthy());
        CHECK_THAT(journal->problem(), Catch::Contains(name) && Catch::Contains("File too large"));
        CHECK_FALSE(written(*journal, numbered(2)));
        journal->append(numbered(3), Durability::written); // the end of an attempt
        CHECK(lines_of(name).size() == 1);
    }
    wait_until_healthy(*journal);
    CHECK(journal->problem().empty());
    CHECK(written(*journal, numbered(4)));
    {
        const FileSizeLimit full_again(size_of(name));
        CHECK_FALSE(written(*journal, numbered(5)));
    }
    wait_until_healthy(*journal);
    CHECK(journal->finish() == 0);
    require_chain(name);
    const auto records = records_of(name);
    REQUIRE(records.size() == 6);
    for (int i = 0; i < 6; ++i)
        CHECK(records[static_cast<std::size_t>(i)].at("n") == i);
}

TEST_CASE("records that find no room are counted, and the log says how many") {
    constexpr int bound = 65'536;
    constexpr int too_many = 100;
    const bool stops_at_once = GENERATE(false, true);
    const Folder folder;
    const std::string name = folder.file("log");
    const auto journal = opened(name);
    REQUIRE(written(*journal, numbered(0)));
    {
        const FileSizeLimit full(size_of(name));
        REQUIRE_FALSE(written(*journal, numbered(1)));
        for (int i = 2; i <= bound + too_many; ++i)
            journal->append(numbered(i), Durability::written);
        bool told = false;
        journal->append(numbered(-1), Durability::written, [&](bool yes) { told = !yes; });
        CHECK(told); // at once, and on this thread
    }
    if (!stops_at_once)
        wait_until_contained(name, "\"event\":\"limit\"");
    CHECK(journal->finish() == 0);
    require_chain(name);
    const auto records = records_of(name);
    REQUIRE(records.size() == 1 + bound + 1);
    CHECK(records[bound].at("n") == bound);
    CHECK(text_of(records[bound + 1], "event") == "limit");
    CHECK(records[bound + 1].at("lost") == too_many + 1);
}

TEST_CASE("attempts are refused before the room for the ends of others is used up") {
    const Folder folder;
    const std::string name = folder.file("log");
    const auto journal = opened(name);
    REQUIRE(written(*journal, numbered(0)));
    const FileSizeLimit full(size_of(name));
    REQUIRE_FALSE(written(*journal, numbered(1)));
    for (int i = 0; i < 65'536 / 4 * 3; ++i)
        journal->append(numbered(i), Durability::written);
    std::thread::id told_by;
    journal->append(numbered(-1), Durability::written, [&](bool) { told_by = std::this_thread::get_id(); });
    CHECK(told_by == std::this_thread::get_id());
    journal->append(numbered(-2), Durability::written);
    // One more than was appended without Done: the record that failed first. The refused one is the one that
    // is lost, and reported.
    CHECK(journal->finish() == 1 + 65'536 / 4 * 3 + 2);
}

TEST_CASE("finish() says what could not be written") {
    const Folder folder;
    const std::string name = folder.file("log");
    const auto journal = opened(name);
    const FileSizeLimit full(0);
    CHECK_FALSE(written(*journal, numbered(0)));
    journal->append(numbered(1), Durability::written);
    CHECK(journal->finish() == 2);
    CHECK(journal->finish() == 2);
    CHECK(read_file(name).empty());
}

TEST_CASE("a record larger than every bound is written") {
    const Folder folder;
    const std::string name = folder.file("log");
    const auto journal = opened(name);
    CHECK(written(*journal, "\"event\":\"policy\",\"policy\":\"" + std::string(40'000'000, 'x') + '"'));
    CHECK(written(*journal, numbered(1)));
    CHECK(size_of(name) > 40'000'000);
    journal->finish();
    CHECK(opened(name)->recovered_bytes() == 0);
}

TEST_CASE("after a rotation the new file begins with the given record and continues the chain") {
    const Folder folder;
    const std::string name = folder.file("log");
    const auto journal = opened(name);
    for (int i = 0; i < 3; ++i)
        journal->append(numbered(i), Durability::written);
    REQUIRE(written(*journal, numbered(3)));
    std::filesystem::rename(name, folder.file("log.1"));
    journal->append(numbered(4), Durability::written); // still belongs to the old file
    CHECK(reopened(*journal, R"("event":"policy")") == "");
    CHECK(written(*journal, numbered(5)));
    CHECK(journal->finish() == 0);

    const std::string last = require_chain(folder.file("log.1"));
    CHECK(lines_of(folder.file("log.1")).size() == 5);
    require_chain(name, last);
    const auto records = records_of(name);
    REQUIRE(records.size() == 2);
    CHECK(text_of(records[0], "event") == "policy");
    CHECK(records[1].at("n") == 5);
}

TEST_CASE("a file that still has its name is continued by reopen") {
    const Folder folder;
    const std::string name = folder.file("log");
    const auto journal = opened(name);
    REQUIRE(written(*journal, numbered(0)));
    CHECK(reopened(*journal, numbered(1)) == "");
    REQUIRE(written(*journal, numbered(2)));
    CHECK(lines_of(name).size() == 3);
    require_chain(name);
}

TEST_CASE("when the new file cannot be used the old one stays in use") {
    const Folder folder;
    const std::string name = folder.file("log");
    const auto journal = opened(name);
    REQUIRE(written(*journal, numbered(0)));
    std::filesystem::rename(name, folder.file("log.1"));

    std::filesystem::create_directory(name);
    CHECK_THAT(reopened(*journal, numbered(1)), Catch::Contains("Is a directory"));
    std::filesystem::remove(name);

    opened(name)->append(numbered(100), Durability::written); // somebody else's log
    CHECK_THAT(reopened(*journal, numbered(2)), Catch::Contains("stays in use"));
    CHECK(journal->healthy());
    CHECK(written(*journal, numbered(3)));
    journal->finish();

    CHECK(lines_of(name).size() == 1);
    require_chain(folder.file("log.1"));
    CHECK(lines_of(folder.file("log.1")).size() == 4);
}

TEST_CASE("a log that was deleted under the writer is written on, and made again by reopen") {
    const Folder folder;
    const std::string name = folder.file("log");
    const auto journal = opened(name);
    REQUIRE(written(*journal, numbered(0)));
    std::filesystem::remove(name);
    CHECK(written(*journal, numbered(1)));
    CHECK(journal->healthy());
    CHECK(reopened(*journal, numbered(2)) == "");
    REQUIRE(written(*journal, numbered(3)));
    CHECK(lines_of(name).size() == 2);
}
