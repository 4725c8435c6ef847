#include "scan/fragments.hpp"

#include "scan/digest.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <utility>

namespace egressd::scan {
namespace {

/// Parts that more secrets have in common say nothing of any.
constexpr std::size_t max_sharing = 4;
constexpr std::size_t filter_bits_per_gram = 128;
constexpr std::size_t least_filter_bits = 4096;

int kind_of(char c) {
    if (c >= 'a' && c <= 'z')
        return 0;
    if (c >= 'A' && c <= 'Z')
        return 1;
    return c >= '0' && c <= '9' ? 2 : 3;
}

/// Words, numbers and names change seldom between small letters, capitals and digits; random digits do. What
/// parts words is passed over.
bool is_telling(std::string_view gram) {
    constexpr int least_changes = 3;
    constexpr std::size_t least_distinct = 5;
    constexpr int separator = 3;
    int changes = 0;
    int before = separator;
    for (const char c : gram) {
        const int kind = kind_of(c);
        if (kind == separator)
            continue;
        changes += before != separator && kind != before ? 1 : 0;
        before = kind;
    }
    std::string distinct(gram);
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    return changes >= least_changes && distinct.size() >= least_distinct;
}

/// Where the part of a value begins that nobody else's has: tokens of one issuer differ in their signature
/// alone. The value's size: it has none.
std::size_t own_part(std::string_view value) {
    const bool is_text =
        value.size() > max_split || value.find("://") != std::string_view::npos ||
        std::any_of(value.begin(), value.end(), [](char c) { return c <= ' ' || c == '"' || c > '~'; });
    if (is_text)
        return value.size();
    const bool is_jwt = value.starts_with("eyJ") && std::count(value.begin(), value.end(), '.') >= 2;
    return is_jwt ? value.rfind('.') + 1 : 0;
}

std::uint64_t number_at(std::span<const unsigned char> bytes) {
    std::uint64_t number = 0;
    std::memcpy(&number, bytes.data(), sizeof number);
    return number;
}

/// One to one for an odd factor, so that equal hashes are equal bytes; the upper bits depend on all of them.
std::uint64_t hash_of(const char* gram, std::uint64_t salt, std::uint64_t factor) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, gram, sizeof bytes);
    return (bytes ^ salt) * factor;
}

} // namespace

FragmentIndex::FragmentIndex(std::span<const KnownSecret> known, std::string_view key) {
    const Digest digest = keyed_digest(key, "egressd fragments 1");
    salt_ = number_at(digest);
    factor_ = number_at(std::span(digest).subspan(8)) | 1;
    for (std::size_t i = 0; i < known.size(); ++i) {
        secrets_.push_back({number_at(keyed_digest(key, known[i].value)), {}});
        add(i, known[i].value);
    }
    std::sort(grams_.begin(), grams_.end(), [](const Gram& a, const Gram& b) { return a.hash < b.hash; });
    drop_shared();
    drop_short();
    if (!grams_.empty())
        build();
}

void FragmentIndex::add(std::size_t secret, std::string_view value) {
    for (std::size_t at = own_part(value); at + gram_size <= value.size(); ++at)
        if (is_telling(value.substr(at, gram_size)))
            grams_.push_back({hash_of(value.data() + at, salt_, factor_), static_cast<std::uint32_t>(secret),
                              static_cast<std::uint32_t>(at)});
}

void FragmentIndex::drop_shared() {
    std::vector<Gram> kept;
    for (auto begin = grams_.begin(); begin != grams_.end();) {
        const auto end =
            std::find_if(begin, grams_.end(), [&](const Gram& gram) { return gram.hash != begin->hash; });
        if (static_cast<std::size_t>(end - begin) <= max_sharing)
            kept.insert(kept.end(), begin, end);
        begin = end;
    }
    grams_ = std::move(kept);
    for (const Gram& gram : grams_)
        for (std::size_t i = 0; i < gram_size; ++i)
            secrets_[gram.secret].counted.set(gram.offset + i);
}

void FragmentIndex::drop_short() {
    grams_.erase(
        std::remove_if(grams_.begin(), grams_.end(),
                       [&](const Gram& gram) { return secrets_[gram.secret].counted.count() < min_split; }),
        grams_.end());
}

void FragmentIndex::build() {
    const std::size_t bits = std::bit_ceil(std::max(least_filter_bits, grams_.size() * filter_bits_per_gram));
    filter_.assign(bits / 64, 0);
    filter_shift_ = 64U - static_cast<unsigned>(std::countr_zero(bits));
    slots_.assign(std::bit_ceil(2 * grams_.size()), {});
    for (std::size_t i = 0; i < grams_.size(); ++i) {
        const std::uint64_t hash = grams_[i].hash;
        const std::uint64_t bit = hash >> filter_shift_;
        filter_[bit / 64] |= std::uint64_t{1} << bit % 64;
        std::size_t at = hash >> 20 & (slots_.size() - 1);
        while (slots_[at].count > 0 && slots_[at].hash != hash)
            at = (at + 1) & (slots_.size() - 1);
        if (slots_[at].count++ == 0) {
            slots_[at].hash = hash;
            slots_[at].first = static_cast<std::uint32_t>(i);
        }
    }
}

const FragmentIndex::Slot* FragmentIndex::slot_of(std::uint64_t hash) const {
    for (std::size_t at = hash >> 20 & (slots_.size() - 1); slots_[at].count > 0;
         at = (at + 1) & (slots_.size() - 1))
        if (slots_[at].hash == hash)
            return &slots_[at];
    return nullptr;
}

void FragmentIndex::find(std::string_view text, std::uint64_t at, std::vector<Piece>& pieces) const {
    if (empty())
        return;
    const std::uint64_t* const filter = filter_.data();
    const std::uint64_t salt = salt_; // in registers
    const std::uint64_t factor = factor_;
    const unsigned shift = filter_shift_;
    const char* const bytes = text.data();
    const auto may_be = [=](std::size_t i) {
        const std::uint64_t bit = hash_of(bytes + i, salt, factor) >> shift;
        return filter[bit / 64] >> bit % 64 & 1;
    };
    const auto look_up = [&](std::size_t i) {
        if (const Slot* slot = slot_of(hash_of(bytes + i, salt, factor)))
            note(*slot, at + i + gram_size, pieces);
    };
    std::size_t i = 0;
    // One branch for several: nearly all text is nobody's secret.
    for (; i + gram_size + 3 <= text.size(); i += 4) {
        if ((may_be(i) | may_be(i + 1) | may_be(i + 2) | may_be(i + 3)) == 0)
            continue;
        for (std::size_t k = i; k < i + 4; ++k)
            if (may_be(k) != 0)
                look_up(k);
    }
    for (; i + gram_size <= text.size(); ++i)
        look_up(i);
}

void FragmentIndex::note(const Slot& slot, std::uint64_t end, std::vector<Piece>& pieces) const {
    for (std::size_t i = slot.first; i < slot.first + slot.count; ++i) {
        const Gram& gram = grams_[i];
        const auto goes_on = [&](const Piece& piece) {
            return piece.secret == gram.secret && piece.end + 1 == end &&
                   piece.offset + piece.length + 1 == gram.offset + gram_size;
        };
        // Those that are still open stand at the end, as many as secrets that share a part.
        const auto last = pieces.rbegin();
        const auto stop = last + static_cast<std::ptrdiff_t>(std::min(pieces.size(), max_sharing));
        const auto open = std::find_if(last, stop, goes_on);
        if (open == stop) {
            pieces.push_back({gram.secret, gram.offset, gram_size, end});
        } else {
            ++open->length;
            ++open->end;
        }
    }
}

void FragmentStream::feed(const FragmentIndex& index, std::string_view bytes, std::vector<Piece>& pieces) {
    // What stands across the end of the last part and the beginning of this one.
    std::string seam(behind_, kept_);
    seam.append(bytes.substr(0, gram_size - 1));
    index.find(seam, fed_ - kept_, pieces);
    index.find(bytes, fed_, pieces);
    fed_ += bytes.size();
    const std::string_view last = bytes.size() >= gram_size - 1 ? bytes : std::string_view(seam);
    kept_ = std::min(last.size(), gram_size - 1);
    std::copy(last.end() - static_cast<std::ptrdiff_t>(kept_), last.end(), behind_);
}

bool FragmentTracker::mark(const FragmentIndex& index, const Piece& piece, Clock::time_point now) {
    Marks& marks = marks_of(index.id(piece.secret), now);
    for (std::size_t i = 0; i < piece.length; ++i)
        marks.recent.set(piece.offset + i);
    const Positions& counted = index.counted(piece.secret);
    return ((marks.recent | marks.older) & counted).count() * 4 >= counted.count() * 3;
}

FragmentTracker::Marks& FragmentTracker::marks_of(std::uint64_t id, Clock::time_point now) {
    auto marks = std::find_if(marks_.begin(), marks_.end(), [&](const Marks& one) { return one.id == id; });
    if (marks == marks_.end()) {
        if (marks_.size() == max_secrets)
            marks_.erase(std::min_element(marks_.begin(), marks_.end(),
                                          [](const Marks& a, const Marks& b) { return a.used < b.used; }));
        marks = marks_.insert(marks_.end(), Marks{id, {}, {}, now, now});
    }
    if (now - marks->since >= memory) {
        marks->older = now - marks->since < 2 * memory ? marks->recent : Positions();
        marks->recent.reset();
        marks->since = now;
    }
    marks->used = now;
    return *marks;
}

} // namespace egressd::scan
