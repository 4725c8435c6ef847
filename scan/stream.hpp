// One reading of a stream, and the readings inside it: scanned block by block, each with the end of the one
// before it in front, so that what is cut by the blocks is seen whole.
#pragma once

#include "scan/coding.hpp"
#include "scan/engine_impl.hpp"
#include "scan/scanner.hpp"
#include "scan/view.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace egressd::scan {

/// What the streams of one depth scan now. They nest, but one depth has one at a time.
using Blocks = std::array<std::string, max_depth + 2>;

class Scratch::Impl {
public:
    MatchScratch match;
    Blocks blocks;
};

/// What the readings of one stream share: what was found, and how much work it may still cause.
class Ledger {
public:
    /// Appends to `findings` what was not found before.
    void add(const Engine::Impl& engine, const Match& match, std::string_view block,
             std::string_view encoding, std::vector<Finding>& findings);
    /// `bytes` came in from outside.
    void take_in(std::size_t bytes) { taken_in_ += bytes; }
    /// `bytes` are to be scanned in an inner reading, `unpacked` of them out of something compressed. False
    /// when that is more than an honest stream needs; problem() says so.
    bool spend(std::size_t bytes, bool unpacked);
    void fail(std::string problem);
    const std::string& problem() const { return problem_; }

private:
    std::vector<std::pair<const Rule*, Digest>> seen_;
    std::uint64_t taken_in_ = 0;
    std::uint64_t scanned_ = 0;
    std::uint64_t unpacked_ = 0;
    std::string problem_;
};

struct Context {
    const Engine::Impl& engine;
    MatchScratch& scratch;
    Blocks& blocks;
    Ledger& ledger;
    std::vector<Finding>& findings;
};

/// What stands at a place of the stream that is judged now.
enum class Edge {
    open, // it goes on: what touches it is judged later, or was judged before
    end,
};

class Stream {
public:
    /// `encoding`: the chain so far ("gzip>base64"). `before`: whether something stood before its first byte.
    Stream(unsigned depth, std::string encoding, Edge before = Edge::end);
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    /// From now on the bytes are those of this coding, and nothing else.
    void declare(Coding coding);
    void feed(Context& context, std::string_view bytes, Edge edge);
    /// The one block of a stream that is no longer than that: nothing is copied and kept.
    void read_whole(Context& context, std::string_view bytes, Edge edge);
    /// False when something declared is cut short.
    bool is_whole() const;
    std::uint64_t settled() const;

private:
    /// Something compressed, from its first byte on.
    struct Packed {
        Packed(Coding coding, std::uint64_t begins, unsigned depth, std::string encoding);
        Coding coding;
        Decoder decoder;
        std::uint64_t begin;
        std::unique_ptr<Stream> inner;
        std::uint64_t unpacked = 0;
        /// (bytes of this stream, bytes they unpacked to), both from the beginning.
        std::deque<std::pair<std::uint64_t, std::uint64_t>> progress;
    };
    enum class Unpacking { goes_on, over };

    void scan(Context& context, std::string_view block, Edge edge);
    void look_inside(Context& context, std::string_view block, const Layout& layout, Edge edge);
    void read_view(Context& context, const View& view, std::size_t block_size, Edge edge);
    void open_packed(Context& context, std::string_view block, std::size_t at);
    bool open_letters(Context& context, std::string_view block, const View& view, Edge edge);
    void open(Context& context, std::unique_ptr<Packed> packed, std::string_view bytes);
    void feed_packed(Context& context, std::string_view bytes, std::uint64_t begin, Edge edge);
    Unpacking unpack(Context& context, Packed& packed, std::string_view bytes, Edge edge);
    std::uint64_t settled_in(const Packed& packed) const;
    std::string inner_encoding(std::string_view name) const;

    unsigned depth_;
    std::string encoding_;
    Edge before_;
    std::uint64_t total_ = 0;
    std::uint64_t judged_ = 0; // what pause and finish have judged to its end
    std::string carry_;        // the end of what was scanned
    std::uint64_t next_magic_ = 0;
    std::uint64_t next_letters_ = 0;
    std::vector<std::unique_ptr<Packed>> packed_;
    bool declared_ = false;
};

} // namespace egressd::scan
