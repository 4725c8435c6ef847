#include "audit/log_file.hpp"
#include "tests/unit/audit/support.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <unistd.h>

using namespace egressd::audit;
using namespace egressd::audit::test;

namespace {

/// A log of `count` lines.
std::string lines(int count) {
    std::string text;
    Position position;
    Sha256 sha256;
    for (int i = 0; i < count; ++i)
        append_line(text, position, sha256, "2026-01-01T00:00:00.000000Z", R"("event":"stop")");
    return text;
}

mode_t mode_of(const std::string& name) {
    struct stat status {};
    REQUIRE(::stat(name.c_str(), &status) == 0);
    return status.st_mode & 07777;
}

std::string refusal(const std::string& name) {
    const auto file = LogFile::open(name);
    REQUIRE_FALSE(file.has_value());
    return file.error().message;
}

} // namespace

TEST_CASE("a new log and the folders above it are for this user alone") {
    const Folder folder;
    const std::string name = folder.file("a/b/audit.jsonl");
    const auto file = LogFile::open(name);
    REQUIRE(file.has_value());
    CHECK((*file)->position().seq == 0);
    CHECK(mode_of(name) == 0600);
    CHECK(mode_of(folder.file("a")) == 0700);
    CHECK(mode_of(folder.file("a/b")) == 0700);
}

TEST_CASE("a log is continued where it stands") {
    const Folder folder;
    const std::string name = folder.file("log");
    const std::string before = lines(3);
    write_file(name, before);
    const auto file = LogFile::open(name);
    REQUIRE(file.has_value());
    CHECK((*file)->position().seq == 3);
    CHECK(before.ends_with(std::string(view((*file)->position().head)) + "\"}\n"));
    CHECK((*file)->recovered_bytes() == 0);
    CHECK(read_file(name) == before);
}

TEST_CASE("what a write that was cut short left behind is cut off") {
    const Folder folder;
    const std::string name = folder.file("log");
    const std::string whole = lines(4);
    const std::size_t three = lines(3).size();
    const std::string torn_lines[] = {
        whole.substr(three, 1), whole.substr(three, 20),
        whole.substr(three, whole.size() - three - 1), // only the newline is missing
        std::string(300, '\0'),                        // what some file systems leave after a power cut
    };
    for (const std::string& torn : torn_lines) {
        INFO(torn);
        write_file(name, lines(3) + torn);
        const auto file = LogFile::open(name);
        REQUIRE(file.has_value());
        CHECK((*file)->position().seq == 3);
        CHECK((*file)->recovered_bytes() == torn.size());
        CHECK(read_file(name) == lines(3));
    }
    write_file(name, lines(1).substr(0, 100)); // the very first record
    const auto file = LogFile::open(name);
    REQUIRE(file.has_value());
    CHECK((*file)->position().seq == 0);
    CHECK((*file)->recovered_bytes() == 100);
    CHECK(read_file(name).empty());
}

TEST_CASE("a last line is found however long it is") {
    const Folder folder;
    const std::string name = folder.file("log");
    for (const std::size_t length : {60'000U, 65'536U, 70'000U, 3'000'000U}) {
        std::string text = lines(2);
        Sha256 sha256;
        const auto second =
            read_link(std::string_view(text).substr(text.size() / 2, text.size() / 2 - 1), sha256);
        REQUIRE(second.has_value());
        Position at{second->seq, second->hash};
        append_line(text, at, sha256, "2026-01-01T00:00:00.000000Z",
                    "\"x\":\"" + std::string(length, 'x') + '"');
        write_file(name, text);
        const auto file = LogFile::open(name);
        REQUIRE(file.has_value());
        CHECK((*file)->position().seq == 3);
    }
}

TEST_CASE("a file that is not our log is refused and left alone") {
    const Folder folder;
    const std::string name = folder.file("log");
    std::string changed = lines(2);
    changed.replace(changed.rfind("stop"), 4, "step");
    const std::string long_text(200'000, 'x');
    const std::string contents[] = {
        changed,
        "hello\n",
        "hello",
        "\n",
        lines(2) + "hello\n",
        lines(2) + "hello",
        lines(2) + lines(3).substr(0, 30),
        long_text,
    };
    for (const std::string& content : contents) {
        INFO(content.substr(0, 300));
        write_file(name, content);
        CHECK_THAT(refusal(name), Catch::Contains("move the file away"));
        CHECK(read_file(name) == content);
    }
}

TEST_CASE("what is no regular file is refused at once") {
    const Folder folder;
    const std::string fifo = folder.file("fifo");
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    CHECK_THAT(refusal(fifo), Catch::Contains("not a regular file"));
    CHECK_THAT(refusal("/dev/null"), Catch::Contains("not a regular file"));
    CHECK_THAT(refusal(folder.file("")),
               Catch::Contains("Is a directory") && Catch::Contains("set audit.file"));
    write_file(folder.file("plain"), "");
    CHECK_THAT(refusal(folder.file("plain/log")),
               Catch::Contains("cannot be") && Catch::Contains("set audit.file"));
}

TEST_CASE("a symbolic link to a regular file is followed") {
    const Folder folder;
    write_file(folder.file("target"), lines(1));
    REQUIRE(::symlink("target", folder.file("log").c_str()) == 0);
    const auto file = LogFile::open(folder.file("log"));
    REQUIRE(file.has_value());
    CHECK((*file)->position().seq == 1);
}

TEST_CASE("a second writer is refused until the first is gone") {
    const Folder folder;
    const std::string name = folder.file("log");
    auto file = LogFile::open(name);
    REQUIRE(file.has_value());
    CHECK_THAT(refusal(name), Catch::Contains("another egressd") && Catch::Contains("audit.file"));
    file->reset();
    CHECK(LogFile::open(name).has_value());
}

TEST_CASE("a write that does not fit leaves the file as it was") {
    const Folder folder;
    const std::string name = folder.file("log");
    const auto file = LogFile::open(name);
    REQUIRE(file.has_value());
    REQUIRE_FALSE((*file)->append("0123456789\n"));
    {
        const FileSizeLimit limit(16); // room for a half of the next line
        CHECK((*file)->append("abcdefghij\n") == std::errc::file_too_large);
        CHECK(read_file(name) == "0123456789\n");
    }
    CHECK_FALSE((*file)->append("abcdefghij\n"));
    CHECK(read_file(name) == "0123456789\nabcdefghij\n");
}

TEST_CASE("a log knows whether it still has its name") {
    const Folder folder;
    const std::string name = folder.file("log");
    const auto file = LogFile::open(name);
    REQUIRE(file.has_value());
    CHECK((*file)->is_named(name));
    std::filesystem::rename(name, folder.file("log.1"));
    CHECK_FALSE((*file)->is_named(name));
    write_file(name, "");
    CHECK_FALSE((*file)->is_named(name));
}
