#include "tests/unit/audit/support.hpp"

#include <boost/json/src.hpp>
#include <catch2/catch.hpp>
#include <openssl/sha.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <sys/resource.h>

namespace egressd::audit::test {

Folder::Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "egressd-audit-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
}

Folder::~Folder() {
    std::filesystem::remove_all(path_);
}

std::string read_file(const std::string& name) {
    std::ifstream in(name, std::ios::binary);
    REQUIRE(in);
    std::ostringstream content;
    content << in.rdbuf();
    return content.str();
}

void write_file(const std::string& name, const std::string& content) {
    std::ofstream out(name, std::ios::binary | std::ios::trunc);
    out << content;
    out.close();
    REQUIRE(out);
}

std::vector<std::string> lines_of(const std::string& name) {
    const std::string content = read_file(name);
    std::istringstream in(content);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    REQUIRE((content.empty() || content.back() == '\n'));
    return lines;
}

std::vector<boost::json::object> records_of(const std::string& name) {
    std::vector<boost::json::object> records;
    for (const std::string& line : lines_of(name)) {
        boost::json::error_code error;
        const boost::json::value value = boost::json::parse(line, error);
        if (error || !value.is_object())
            FAIL("not a JSON object: " << line);
        records.push_back(value.as_object());
    }
    return records;
}

std::string text_of(const boost::json::object& record, const char* member) {
    const boost::json::value* value = record.if_contains(member);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

namespace {

std::string sha256_of(const std::string& bytes) {
    unsigned char raw[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), raw);
    std::string text;
    for (const unsigned char byte : raw) {
        char hex[3];
        std::snprintf(hex, sizeof hex, "%02x", byte);
        text += hex;
    }
    return text;
}

} // namespace

std::string require_chain(const std::string& name, std::string prev) {
    const std::vector<std::string> lines = lines_of(name);
    const std::vector<boost::json::object> records = records_of(name);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const std::string hash = sha256_of(lines[i].substr(0, lines[i].rfind(",\"hash\":")));
        const bool follows = text_of(records[i], "hash") == hash && text_of(records[i], "prev") == prev &&
                             records[i].at("seq") == i + 1 && records[i].at("v") == 1;
        if (!follows)
            FAIL(name << ", line " << i + 1 << " is not the next of the chain: " << lines[i]);
        prev = hash;
    }
    return prev;
}

FileSizeLimit::FileSizeLimit(std::size_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, RLIM_INFINITY};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

FileSizeLimit::~FileSizeLimit() {
    const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &unlimited);
}

} // namespace egressd::audit::test
