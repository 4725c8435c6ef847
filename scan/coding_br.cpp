// br, by libbrotlidec.
#include "scan/coding_stream.hpp"

#include <brotli/decode.h>
#include <cstdint>
#include <new>

namespace egressd::scan {
namespace {

struct Destroy {
    void operator()(BrotliDecoderState* state) const { BrotliDecoderDestroyInstance(state); }
};

/// The window is at most 16 MiB, which every encoder may use (RFC 7932 9.1) and large streams do; the "large
/// window" form, of up to 1 GiB, is no content coding and is broken here because nobody asks the library for
/// it. Nothing may follow the end of a stream.
class Br : public CodingStream {
public:
    Br() : state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {
        if (!state_)
            throw std::bad_alloc();
    }

    Step step(std::string_view in, char* to, std::size_t room) override {
        const std::uint8_t* next_in = reinterpret_cast<const std::uint8_t*>(in.data());
        std::uint8_t* next_out = reinterpret_cast<std::uint8_t*>(to);
        std::size_t in_left = in.size();
        std::size_t out_left = room;
        const BrotliDecoderResult result =
            BrotliDecoderDecompressStream(state_.get(), &in_left, &next_in, &out_left, &next_out, nullptr);
        Step step{Progress::going, in.size() - in_left, room - out_left};
        if (result == BROTLI_DECODER_RESULT_SUCCESS)
            step.progress = Progress::ended;
        else if (result == BROTLI_DECODER_RESULT_ERROR)
            step.progress = Progress::broken;
        return step;
    }
    bool restart() override { return false; }

private:
    std::unique_ptr<BrotliDecoderState, Destroy> state_;
};

} // namespace

std::unique_ptr<CodingStream> make_br() {
    return std::make_unique<Br>();
}

} // namespace egressd::scan
