// zstd, by libzstd.
#include "scan/coding_stream.hpp"

#include <algorithm>
#include <new>
#include <zstd.h>

namespace egressd::scan {
namespace {

/// 8 MiB: what RFC 9659 lets a content coding ask of whoever decodes it.
constexpr int window_log = 23;

/// The longest header of a frame (RFC 8878 3.1.1.1), with its magic. It is given to the library byte by byte.
/// From more bytes at once it guesses: that a small frame is there whole, which it decodes without a look at
/// the window, or one of a format before 1.0. Both guesses look at the bytes of the call, not of the frame,
/// so that what is decoded would depend on the pieces.
constexpr std::size_t longest_header = 18;

struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

class Zstd : public CodingStream {
public:
    Zstd() : context_(ZSTD_createDCtx()) {
        if (!context_ ||
            ZSTD_isError(ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, window_log)))
            throw std::bad_alloc();
    }

    Step step(std::string_view in, char* to, std::size_t room) override {
        Step total;
        do {
            const std::size_t size = in_header_ > 0 ? std::min<std::size_t>(in.size(), 1) : in.size();
            ZSTD_inBuffer from{in.data(), size, 0};
            ZSTD_outBuffer into{to + total.made, room - total.made, 0};
            const std::size_t result = ZSTD_decompressStream(context_.get(), &into, &from);
            in.remove_prefix(from.pos);
            in_header_ -= std::min(in_header_, from.pos);
            total.consumed += from.pos;
            total.made += into.pos;
            if (ZSTD_isError(result))
                total.progress = Progress::broken;
            else if (result == 0)
                total.progress = Progress::ended;
            else if (from.pos == 0)
                break;
        } while (total.progress == Progress::going && !in.empty() && total.made < room);
        return total;
    }
    bool restart() override {
        in_header_ = longest_header; // the library begins a frame by itself
        return true;
    }

private:
    std::unique_ptr<ZSTD_DCtx, Free> context_;
    std::size_t in_header_ = longest_header;
};

} // namespace

std::unique_ptr<CodingStream> make_zstd() {
    return std::make_unique<Zstd>();
}

} // namespace egressd::scan
