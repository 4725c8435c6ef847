#include "audit/entry.hpp"
#include "tests/unit/audit/support.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <map>
#include <set>
#include <stdexcept>

using namespace egressd::audit;
using namespace egressd::audit::test;
using egressd::net::Host;
using egressd::policy::Attempt;
using egressd::policy::Decision;
using egressd::policy::Reason;
using egressd::policy::Verdict;

namespace {

const Decision allowed{Verdict::allow, Reason::allowed, nullptr};
const Decision not_listed{Verdict::deny, Reason::not_listed, nullptr};
const Decision malformed{Verdict::deny, Reason::request_malformed, nullptr};

std::unique_ptr<Journal> open_journal(const std::string& file) {
    JournalOptions options;
    options.file = file;
    auto journal = Journal::open(options);
    REQUIRE(journal.has_value());
    return std::move(*journal);
}

Attempt attempt_for(const char* host) {
    Attempt attempt;
    attempt.task = "default";
    attempt.host = *Host::parse(host);
    attempt.port = 443;
    return attempt;
}

struct Daemon {
    Folder folder;
    std::string file = folder.file("log");
    std::unique_ptr<Journal> journal = open_journal(file);
    Repeats repeats{*journal};
    Log log{*journal, repeats, "run-1"};

    std::vector<boost::json::object> written() {
        repeats.close();
        REQUIRE(journal->finish() == 0);
        require_chain(file);
        return records_of(file);
    }
};

/// Every id has one attempt and then one end.
void require_pairs(const std::vector<boost::json::object>& records) {
    std::map<std::string, std::string> events;
    for (const boost::json::object& record : records)
        events[text_of(record, "id")] += text_of(record, "event") + ' ';
    for (const auto& [id, seen] : events) {
        INFO(id);
        REQUIRE(seen == "attempt end ");
    }
}

} // namespace

TEST_CASE("an entry files an attempt and an end that share their subject") {
    Daemon daemon;
    std::string id;
    {
        const Attempt attempt = attempt_for("origin.test");
        Entry entry(daemon.log, "127.0.0.1:4711");
        id = entry.id();
        entry.file_attempt(&attempt, allowed, "allow.yaml:3", "", {});
        CHECK(entry.id() == id);
        entry.bytes_up = 10;
        entry.bytes_down = 20;
        entry.status = 200;
        entry.conclude(Reason::timeout);
        entry.conclude(Reason::allowed);
    }
    const auto records = daemon.written();
    REQUIRE(records.size() == 2);
    require_pairs(records);
    for (const boost::json::object& record : records) {
        CHECK(text_of(record, "id") == id);
        CHECK(text_of(record, "session") == "run-1");
        CHECK(text_of(record, "task") == "default");
        CHECK(text_of(record, "host") == "origin.test");
        CHECK(record.at("port") == 443);
        CHECK(text_of(record.at("client").as_object(), "addr") == "127.0.0.1:4711");
        CHECK(text_of(record, "decision") == "allow");
        CHECK(text_of(record, "reason") == "allowed");
    }
    CHECK(text_of(records[0], "rule") == "allow.yaml:3");
    CHECK(records[1].at("bytes_up") == 10);
    CHECK(records[1].at("bytes_down") == 20);
    CHECK(records[1].at("status") == 200);
}

TEST_CASE("the attempt is in the file before its Done is called") {
    Daemon daemon;
    const Attempt attempt = attempt_for("origin.test");
    std::size_t lines_then = 0;
    bool outcome = false;
    {
        Entry entry(daemon.log, "c");
        entry.file_attempt(&attempt, allowed, "", "", [&](bool written) {
            outcome = written;
            lines_then = lines_of(daemon.file).size();
        });
    }
    CHECK(daemon.written().size() == 2);
    CHECK(outcome);
    CHECK(lines_then >= 1);
}

TEST_CASE("every way out of a session leaves exactly one end, with the right reason") {
    struct Case {
        const char* what;
        void (*session)(Log&);
        const char* decision;
        const char* reason;
    };
    static const Attempt attempt = attempt_for("origin.test");
    const Case cases[] = {
        {"nothing was said", [](Log& log) { const Entry entry(log, "c"); }, "deny", "client-aborted"},
        {"the header was too slow",
         [](Log& log) {
             Entry entry(log, "c");
             entry.conclude(Reason::timeout);
         },
         "deny", "timeout"},
        {"the request did not parse",
         [](Log& log) {
             Entry entry(log, "c");
             entry.file_attempt(nullptr, malformed, "", "", {});
         },
         "deny", "request-malformed"},
        {"denied",
         [](Log& log) {
             Entry entry(log, "c");
             entry.file_attempt(&attempt, not_listed, "", "", {});
         },
         "deny", "not-listed"},
        {"the client went away",
         [](Log& log) {
             Entry entry(log, "c");
             entry.file_attempt(&attempt, allowed, "", "", {});
         },
         "allow", "client-aborted"},
        {"its address was forbidden",
         [](Log& log) {
             Entry entry(log, "c");
             entry.file_attempt(&attempt, allowed, "", "", {});
             entry.refuse(Reason::address_forbidden);
         },
         "deny", "address-forbidden"},
        {"the origin failed",
         [](Log& log) {
             Entry entry(log, "c");
             entry.file_attempt(&attempt, allowed, "", "", {});
             entry.conclude(Reason::upstream_failed);
         },
         "allow", "upstream-failed"},
        {"an exception",
         [](Log& log) {
             try {
                 Entry entry(log, "c");
                 entry.file_attempt(&attempt, allowed, "", "", {});
                 throw std::runtime_error("a bug");
             } catch (const std::runtime_error&) {
             }
         },
         "allow", "client-aborted"},
    };
    for (const Case& c : cases) {
        INFO(c.what);
        Daemon daemon;
        c.session(daemon.log);
        const auto records = daemon.written();
        REQUIRE(records.size() == 2);
        require_pairs(records);
        CHECK(text_of(records[1], "decision") == c.decision);
        CHECK(text_of(records[1], "reason") == c.reason);
    }
}

TEST_CASE("identical denials are counted, and every id that was given out is in the log") {
    Daemon daemon;
    const Attempt attempt = attempt_for("other.test");
    std::set<std::string> given_out;
    std::atomic<int> answers = 0; // on the writer's thread, and on this one for what is counted
    for (int i = 0; i < 200; ++i) {
        Entry entry(daemon.log, "c");
        entry.file_attempt(&attempt, not_listed, "", "", [&](bool written) { answers += written ? 1 : 0; });
        given_out.insert(entry.id());
    }
    CHECK(given_out.size() == 11);
    const auto records = daemon.written();
    CHECK(answers == 200);
    REQUIRE(records.size() == 22);
    require_pairs(records);
    std::set<std::string> logged;
    for (const boost::json::object& record : records)
        logged.insert(text_of(record, "id"));
    CHECK(logged == given_out);
    CHECK(records.back().at("repeated") == 190);
    CHECK(text_of(records.back(), "host") == "other.test");
}

TEST_CASE("what is let through is never counted") {
    Daemon daemon;
    const Attempt attempt = attempt_for("origin.test");
    const Decision observed{Verdict::observe, Reason::not_listed, nullptr};
    for (int i = 0; i < 30; ++i) {
        Entry(daemon.log, "c").file_attempt(&attempt, allowed, "", "", {});
        Entry(daemon.log, "c").file_attempt(&attempt, observed, "", "", {});
    }
    const auto records = daemon.written();
    CHECK(records.size() == 120);
    require_pairs(records);
}

TEST_CASE("a question that is answered here is counted when it repeats; one that asked somebody never is") {
    Daemon daemon;
    Attempt question = attempt_for("origin.test");
    question.protocol = egressd::policy::Protocol::dns;
    question.port = 0;
    question.query_type = "AAAA";
    for (int i = 0; i < 30; ++i) {
        Entry entry(daemon.log, "127.0.0.1:4711");
        entry.answer_here(Reason::allowed);
        entry.file_attempt(&question, allowed, "", "", {});
        CHECK((entry.count() != nullptr) == (i >= 10));
    }
    question.query_type = "A";
    for (int i = 0; i < 30; ++i) {
        Entry entry(daemon.log, "127.0.0.1:4711");
        entry.file_attempt(&question, allowed, "", "", {});
        CHECK(entry.count() == nullptr);
        entry.rcode = "NOERROR";
        entry.conclude(Reason::allowed);
    }
    const auto records = daemon.written();
    require_pairs(records);
    CHECK(records.size() == 2 * (11 + 30));
    CHECK(text_of(records[0], "proto") == "dns");
    CHECK(text_of(records[0], "qtype") == "AAAA");
    CHECK_FALSE(records[0].contains("port"));
    CHECK(text_of(records[22], "rcode") == "NOERROR");
    CHECK(std::count_if(records.begin(), records.end(),
                        [](const auto& record) { return record.contains("repeated"); }) == 1);
}
