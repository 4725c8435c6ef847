#include "scan/stream.hpp"

#include "scan/digest.hpp"
#include "scan/layout.hpp"
#include "scan/packed.hpp"
#include "scan/triage.hpp"
#include "scan/zip.hpp"

#include <algorithm>

namespace egressd::scan {

namespace {

constexpr std::size_t block_size = 128 * 1024;
constexpr std::size_t unpack_size = 64 * 1024;
constexpr std::size_t max_packed = 16;        // compressed things that are open at the same time
constexpr std::size_t max_findings = 256;     // of one stream; as many again of what is to be blocked
constexpr std::uint64_t work_base = 4U << 20; // bytes that inner readings may cost whatever comes in
constexpr std::uint64_t work_factor = 32; // and for each byte that came in, nested and overlapping readings
constexpr std::uint64_t unpacked_base = 32U << 20;
constexpr std::uint64_t unpacked_factor = 256; // gzip of zeros: 1032; of source text: 4

/// What is written in other characters of ASCII.
void read_text(std::string_view text, std::vector<View>& views) {
    const TextMarks marks = find_text_marks(text);
    for (const Run& run : marks.escapes) {
        const std::size_t before = views.size();
        unescape(text.substr(run.begin, run.end - run.begin), views);
        for (std::size_t i = before; i < views.size(); ++i)
            views[i].move(run.begin);
    }
    if (marks.quoted_printable)
        unquote_printable(text, views);
    close_up(text, views);
    read_numbers(text, views);
}

/// At a letter of base64 up to two bytes may begin that stand in front of gzip's (scan/packed.cpp).
bool begins_compressed(std::string_view bytes) {
    return coding_of(bytes) || begins_member(bytes) ||
           coding_of(bytes.substr(std::min<std::size_t>(1, bytes.size()))) == Coding::gzip ||
           coding_of(bytes.substr(std::min<std::size_t>(2, bytes.size()))) == Coding::gzip;
}

} // namespace

void Ledger::add(const Engine::Impl& engine, const Match& match, std::string_view block,
                 std::string_view encoding, std::vector<Finding>& findings) {
    const std::string_view secret =
        match.known_value.empty() ? block.substr(match.begin, match.end - match.begin) : match.known_value;
    const Digest digest = sha256(secret);
    const bool seen = std::any_of(seen_.begin(), seen_.end(), [&](const auto& one) {
        return one.first == match.rule && one.second == digest;
    });
    if (seen)
        return;
    // Alerts must not fill the room of what is to be blocked.
    const bool blocks = match.tier == Tier::block;
    if (seen_.size() >= (blocks ? 2 * max_findings : max_findings)) {
        if (blocks)
            fail("there are too many secrets in it");
        return;
    }
    seen_.emplace_back(match.rule, digest);
    Finding finding;
    finding.rule = match.rule;
    finding.tier = match.tier;
    finding.offset = match.begin;
    finding.encoding = encoding;
    if (!match.encoding.empty())
        finding.encoding.append(finding.encoding.empty() ? "" : ">").append(match.encoding);
    finding.sha256 = digest;
    finding.fingerprint = engine.fingerprint(secret);
    findings.push_back(std::move(finding));
}

bool Ledger::spend(std::size_t bytes, bool unpacked) {
    scanned_ += bytes;
    unpacked_ += unpacked ? bytes : 0;
    if (unpacked_ > unpacked_base + unpacked_factor * taken_in_)
        fail("what is compressed in it unpacks to too much");
    else if (scanned_ > work_base + work_factor * (taken_in_ + unpacked_))
        fail("it is encoded in too many layers");
    return problem_.empty();
}

void Ledger::fail(std::string problem) {
    if (problem_.empty())
        problem_ = std::move(problem);
}

Stream::Packed::Packed(Coding of, std::uint64_t begins, unsigned depth, std::string encoding)
    : coding(of), decoder(of), begin(begins), inner(std::make_unique<Stream>(depth, std::move(encoding))) {}

Stream::Stream(unsigned depth, std::string encoding, Edge before)
    : depth_(depth), encoding_(std::move(encoding)), before_(before) {}

std::string Stream::inner_encoding(std::string_view name) const {
    return encoding_.empty() ? std::string(name) : encoding_ + '>' + std::string(name);
}

void Stream::declare(Coding coding) {
    if (declared_) {
        packed_.front()->inner->declare(coding);
        return;
    }
    declared_ = true;
    packed_.push_back(std::make_unique<Packed>(coding, 0, depth_ + 1, inner_encoding(to_text(coding))));
}

void Stream::feed(Context& context, std::string_view bytes, Edge edge) {
    do {
        const std::string_view piece = bytes.substr(0, block_size);
        bytes.remove_prefix(piece.size());
        const Edge piece_edge = bytes.empty() ? edge : Edge::open;
        const std::uint64_t begin = total_;
        total_ += piece.size();
        feed_packed(context, piece, begin, piece_edge);
        if (!declared_) {
            std::string& block = context.blocks[depth_];
            block.assign(carry_).append(piece);
            scan(context, block, piece_edge);
            carry_.assign(block, block.size() - std::min(block.size(), window));
        }
        if (piece_edge == Edge::end)
            judged_ = total_;
    } while (!bytes.empty() && context.ledger.problem().empty());
}

void Stream::read_whole(Context& context, std::string_view bytes, Edge edge) {
    total_ = bytes.size();
    scan(context, bytes, edge);
}

bool Stream::is_whole() const {
    if (!declared_)
        return true;
    // A body without a byte is no broken one.
    const Packed& packed = *packed_.front();
    return total_ == 0 || (packed.decoder.at_end() && packed.inner->is_whole());
}

void Stream::scan(Context& context, std::string_view block, Edge edge) {
    const Layout layout = layout_of(block);
    const std::vector<Match> matches = context.engine.match(context.scratch, block, layout);
    const bool goes_on = edge == Edge::open;
    const bool came_before = before_ == Edge::open || total_ > block.size();
    for (const Match& match : matches) {
        if ((goes_on && match.end == block.size()) || (came_before && match.begin == 0))
            continue;
        const std::size_t before = context.findings.size();
        context.ledger.add(context.engine, match, block, encoding_, context.findings);
        if (context.findings.size() > before)
            context.findings.back().offset = total_ - block.size() + match.begin;
    }
    if (depth_ < max_depth)
        look_inside(context, block, layout, edge);
}

void Stream::look_inside(Context& context, std::string_view block, const Layout& layout, Edge edge) {
    const ByteMarks marks = find_byte_marks(block);
    for (const std::size_t at : marks.compressed)
        open_packed(context, block, at);
    // The first to find a secret names its encoding: the more common ones come first.
    std::vector<View> views;
    read_packed(block, layout.letters, views);
    for (const Run& region : layout.text) {
        const std::size_t before = views.size();
        read_text(block.substr(region.begin, region.end - region.begin), views);
        for (std::size_t i = before; i < views.size(); ++i)
            views[i].move(region.begin);
    }
    if (marks.unusual_letters)
        fold_letters(block, views);
    if (marks.utf16)
        narrow_utf16(block, views);
    for (const View& view : views)
        if (!open_letters(context, block, view, edge))
            read_view(context, view, block.size(), edge);
}

/// Something compressed that is written in letters, and may go on behind the block? A view holds its
/// beginning alone.
bool Stream::open_letters(Context& context, std::string_view block, const View& view, Edge edge) {
    const bool is_base64 = view.encoding == to_text(Coding::base64);
    const bool is_letters = is_base64 || view.encoding == to_text(Coding::hex);
    if (!is_letters || !begins_compressed(view.text))
        return false;
    const std::uint64_t begin = total_ - block.size() + view.begin;
    if (begin < next_letters_)
        return true;
    next_letters_ = begin + 1;
    auto packed = std::make_unique<Packed>(is_base64 ? Coding::base64 : Coding::hex, begin, depth_ + 1,
                                           inner_encoding(view.encoding));
    if (view.end == block.size() && edge == Edge::open)
        open(context, std::move(packed), block.substr(view.begin));
    else
        unpack(context, *packed, block.substr(view.begin, view.end - view.begin), Edge::end);
    return true;
}

/// `bytes`: the first ones. What is inside may go on behind them.
void Stream::open(Context& context, std::unique_ptr<Packed> packed, std::string_view bytes) {
    if (packed_.size() == max_packed)
        return context.ledger.fail("too many compressed parts in one another");
    if (unpack(context, *packed, bytes, Edge::open) == Unpacking::goes_on)
        packed_.push_back(std::move(packed));
}

void Stream::read_view(Context& context, const View& view, std::size_t block_bytes, Edge edge) {
    if (!context.ledger.spend(view.text.size(), false))
        return;
    const std::uint64_t block_begin = total_ - block_bytes;
    const Edge before = view.begin == 0 && block_begin > 0 ? Edge::open : Edge::end;
    const Edge behind = view.end == block_bytes ? edge : Edge::end;
    Stream inner(depth_ + 1, inner_encoding(view.encoding), before);
    const std::size_t first = context.findings.size();
    inner.read_whole(context, view.text, behind);
    for (std::size_t i = first; i < context.findings.size(); ++i)
        context.findings[i].offset =
            block_begin + view.source_of(static_cast<std::size_t>(context.findings[i].offset));
}

void Stream::open_packed(Context& context, std::string_view block, std::size_t at) {
    const std::uint64_t begin = total_ - block.size() + at;
    const std::string_view from = block.substr(at);
    const std::optional<Coding> coding = coding_of(from.substr(0, coding_magic_size));
    const std::optional<std::size_t> member = coding ? std::nullopt : deflated_member(from);
    if ((!coding && !member) || begin < next_magic_)
        return;
    next_magic_ = begin + 1;
    open(context,
         std::make_unique<Packed>(coding.value_or(Coding::deflate), begin, depth_ + 1,
                                  inner_encoding(member ? std::string_view("zip") : to_text(*coding))),
         from.substr(member.value_or(0)));
}

void Stream::feed_packed(Context& context, std::string_view bytes, std::uint64_t begin, Edge edge) {
    for (std::unique_ptr<Packed>& packed : packed_) {
        const bool over = unpack(context, *packed, bytes, edge) == Unpacking::over;
        packed->progress.emplace_back(begin + bytes.size(), packed->unpacked);
        while (packed->progress.size() > 1 && packed->progress[1].second <= packed->inner->settled())
            packed->progress.pop_front();
        if (over && declared_)
            context.ledger.fail("its " + std::string(to_text(packed->coding)) + " is broken");
        else if (over)
            packed.reset();
    }
    std::erase(packed_, nullptr);
}

Stream::Unpacking Stream::unpack(Context& context, Packed& packed, std::string_view bytes, Edge edge) {
    const std::size_t first = context.findings.size();
    std::string out;
    Decoder::Step step;
    bool said = false; // to the inner stream, that the bytes end here
    do {
        out.clear();
        step = packed.decoder.decode(bytes, out, unpack_size);
        bytes.remove_prefix(step.consumed);
        packed.unpacked += out.size();
        if (!context.ledger.spend(out.size(), true))
            break;
        const bool last = step.state != Decoder::State::full;
        const Edge inner_edge =
            last && (edge == Edge::end || step.state == Decoder::State::broken || packed.decoder.at_end())
                ? Edge::end
                : Edge::open;
        packed.inner->feed(context, out, inner_edge);
        said = last;
    } while (!said && context.ledger.problem().empty());
    for (std::size_t i = first; i < context.findings.size(); ++i)
        context.findings[i].offset = packed.begin;
    // Letters alone are read as views; this was opened for something compressed in them.
    const bool is_letters = packed.coding == Coding::base64 || packed.coding == Coding::hex;
    const bool is_over =
        step.state == Decoder::State::broken || (is_letters && packed.inner->packed_.empty());
    return is_over ? Unpacking::over : Unpacking::goes_on;
}

std::uint64_t Stream::settled_in(const Packed& packed) const {
    std::uint64_t settled = packed.begin;
    for (const auto& [taken, unpacked] : packed.progress)
        if (unpacked <= packed.inner->settled())
            settled = taken;
    return settled;
}

std::uint64_t Stream::settled() const {
    std::uint64_t settled =
        declared_ ? total_ : std::max(judged_, total_ - std::min<std::uint64_t>(total_, window));
    for (const std::unique_ptr<Packed>& packed : packed_)
        settled = std::min(settled, settled_in(*packed));
    return settled;
}

} // namespace egressd::scan
