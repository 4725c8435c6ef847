// What secrets pass by in this stream, wherever they hide? Bytes are fed in pieces of any size; secrets are
// found as they are and inside encodings, nested, and what is still undecided is said to be held. Pure: no
// I/O.
#pragma once

#include "scan/coding.hpp"
#include "scan/engine.hpp"
#include "scan/finding.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace egressd::scan {

/// How deep encodings are followed: base64 of gzip of percent of hex is four.
inline constexpr unsigned max_depth = 4;
/// How many bytes the scanner keeps behind it, so that a secret that is cut by the pieces is seen whole. A
/// secret whose encoded form is longer may have left in part when it is found.
inline constexpr std::size_t window = 2048;

/// A thread's working memory for one engine; used by one scanner at a time.
class Scratch {
public:
    explicit Scratch(std::shared_ptr<const Engine> engine);
    ~Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    const std::shared_ptr<const Engine>& engine() const { return engine_; }
    class Impl;
    Impl& impl() { return *impl_; }

private:
    std::shared_ptr<const Engine> engine_;
    std::unique_ptr<Impl> impl_;
};

class Scanner {
public:
    /// `codings`: the stream's declared content codings, in the order in which they were applied. At most
    /// max_depth.
    explicit Scanner(std::shared_ptr<const Engine> engine, std::vector<Coding> codings = {});
    ~Scanner();
    Scanner(Scanner&&) noexcept;
    Scanner& operator=(Scanner&&) noexcept;

    /// Looks at the next bytes; appends to `found` each secret that was not yet found in this stream. What
    /// could still go on behind them is judged when it does.
    void feed(Scratch& scratch, std::string_view bytes, std::vector<Finding>& found);
    /// Judges all that has been fed as if it ended here (a message in a stream of messages); more may be fed.
    void pause(Scratch& scratch, std::vector<Finding>& found);
    /// The stream is over.
    void finish(Scratch& scratch, std::vector<Finding>& found);

    /// Bytes from the stream's beginning that hold no part of a secret that could still be found; what is
    /// behind them must not leave yet. Never less than before; the whole stream after finish(), and after
    /// pause() unless something compressed is still being unpacked.
    std::uint64_t settled() const;
    /// Why the stream could not be looked into ("a broken gzip body"); empty while it could. Stays.
    const std::string& problem() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// All of `bytes` at once.
std::vector<Finding> scan_all(Scratch& scratch, std::string_view bytes);

} // namespace egressd::scan
