// A compressed body, as anyone may send it. The first byte of the input chooses the coding, and in which
// pieces and steps it is decoded. Invariants: whole and piecewise decoding give the same output, the same
// state and the same end; a step keeps to its bound; broken is final, and no end.
#include "scan/coding.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using egressd::scan::Coding;
using egressd::scan::Decoder;
using State = Decoder::State;

constexpr std::size_t max_output = 1 << 20; // behind it a bomb is left alone

void require(bool condition) {
    if (!condition)
        std::abort();
}

struct Decoded {
    State state = State::more;
    bool at_end = false;
    std::string text;
};

Decoded decode(Coding coding, std::string_view wire, std::size_t piece, std::size_t max_step) {
    Decoder decoder(coding);
    Decoded result;
    while (result.text.size() < max_output) {
        const std::string_view in = wire.substr(0, piece);
        const std::size_t had = result.text.size();
        const std::size_t max_out = std::min(max_step, max_output - had);
        const Decoder::Step step = decoder.decode(in, result.text, max_out);
        const std::size_t made = result.text.size() - had;
        require(step.consumed <= in.size() && made <= max_out);
        require(step.state != State::full || made == max_out);
        require(step.state != State::more || (made < max_out && step.consumed == in.size()));
        result.state = step.state;
        wire.remove_prefix(step.consumed);
        if (step.state == State::broken || (step.state == State::more && wire.empty()))
            break;
    }
    result.at_end = decoder.at_end();
    if (result.state == State::broken)
        require(!result.at_end && decoder.decode("more", result.text, 1).state == State::broken);
    return result;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0)
        return 0;
    const Coding coding = static_cast<Coding>(data[0] % 4);
    const std::size_t piece = std::size_t{1} + data[0] / 4 % 8;
    const std::size_t max_step = std::size_t{1} << (data[0] / 32 * 2);
    const std::string_view wire(reinterpret_cast<const char*>(data) + 1, size - 1);

    const Decoded whole = decode(coding, wire, wire.size(), max_output);
    const Decoded pieces = decode(coding, wire, piece, max_step);
    const std::size_t common = std::min(whole.text.size(), pieces.text.size());
    require(whole.text.compare(0, common, pieces.text, 0, common) == 0);
    // Two decoders that both stop at max_output have read differently far; one that was stopped just before
    // the fault never saw it. And a library may keep what it made before a fault to itself.
    if (whole.text.size() == max_output || pieces.text.size() == max_output)
        return 0;
    require(whole.state == pieces.state && whole.at_end == pieces.at_end);
    require(whole.state == State::broken || whole.text == pieces.text);
    return 0;
}
