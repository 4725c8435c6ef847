// The log as a file: made or continued with care, locked against a second writer, and always ending in a
// whole line. It appends bytes all or not at all; what the lines say it knows only as far as it needs to tell
// its own log from any other file.
#pragma once

#include "audit/chain.hpp"
#include "net/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace egressd::audit {

class LogFile {
public:
    /// Opens or makes `name` (mode 0600) and missing folders above it (0700), locks it, checks its last line,
    /// and cuts off a torn one after it. The Error says what to do.
    static Result<std::shared_ptr<LogFile>> open(const std::string& name);

    ~LogFile();
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;

    /// Where the chain stood when the file was opened.
    const Position& position() const { return position_; }
    std::uint64_t recovered_bytes() const { return recovered_bytes_; }

    /// Writes all of `bytes` at the end, or leaves the file as it was.
    std::error_code append(std::string_view bytes);

    /// fdatasync(2). May run while another thread appends.
    std::error_code sync() const;

    /// Is this the file that `name` leads to now?
    bool is_named(const std::string& name) const;

private:
    explicit LogFile(int descriptor) : descriptor_(descriptor) {}
    Result<void> recover();
    std::error_code cut_torn_bytes();

    int descriptor_;
    Position position_;
    std::uint64_t recovered_bytes_ = 0;
    std::uint64_t torn_bytes_ = 0; // of a write that failed half-way and that could not be taken back yet
};

} // namespace egressd::audit
