#include "audit/log_file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace egressd::audit {
namespace {

/// A first guess at how much of the end of a file holds its last line.
constexpr std::uint64_t tail_window = 64 * 1024;
/// The longest line is a `policy` record, and the configuration behind it is at most 64 files of 4 MiB. More
/// without a line end is no log of ours, and must not be read into memory.
constexpr std::uint64_t max_tail_window = 512ULL * 1024 * 1024;

std::error_code last_error() {
    return {errno, std::generic_category()};
}

Error failure(const std::string& message) {
    return {Side::self, message};
}

Error failure(const std::string& what, std::error_code cause, const std::string& remedy) {
    return failure(what + ": " + cause.message() + "; " + remedy);
}

/// Makes the missing folders down to `folder`, for this user alone.
std::error_code make_folders(const std::filesystem::path& folder) {
    std::error_code error;
    if (folder.empty() || std::filesystem::is_directory(folder, error))
        return {};
    if (const std::error_code above = make_folders(folder.parent_path()); above)
        return above;
    return ::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST ? std::error_code{} : last_error();
}

/// A new file is only safe from a power cut when its folder's entry for it is on the disk, too.
std::error_code sync_folder(const std::filesystem::path& folder) {
    const int descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return errno == EACCES ? std::error_code{}
                               : last_error(); // a folder that may be used, but not listed
    std::error_code error;
    if (::fsync(descriptor) != 0 && errno != EINVAL) // EINVAL: a file system that has no such operation
        error = last_error();
    ::close(descriptor);
    return error;
}

Result<std::string> read_range(int descriptor, std::uint64_t from, std::uint64_t to) {
    std::string bytes(to - from, '\0');
    std::size_t filled = 0;
    while (filled < bytes.size()) {
        const ssize_t n = ::pread(descriptor, bytes.data() + filled, bytes.size() - filled,
                                  static_cast<off_t>(from + filled));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return failure("cannot be read: " + (n < 0 ? last_error().message() : "it shrank meanwhile"));
        filled += static_cast<std::size_t>(n);
    }
    return bytes;
}

/// The end of a file: its last line that has a newline, and what stands after that.
struct Tail {
    std::string line;
    std::string torn;
};

Result<Tail> read_tail(int descriptor, std::uint64_t size) {
    for (std::uint64_t window = tail_window; window <= max_tail_window; window *= 4) {
        const std::uint64_t start = size - std::min(size, window);
        const Result<std::string> bytes = read_range(descriptor, start, size);
        if (!bytes)
            return bytes.error();
        const std::size_t end = bytes->rfind('\n');
        const std::size_t before =
            end == std::string::npos || end == 0 ? std::string::npos : bytes->rfind('\n', end - 1);
        if (before == std::string::npos && start != 0)
            continue;
        if (end == std::string::npos)
            return Tail{{}, *bytes};
        const std::size_t begin = before == std::string::npos ? 0 : before + 1;
        return Tail{bytes->substr(begin, end - begin), bytes->substr(end + 1)};
    }
    return failure("has no line end near its end, so it is not a log of egressd");
}

/// Only what one of our writes can have left behind may be cut off: the beginning of the next line, or the
/// zeros that some file systems leave after a power cut. Anything else belongs to somebody.
bool is_torn_line(std::string_view torn, std::uint64_t seq) {
    const std::string start = line_start(seq);
    const std::size_t length = std::min(start.size(), torn.size());
    return torn.substr(0, length) == std::string_view(start).substr(0, length) ||
           torn.find_first_not_of('\0') == std::string_view::npos;
}

Result<int> open_locked(const std::string& name) {
    const std::string subject = "the audit log " + name;
    // O_NONBLOCK: a FIFO in its place must be refused, not waited for; a regular file is not changed by it.
    const int descriptor =
        ::open(name.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    if (descriptor < 0)
        return failure(subject + " cannot be opened", last_error(),
                       "set audit.file to a file that this user may create and write");
    struct stat status {};
    Error problem;
    if (::fstat(descriptor, &status) != 0)
        problem = failure(subject + " cannot be examined: " + last_error().message());
    else if (!S_ISREG(status.st_mode))
        problem = failure(
            subject +
            " is not a regular file; a log that must prove something needs one: set audit.file to it");
    else if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        return descriptor;
    else if (errno == EWOULDBLOCK)
        problem = failure(
            subject +
            " is being written by another egressd; stop that one, or give this one an audit.file of its own");
    else
        problem = failure(subject + " cannot be locked", last_error(),
                          "set audit.file to a file on a local file system");
    ::close(descriptor);
    return problem;
}

} // namespace

Result<std::shared_ptr<LogFile>> LogFile::open(const std::string& name) {
    const std::filesystem::path folder = std::filesystem::path(name).parent_path();
    if (const std::error_code error = make_folders(folder); error)
        return failure("the folder " + folder.string() + " of the audit log cannot be made", error,
                       "make it, or set audit.file to another place");
    const Result<int> descriptor = open_locked(name);
    if (!descriptor)
        return descriptor.error();
    std::shared_ptr<LogFile> file(new LogFile(*descriptor));
    if (const Result<void> recovered = file->recover(); !recovered)
        return failure("the audit log " + name + " " + recovered.error().message +
                       "; move the file away to keep it as evidence, and start again with a new one");
    if (file->position_.seq > 0)
        return file;
    if (const std::error_code error = sync_folder(folder); error)
        return failure("the folder of the audit log " + name + " cannot be synced: " + error.message());
    return file;
}

LogFile::~LogFile() {
    ::close(descriptor_);
}

Result<void> LogFile::recover() {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0)
        return failure("cannot be examined: " + last_error().message());
    const auto size = static_cast<std::uint64_t>(status.st_size);
    const Result<Tail> tail = read_tail(descriptor_, size);
    if (!tail)
        return tail.error();
    const std::uint64_t kept = size - tail->torn.size();
    if (kept > 0) {
        Sha256 sha256;
        const Result<Link> link = read_link(tail->line, sha256);
        if (!link)
            return failure("has a last line that cannot be continued (" + link.error().message + ")");
        position_ = {link->seq, link->hash};
    }
    if (!is_torn_line(tail->torn, position_.seq + 1))
        return failure("ends in something that egressd did not write");
    if (!tail->torn.empty() && ::ftruncate(descriptor_, static_cast<off_t>(kept)) != 0)
        return failure("ends in a torn line that cannot be cut off: " + last_error().message());
    recovered_bytes_ = tail->torn.size();
    return {};
}

std::error_code LogFile::append(std::string_view bytes) {
    if (const std::error_code error = cut_torn_bytes(); error)
        return error;
    while (!bytes.empty()) {
        const ssize_t n = ::write(descriptor_, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            const std::error_code error = n < 0 ? last_error() : std::make_error_code(std::errc::io_error);
            cut_torn_bytes(); // what cannot be cut now is cut before the next write
            return error;
        }
        torn_bytes_ += static_cast<std::uint64_t>(n);
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    torn_bytes_ = 0;
    return {};
}

std::error_code LogFile::cut_torn_bytes() {
    if (torn_bytes_ == 0)
        return {};
    // The size is asked for and not remembered: `copytruncate` of logrotate may have emptied the file between
    // two writes.
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0)
        return last_error();
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (size >= torn_bytes_ && ::ftruncate(descriptor_, static_cast<off_t>(size - torn_bytes_)) != 0)
        return last_error();
    torn_bytes_ = 0;
    return {};
}

std::error_code LogFile::sync() const {
    return ::fdatasync(descriptor_) == 0 ? std::error_code{} : last_error();
}

bool LogFile::is_named(const std::string& name) const {
    struct stat ours {};
    struct stat named {};
    return ::fstat(descriptor_, &ours) == 0 && ::stat(name.c_str(), &named) == 0 &&
           ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

} // namespace egressd::audit
