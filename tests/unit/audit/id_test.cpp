#include "audit/id.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <regex>
#include <set>
#include <thread>
#include <vector>

using egressd::audit::new_id;

TEST_CASE("an id is a UUID of version 7 and variant 10") {
    const std::regex form("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
    for (int i = 0; i < 1000; ++i)
        REQUIRE(std::regex_match(new_id(), form));
}

TEST_CASE("an id begins with the time in milliseconds") {
    using namespace std::chrono;
    const auto now = [] {
        return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
    };
    const auto before = now();
    const std::string id = new_id();
    const auto after = now();
    const long long stated = std::stoll(id.substr(0, 8) + id.substr(9, 4), nullptr, 16);
    CHECK(before <= stated);
    CHECK(stated <= after);
}

TEST_CASE("ids of one thread sort in the order in which they were made") {
    std::vector<std::string> timed; // up to the variant: what carries the time
    for (int i = 0; i < 10'000; ++i)
        timed.push_back(new_id().substr(0, 18));
    CHECK(std::is_sorted(timed.begin(), timed.end()));
    CHECK(timed.front() < timed.back());
}

TEST_CASE("ids of several threads differ in their random part") {
    std::vector<std::vector<std::string>> made(4);
    std::vector<std::thread> threads;
    for (std::vector<std::string>& ids : made)
        threads.emplace_back([&ids] {
            for (int i = 0; i < 5'000; ++i)
                ids.push_back(new_id().substr(19));
        });
    for (std::thread& thread : threads)
        thread.join();
    std::set<std::string> all;
    for (const std::vector<std::string>& ids : made)
        all.insert(ids.begin(), ids.end());
    CHECK(all.size() == 20'000);
}
