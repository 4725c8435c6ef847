// 64 bytes at a time: which of them are of a kind? With the vectors of the compiler, so that one text serves
// every processor; on x86-64 with AVX2 where there is one.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace egressd::scan {

#define EGRESSD_INLINE __attribute__((always_inline)) inline

using Bytes16 = unsigned char __attribute__((vector_size(16)));
using Bytes32 = unsigned char __attribute__((vector_size(32)));

/// Comparing vectors gives bytes of all bits or none, of this type.
template <class V>
using Same = decltype(V{} == V{});

// Always by reference: by value they would need AVX of whoever passes them.
template <class V>
EGRESSD_INLINE void load(const char* from, V& bytes) {
    std::memcpy(&bytes, from, sizeof(bytes));
}

/// Unsigned first <= byte <= last, in the two steps that every processor has.
template <class V>
EGRESSD_INLINE void in_range(const V& bytes, unsigned char first, unsigned char last, Same<V>& out) {
    constexpr unsigned char least = 0x80; // as a signed byte
    out = reinterpret_cast<Same<V>>(bytes - static_cast<unsigned char>(first + least)) <
          static_cast<signed char>(static_cast<unsigned char>(last - first + 1 + least));
}

// A kind is a struct with
//   static constexpr std::size_t ahead: how many bytes behind a byte it looks at; behind the text it sees
//   NULs;
//   template <class V> static void match(const char* at, Same<V>& out): sets the top bit of each byte of
//   `out` whose byte from `at` on is of the kind. Comparing vectors gives bytes of all bits or none, of the
//   type Same<V>. Written with operators alone and always inlined.

/// Bit i: the i-th byte's top bit.
EGRESSD_INLINE std::uint64_t top_bits(const Same<Bytes16>& bytes) {
#ifdef __x86_64__
    return static_cast<std::uint32_t>(_mm_movemask_epi8(reinterpret_cast<__m128i>(bytes)));
#else
    std::uint64_t bits = 0;
    for (unsigned i = 0; i < sizeof(bytes); ++i)
        bits |= bytes[i] < 0 ? std::uint64_t{1} << i : 0;
    return bits;
#endif
}

inline constexpr std::size_t word_size = 64;

template <class Kind>
void fill_words(const char* text, std::size_t words, std::uint64_t* out) {
    for (std::size_t i = 0; i < words; ++i, text += word_size) {
        Same<Bytes16> found;
        out[i] = 0;
        for (std::size_t at = 0; at < word_size; at += sizeof(found)) {
            Kind::template match<Bytes16>(text + at, found);
            out[i] |= top_bits(found) << at;
        }
    }
}

#ifdef __x86_64__
// Not always_inline: that is refused in what is not compiled for AVX2, even if it is inlined in its turn.
__attribute__((target("avx2"))) inline std::uint64_t top_bits_avx2(const Same<Bytes32>& bytes) {
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(reinterpret_cast<__m256i>(bytes)));
}

template <class Kind>
__attribute__((target("avx2"))) void fill_words_avx2(const char* text, std::size_t words,
                                                     std::uint64_t* out) {
    for (std::size_t i = 0; i < words; ++i, text += word_size) {
        Same<Bytes32> low;
        Same<Bytes32> high;
        Kind::template match<Bytes32>(text, low);
        Kind::template match<Bytes32>(text + sizeof(low), high);
        out[i] = top_bits_avx2(low) | top_bits_avx2(high) << sizeof(low);
    }
}

inline const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
#endif

/// A text as words of 64 bits: bit i of word n says whether text[64 * n + i] is of the kind.
template <class Kind>
class Words {
public:
    explicit Words(std::string_view text) : text_(text), count_((text.size() + word_size - 1) / word_size) {}

    std::size_t count() const { return count_; }
    std::uint64_t operator[](std::size_t i) {
        if (i - first_ >= held_)
            hold(i);
        return words_[i - first_];
    }

private:
    void hold(std::size_t i) {
        const std::string_view rest = text_.substr(i * word_size);
        const std::size_t whole = (rest.size() - std::min(rest.size(), Kind::ahead)) / word_size;
        first_ = i;
        held_ = std::min(whole, words_.size());
        if (held_ > 0)
            return fill(rest.data(), held_);
        // The text's end.
        std::array<char, word_size + Kind::ahead> padded{};
        std::memcpy(padded.data(), rest.data(), std::min(rest.size(), padded.size()));
        held_ = 1;
        fill(padded.data(), 1);
        if (rest.size() < word_size)
            words_[0] &= (std::uint64_t{1} << rest.size()) - 1;
    }

    void fill(const char* from, std::size_t words) {
#ifdef __x86_64__
        if (has_avx2)
            return fill_words_avx2<Kind>(from, words, words_.data());
#endif
        fill_words<Kind>(from, words, words_.data());
    }

    std::string_view text_;
    std::size_t count_;
    std::size_t first_ = 0;
    std::size_t held_ = 0; // words from the first on
    std::array<std::uint64_t, 32> words_;
};

/// Calls `visit(at)` for each byte of the kind, in order.
template <class Kind, class Visit>
void for_each_of(std::string_view text, Visit visit) {
    Words<Kind> words(text);
    for (std::size_t i = 0; i < words.count(); ++i)
        for (std::uint64_t bits = words[i]; bits != 0; bits &= bits - 1)
            visit(i * word_size + static_cast<std::size_t>(std::countr_zero(bits)));
}

template <class Kind>
bool has_any(std::string_view text) {
    Words<Kind> words(text);
    for (std::size_t i = 0; i < words.count(); ++i)
        if (words[i] != 0)
            return true;
    return false;
}

} // namespace egressd::scan
