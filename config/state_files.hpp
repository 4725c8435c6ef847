// How does a file get into the state directory? Whole or not at all, with its mode from the first moment on,
// durable, and one writer at a time. It knows nothing of what the files hold.
#pragma once

#include "net/result.hpp"

#include <string>
#include <string_view>
#include <sys/types.h>

namespace egressd::config {

/// Far above any certificate, key or bundle of roots (Debian's is 220 KiB), and what a wrong file can take of
/// memory is bounded by it.
inline constexpr std::size_t max_state_file = 8 * 1024 * 1024;

/// Makes `directory` and what is missing above it, for this user alone (0700). One that is there must belong
/// to this user and be closed to everybody else; the Error names the remedy.
Result<void> make_private_directory(const std::string& directory);

/// Makes `directory` (0755) and what is missing above it. One that is there must belong to this user, and
/// nobody else may write to it; the Error names the remedy.
Result<void> make_public_directory(const std::string& directory);

/// A regular file of at most max_state_file bytes. The Error names the file.
Result<std::string> read_state_file(const std::string& name);

/// As read_state_file, for secrets and what must not be changed by others: the file must belong to this user
/// (or root) and be closed to group and others. The Error names the remedy; `exposed` says in its words what
/// to do when others had access.
Result<std::string> read_private_file(const std::string& name, std::string_view exposed,
                                      std::size_t limit = max_state_file);

/// Replaces `name` by `bytes` in one step: written under another name (O_EXCL, so never through a link that
/// somebody laid there), forced to the disk, renamed. `mode` holds whatever the umask is.
Result<void> write_state_file(const std::string& name, std::string_view bytes, mode_t mode);

/// As above, but an existing `name` is an Error with the text "exists".
Result<void> write_new_state_file(const std::string& name, std::string_view bytes, mode_t mode);

/// An exclusive lock between processes, until it goes out of scope. The file stays; it is empty.
class FileLock {
public:
    /// Waits at most ten seconds: what is done under this lock takes milliseconds.
    static Result<FileLock> take(const std::string& name);

    FileLock(FileLock&& other) noexcept;
    FileLock& operator=(FileLock&&) = delete;
    ~FileLock();

private:
    explicit FileLock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
};

} // namespace egressd::config
