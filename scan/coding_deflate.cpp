// gzip and deflate, by zlib.
#define ZLIB_CONST // its pointers to input are const only then
#include "scan/coding_stream.hpp"

#include <algorithm>
#include <limits>
#include <new>
#include <optional>
#include <zlib.h>

namespace egressd::scan {
namespace {

/// windowBits of inflateInit2: the largest window, 32 KiB; the wrapper is told by what is added, or by the
/// sign.
constexpr int gzip_wrapper = MAX_WBITS + 16;
constexpr int zlib_wrapper = MAX_WBITS;
constexpr int no_wrapper = -MAX_WBITS;

class Inflater {
public:
    explicit Inflater(int window_bits) {
        if (inflateInit2(&stream_, window_bits) != Z_OK)
            throw std::bad_alloc();
    }
    ~Inflater() { inflateEnd(&stream_); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    CodingStream::Step step(std::string_view in, char* to, std::size_t room) {
        constexpr std::size_t most = std::numeric_limits<uInt>::max();
        const uInt in_size = static_cast<uInt>(std::min(in.size(), most));
        const uInt out_size = static_cast<uInt>(std::min(room, most));
        stream_.next_in = reinterpret_cast<const Bytef*>(in.data());
        stream_.avail_in = in_size;
        stream_.next_out = reinterpret_cast<Bytef*>(to);
        stream_.avail_out = out_size;
        const int result = inflate(&stream_, Z_NO_FLUSH);
        CodingStream::Step step;
        step.consumed = in_size - stream_.avail_in;
        step.made = out_size - stream_.avail_out;
        if (result == Z_STREAM_END)
            step.progress = CodingStream::Progress::ended;
        else if (result != Z_OK && result != Z_BUF_ERROR) // the latter: there was nothing to do
            step.progress = CodingStream::Progress::broken;
        return step;
    }
    bool restart(int window_bits) { return inflateReset2(&stream_, window_bits) == Z_OK; }

private:
    z_stream stream_{};
};

class Gzip : public CodingStream {
public:
    Step step(std::string_view in, char* to, std::size_t room) override {
        return inflater_.step(in, to, room);
    }
    bool restart() override { return inflater_.restart(gzip_wrapper); }

private:
    Inflater inflater_{gzip_wrapper};
};

/// With or without zlib's wrapper, as its first two bytes say. Nothing may follow: neither form is one of
/// which several make a stream, and what one reader passes over another may not.
class Deflate : public CodingStream {
public:
    Step step(std::string_view in, char* to, std::size_t room) override {
        if (is_known_)
            return inflater_.step(in, to, room);
        if (in.empty())
            return {};
        if (!first_) {
            first_ = in.front();
            return {Progress::going, 1, 0};
        }
        is_known_ = true;
        if (!is_zlib(*first_, in.front()) && !inflater_.restart(no_wrapper))
            return {Progress::broken, 0, 0};
        // One byte is less than half a zlib header and less than the first code of a block: it makes nothing.
        if (inflater_.step({&*first_, 1}, to, room).progress == Progress::broken)
            return {Progress::broken, 0, 0};
        return inflater_.step(in, to, room);
    }
    bool restart() override { return false; }

private:
    /// RFC 1950 2.2. One that asks for a preset dictionary is zlib all the same, and therefore broken.
    static bool is_zlib(char first, char second) {
        const unsigned cmf = static_cast<unsigned char>(first);
        const unsigned flg = static_cast<unsigned char>(second);
        return (cmf & 0x0f) == Z_DEFLATED && cmf >> 4 <= 7 && (cmf * 256 + flg) % 31 == 0;
    }

    Inflater inflater_{zlib_wrapper};
    std::optional<char> first_;
    bool is_known_ = false;
};

} // namespace

std::unique_ptr<CodingStream> make_gzip() {
    return std::make_unique<Gzip>();
}
std::unique_ptr<CodingStream> make_deflate() {
    return std::make_unique<Deflate>();
}

} // namespace egressd::scan
