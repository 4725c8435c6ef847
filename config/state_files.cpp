#include "config/state_files.hpp"

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace egressd::config {
namespace {

constexpr mode_t group_and_others = 077;
constexpr mode_t write_by_others = 022;
constexpr std::size_t mebibyte = 1024 * 1024;
constexpr std::chrono::seconds lock_patience{10};
constexpr std::chrono::milliseconds lock_interval{10};

class Descriptor {
public:
    explicit Descriptor(int value) : value_(value) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (value_ >= 0)
            ::close(value_);
    }
    int get() const { return value_; }
    explicit operator bool() const { return value_ >= 0; }

private:
    int value_;
};

Error failure(std::string message) {
    return {Side::self, std::move(message)};
}

/// "<what>: <errno as text>".
Error system_failure(const std::string& what) {
    return failure(what + ": " + std::generic_category().message(errno));
}

std::string octal(mode_t mode) {
    std::string digits;
    for (int shift = 9; shift >= 0; shift -= 3)
        digits += static_cast<char>('0' + ((mode >> shift) & 7));
    return digits;
}

std::string folder_of(const std::string& name) {
    const std::string folder = std::filesystem::path(name).parent_path().string();
    return folder.empty() ? "." : folder;
}

Result<void> make_directories(const std::filesystem::path& directory) {
    std::error_code ignored;
    if (directory.empty() || std::filesystem::is_directory(directory, ignored))
        return {};
    if (const Result<void> above = make_directories(directory.parent_path()); !above)
        return above.error();
    if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
        return system_failure("the directory " + directory.string() + " cannot be made");
    return {};
}

Result<void> require_directory(const std::string& directory, mode_t forbidden, const std::string& remedy) {
    struct stat status {};
    if (::stat(directory.c_str(), &status) != 0)
        return system_failure("the directory " + directory + " cannot be examined");
    if (!S_ISDIR(status.st_mode))
        return failure(directory + " is not a directory; name another place");
    if (status.st_uid != ::geteuid())
        return failure("the directory " + directory +
                       " belongs to another user; chown it to the user of egressd, or name another place");
    if ((status.st_mode & forbidden) != 0)
        return failure("the directory " + directory + " has mode " + octal(status.st_mode & 07777) + ", " +
                       remedy + ", or name another place");
    return {};
}

Result<std::string> read_all(int descriptor, const std::string& name, std::size_t limit) {
    std::string bytes;
    char block[16 * 1024];
    while (true) {
        const ssize_t n = ::read(descriptor, block, sizeof block);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return system_failure(name + " cannot be read");
        if (n == 0)
            return bytes;
        bytes.append(block, static_cast<std::size_t>(n));
        if (bytes.size() > limit)
            return failure(name + " is larger than " + std::to_string(limit / mebibyte) +
                           " MiB, so it is not what egressd expects there");
    }
}

/// What is asked of a file that nobody else may use.
Result<void> require_private(const struct stat& status, const std::string& name, std::string_view exposed) {
    if ((status.st_mode & group_and_others) != 0)
        return failure(name + " has mode " + octal(status.st_mode & 07777) +
                       ", so others than its owner may use it; chmod 600 it, and if others had access, " +
                       std::string(exposed));
    if (status.st_uid != ::geteuid() && status.st_uid != 0)
        return failure(name + " belongs to another user, who may change it; chown it to the user of egressd");
    return {};
}

/// `exposed`: of a private file.
Result<std::string> read_file(const std::string& name, std::optional<std::string_view> exposed,
                              std::size_t limit) {
    // O_NONBLOCK: a FIFO in its place must be refused, not waited for.
    const Descriptor file(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!file)
        return system_failure(name + " cannot be read");
    struct stat status {};
    if (::fstat(file.get(), &status) != 0)
        return system_failure(name + " cannot be examined");
    if (!S_ISREG(status.st_mode))
        return failure(name + " is not a regular file");
    if (exposed) {
        if (const Result<void> is_private = require_private(status, name, *exposed); !is_private)
            return is_private.error();
    }
    return read_all(file.get(), name, limit);
}

bool write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(descriptor, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

/// A new file's name is only safe from a power cut when its folder is on the disk, too.
Result<void> sync_folder(const std::string& folder) {
    const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!descriptor || (::fsync(descriptor.get()) != 0 && errno != EINVAL))
        return system_failure("the directory " + folder + " cannot be synced");
    return {};
}

/// Unique within the machine at this moment; a leftover of a crash is replaced by the next process of that
/// id.
std::string temporary_name(const std::string& name) {
    return name + ".new." + std::to_string(::getpid());
}

Result<void> write_temporary(const std::string& temporary, std::string_view bytes, mode_t mode) {
    ::unlink(temporary.c_str());
    const Descriptor file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode & 0600));
    if (!file)
        return system_failure(temporary + " cannot be made");
    if (::fchmod(file.get(), mode) != 0 || !write_all(file.get(), bytes) || ::fsync(file.get()) != 0) {
        const Error error = system_failure(temporary + " cannot be written");
        ::unlink(temporary.c_str());
        return error;
    }
    return {};
}

} // namespace

Result<void> make_private_directory(const std::string& directory) {
    if (const Result<void> made = make_directories(directory); !made)
        return made.error();
    return require_directory(directory, group_and_others,
                             "and keys belong into one that is closed to others; chmod 700 it");
}

Result<void> make_public_directory(const std::string& directory) {
    if (const Result<void> above = make_directories(std::filesystem::path(directory).parent_path()); !above)
        return above.error();
    const bool is_new = ::mkdir(directory.c_str(), 0700) == 0;
    if (!is_new && errno != EEXIST)
        return system_failure("the directory " + directory + " cannot be made");
    if (is_new && ::chmod(directory.c_str(), 0755) != 0) // whatever the umask is
        return system_failure("the directory " + directory + " cannot be opened to others");
    return require_directory(directory, write_by_others, "so others may change what is in it; chmod 755 it");
}

Result<std::string> read_state_file(const std::string& name) {
    return read_file(name, std::nullopt, max_state_file);
}

Result<std::string> read_private_file(const std::string& name, std::string_view exposed, std::size_t limit) {
    return read_file(name, exposed, limit);
}

Result<void> write_state_file(const std::string& name, std::string_view bytes, mode_t mode) {
    const std::string temporary = temporary_name(name);
    if (const Result<void> written = write_temporary(temporary, bytes, mode); !written)
        return written.error();
    if (::rename(temporary.c_str(), name.c_str()) != 0) {
        const Error error = system_failure(name + " cannot be replaced");
        ::unlink(temporary.c_str());
        return error;
    }
    return sync_folder(folder_of(name));
}

Result<void> write_new_state_file(const std::string& name, std::string_view bytes, mode_t mode) {
    const std::string temporary = temporary_name(name);
    if (const Result<void> written = write_temporary(temporary, bytes, mode); !written)
        return written.error();
    const bool linked =
        ::link(temporary.c_str(), name.c_str()) == 0; // unlike rename, never over another file
    const Error error = errno == EEXIST ? failure("exists") : system_failure(name + " cannot be made");
    ::unlink(temporary.c_str());
    if (!linked)
        return error;
    return sync_folder(folder_of(name));
}

Result<FileLock> FileLock::take(const std::string& name) {
    const int descriptor = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (descriptor < 0)
        return system_failure("the lock " + name + " cannot be opened");
    FileLock lock(descriptor);
    const auto deadline = std::chrono::steady_clock::now() + lock_patience;
    while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return system_failure("the lock " + name + " cannot be taken");
        if (std::chrono::steady_clock::now() > deadline)
            return failure("the lock " + name + " is held by another egressd for ten seconds; end that one");
        std::this_thread::sleep_for(lock_interval);
    }
    return lock;
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(other.descriptor_) {
    other.descriptor_ = -1;
}

FileLock::~FileLock() {
    if (descriptor_ >= 0)
        ::close(descriptor_);
}

} // namespace egressd::config
