// Does one pattern match here, and where does the secret stand? PCRE2 behind RAII; compiled at first use,
// because most rules never see a candidate.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

struct pcre2_real_code_8;
struct pcre2_real_match_data_8;

namespace egressd::scan {

struct MatchDataDeleter {
    void operator()(pcre2_real_match_data_8* data) const;
};
using MatchData = std::unique_ptr<pcre2_real_match_data_8, MatchDataDeleter>;
MatchData make_match_data();

/// Offsets in the subject. The secret is group 1, or the whole match.
struct Span {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t secret_begin = 0;
    std::size_t secret_end = 0;
};

class Confirmer {
public:
    explicit Confirmer(std::string pattern) : pattern_(std::move(pattern)) {}
    ~Confirmer();
    Confirmer(const Confirmer&) = delete;
    Confirmer& operator=(const Confirmer&) = delete;

    /// Empty, or why the pattern cannot be used.
    std::string problem() const;
    /// The first match in `subject` that begins at or behind `from`.
    std::optional<Span> find(MatchData& data, std::string_view subject, std::size_t from) const;

private:
    void compile() const;

    std::string pattern_;
    mutable std::once_flag once_;
    mutable pcre2_real_code_8* code_ = nullptr;
    mutable bool is_fast_ = false; // made into machine code
    mutable std::string problem_;
};

} // namespace egressd::scan
