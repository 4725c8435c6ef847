#include "scan/confirm.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <array>
#include <new>
#include <pcre2.h>

namespace egressd::scan {

namespace {

constexpr std::uint32_t groups = 8; // whole match and the first seven groups

const PCRE2_UCHAR* bytes_of(std::string_view text) {
    return reinterpret_cast<const PCRE2_UCHAR*>(text.data());
}

} // namespace

void MatchDataDeleter::operator()(pcre2_real_match_data_8* data) const {
    pcre2_match_data_free(data);
}

MatchData make_match_data() {
    MatchData data(pcre2_match_data_create(groups, nullptr));
    if (!data)
        throw std::bad_alloc();
    return data;
}

Confirmer::~Confirmer() {
    pcre2_code_free(code_);
}

void Confirmer::compile() const {
    int error = 0;
    PCRE2_SIZE at = 0;
    code_ = pcre2_compile(bytes_of(pattern_), pattern_.size(), 0, &error, &at, nullptr);
    if (code_ == nullptr) {
        std::array<PCRE2_UCHAR, 256> message{};
        pcre2_get_error_message(error, message.data(), message.size());
        problem_ = std::string(reinterpret_cast<const char*>(message.data())) + " at character " +
                   std::to_string(at + 1);
        return;
    }
    // Where the system permits no executable memory, the interpreter does the same work.
    is_fast_ = pcre2_jit_compile(code_, PCRE2_JIT_COMPLETE) == 0;
}

std::string Confirmer::problem() const {
    std::call_once(once_, [this] { compile(); });
    return problem_;
}

std::optional<Span> Confirmer::find(MatchData& data, std::string_view subject, std::size_t from) const {
    std::call_once(once_, [this] { compile(); });
    if (code_ == nullptr || from > subject.size())
        return std::nullopt;
    const auto match = is_fast_ ? pcre2_jit_match : pcre2_match; // the first checks no arguments
    const int count = match(code_, bytes_of(subject), subject.size(), from, 0, data.get(), nullptr);
    if (count < 0)
        return std::nullopt;
    const PCRE2_SIZE* offsets = pcre2_get_ovector_pointer(data.get());
    Span span{offsets[0], offsets[1], offsets[0], offsets[1]};
    if (count > 1 && offsets[2] != PCRE2_UNSET) {
        span.secret_begin = offsets[2];
        span.secret_end = offsets[3];
    }
    return span;
}

} // namespace egressd::scan
