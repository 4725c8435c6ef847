// One library's decoder, driven a piece at a time: where does this member, frame or stream end? What may
// stand behind its end, and how much is made at a time, is decided in coding.cpp.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace egressd::scan {

class CodingStream {
public:
    enum class Progress { going, ended, broken };
    struct Step {
        Progress progress = Progress::going;
        std::size_t consumed = 0; // bytes of `in`
        std::size_t made = 0;     // bytes at `to`
    };

    CodingStream() = default;
    virtual ~CodingStream() = default;
    CodingStream(const CodingStream&) = delete;
    CodingStream& operator=(const CodingStream&) = delete;

    /// Makes at most `room` (> 0) bytes at `to`. going with all of `in` consumed and room left: nothing is
    /// pending.
    virtual Step step(std::string_view in, char* to, std::size_t room) = 0;
    /// After `ended`: gets ready for another of the kind, or says that none may follow.
    virtual bool restart() = 0;
};

std::unique_ptr<CodingStream> make_gzip();
std::unique_ptr<CodingStream> make_deflate();
std::unique_ptr<CodingStream> make_br();
std::unique_ptr<CodingStream> make_zstd();
std::unique_ptr<CodingStream> make_base64();
std::unique_ptr<CodingStream> make_hex();

} // namespace egressd::scan
