// Does a known secret leave in pieces, none of which gives it away alone? Eight bytes of it in a row are
// recognised wherever they stand, and remembered until most of the value has been seen. What is common to
// many texts (words, what tokens begin with) counts as no part of a secret. Pure.
#pragma once

#include "scan/known.hpp"

#include <bitset>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace egressd::scan {

inline constexpr std::size_t gram_size = 8;
/// A longer value is a document rather than a token, and much of it is public.
inline constexpr std::size_t max_split = 512;
/// A value of which fewer bytes count is not followed: two pieces would be most of it, and two come by
/// chance.
inline constexpr std::size_t min_split = 24;

using Positions = std::bitset<max_split>;

/// `length` bytes of a text, up to `end`, are those of a secret from `offset` on.
struct Piece {
    std::size_t secret = 0; // index among those given
    std::size_t offset = 0;
    std::size_t length = 0;
    std::uint64_t end = 0;
};

/// Immutable; holds no value, but hashes of all its parts.
class FragmentIndex {
public:
    /// Knows nothing.
    FragmentIndex() = default;
    FragmentIndex(std::span<const KnownSecret> known, std::string_view key);

    bool empty() const { return slots_.empty(); }
    /// Appends the pieces in `text`, which begins at `at` in its stream. What goes on where the last ones
    /// ended makes them longer.
    void find(std::string_view text, std::uint64_t at, std::vector<Piece>& pieces) const;
    /// The bytes of a secret that count.
    const Positions& counted(std::size_t secret) const { return secrets_[secret].counted; }
    /// The same for the same value and key.
    std::uint64_t id(std::size_t secret) const { return secrets_[secret].id; }

private:
    struct Secret {
        std::uint64_t id = 0;
        Positions counted;
    };
    struct Gram {
        std::uint64_t hash = 0;
        std::uint32_t secret = 0;
        std::uint32_t offset = 0;
    };
    struct Slot {
        std::uint64_t hash = 0;
        std::uint32_t first = 0; // of grams_
        std::uint32_t count = 0; // 0: free
    };

    void add(std::size_t secret, std::string_view value);
    void drop_shared();
    void drop_short();
    void build();
    const Slot* slot_of(std::uint64_t hash) const;
    void note(const Slot& slot, std::uint64_t end, std::vector<Piece>& pieces) const;

    std::uint64_t salt_ = 0;
    std::uint64_t factor_ = 1;
    unsigned filter_shift_ = 0;
    std::vector<std::uint64_t> filter_; // a bit for each upper part of a hash: most bytes end there
    std::vector<Slot> slots_;
    std::vector<Gram> grams_;
    std::vector<Secret> secrets_;
};

/// Finds pieces in a text that comes in parts.
class FragmentStream {
public:
    void feed(const FragmentIndex& index, std::string_view bytes, std::vector<Piece>& pieces);

private:
    char behind_[gram_size - 1] = {}; // the last bytes, too few for a gram
    std::size_t kept_ = 0;
    std::uint64_t fed_ = 0;
};

/// What one client has said of which secret: at least `memory` is remembered, at most twice that.
class FragmentTracker {
public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::minutes memory{15};
    static constexpr std::size_t max_secrets = 64; // the one that was not mentioned longest is forgotten

    /// Marks a piece; true when at least three quarters of what counts of its secret are marked.
    bool mark(const FragmentIndex& index, const Piece& piece, Clock::time_point now);

private:
    struct Marks {
        std::uint64_t id = 0;
        Positions recent;
        Positions older;
        Clock::time_point since; // of `recent`
        Clock::time_point used;
    };
    Marks& marks_of(std::uint64_t id, Clock::time_point now);

    std::vector<Marks> marks_;
};

} // namespace egressd::scan
