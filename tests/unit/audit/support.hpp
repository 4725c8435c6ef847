// What the tests of audit/ share: a folder of their own, the lines of a log, and a verifier that knows the
// chain only from its description and calls OpenSSL itself.
#pragma once

#include <boost/json/value.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace egressd::audit::test {

class Folder {
public:
    Folder();
    ~Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::string file(const std::string& name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

std::string read_file(const std::string& name);
void write_file(const std::string& name, const std::string& content);

/// The lines of a log; fails the test when the last one has no newline.
std::vector<std::string> lines_of(const std::string& name);

/// Each line as a JSON value; fails the test where one is not an object.
std::vector<boost::json::object> records_of(const std::string& name);

inline const std::string zeros(64, '0');

/// Recomputes every hash and compares every `prev`, and `seq` from 1 on. Returns the last hash, the `prev` of
/// a next file.
std::string require_chain(const std::string& name, std::string prev = zeros);

/// The value of a string member, or "" where it is absent.
std::string text_of(const boost::json::object& record, const char* member);

/// Lets the process write no file beyond `bytes` while it lives, with an error in place of the signal.
class FileSizeLimit {
public:
    explicit FileSizeLimit(std::size_t bytes);
    ~FileSizeLimit();
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;
};

/// Longer than anything here takes, also under a sanitizer on a busy machine.
inline constexpr std::chrono::seconds patience{60};

} // namespace egressd::audit::test
