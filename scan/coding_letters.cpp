// base64 and hex as if they were content codings, for what goes on over many blocks: something compressed
// that was written in letters.
#include "scan/coding_stream.hpp"
#include "scan/letters.hpp"

#include <cstdint>

namespace egressd::scan {
namespace {

class Letters : public CodingStream {
public:
    Letters(const Alphabet& alphabet, unsigned bits) : alphabet_(alphabet), bits_(bits) {}

    /// It ends at the first character that is no letter and breaks no line, as it is or as JSON writes it.
    Step step(std::string_view in, char* to, std::size_t room) override {
        Step step;
        for (const char c : in) {
            if (escaped_) {
                if (c != 'n' && c != 'r' && c != '\\')
                    step.progress = Progress::ended;
                escaped_ = c == '\\';
            } else if (c == '\\') {
                escaped_ = true;
            } else if (alphabet_.has(c)) {
                if (count_ + bits_ >= 8 && step.made == room)
                    return step;
                add(c, to, step.made);
            } else if (c != '\r' && c != '\n' && c != ' ' && c != '\t') {
                step.progress = Progress::ended;
            }
            if (step.progress == Progress::ended)
                return step;
            ++step.consumed;
        }
        return step;
    }
    bool restart() override { return false; }

private:
    void add(char letter, char* to, std::size_t& made) {
        held_ = held_ << bits_ | alphabet_.of(letter);
        count_ += bits_;
        if (count_ < 8)
            return;
        count_ -= 8;
        to[made++] = static_cast<char>(held_ >> count_ & 0xff);
    }

    const Alphabet& alphabet_;
    const unsigned bits_;
    std::uint32_t held_ = 0;
    unsigned count_ = 0;
    bool escaped_ = false;
};

} // namespace

std::unique_ptr<CodingStream> make_base64() {
    return std::make_unique<Letters>(base64_letters, 6);
}

std::unique_ptr<CodingStream> make_hex() {
    return std::make_unique<Letters>(hex_letters, 4);
}

} // namespace egressd::scan
