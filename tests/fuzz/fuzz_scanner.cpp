// Any bytes, whole and in pieces. Invariants: nothing crashes; what is settled grows, stays behind what was
// fed and ends at it; pieces find what the whole finds, as long as nothing is longer than the scanner's
// window; the work is bounded by the input's size.
#include "scan/scanner.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace egressd::scan;

void require(bool condition) {
    if (!condition)
        std::abort();
}

Rule rule(const char* id, const char* pattern, std::vector<std::string> keywords = {}) {
    Rule made;
    made.id = id;
    made.pattern = pattern;
    made.keywords = std::move(keywords);
    return made;
}

/// Short patterns, so that a fuzzer hits them.
const std::shared_ptr<const Engine>& engine() {
    static const std::shared_ptr<const Engine> made = [] {
        EngineInput input;
        input.rules = {rule("fixed", "tok_[0-9a-f]{8}"), rule("open", "\\bopn-[0-9a-z]{4,12}\\b"),
                       rule("context", "\\b([0-9a-f]{8})\\b", {"key"})};
        input.known = {{"env:KNOWN", "n0t-a-real-value", false}};
        input.fingerprint_key = std::string(32, 'k');
        return std::make_shared<const Engine>(std::move(input));
    }();
    return made;
}

std::vector<Finding> scan(Scratch& scratch, std::string_view bytes, std::size_t step) {
    Scanner scanner(engine());
    std::vector<Finding> found;
    std::uint64_t settled = 0;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        // A copy of its own size, so that an access behind it is seen by the sanitizer.
        const std::string piece(bytes.substr(at, step));
        scanner.feed(scratch, piece, found);
        require(scanner.settled() >= settled && scanner.settled() <= at + piece.size());
        settled = scanner.settled();
    }
    scanner.finish(scratch, found);
    require(scanner.settled() == bytes.size() || !scanner.problem().empty());
    for (const Finding& finding : found)
        require(finding.rule != nullptr && finding.fingerprint.size() == 16 &&
                finding.offset <= bytes.size());
    return found;
}

} // namespace

/// The first byte says in what pieces the rest arrives.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2 || size > window)
        return 0;
    static Scratch scratch(engine());
    const std::size_t step = 1 + data[0] % 64;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::vector<Finding> whole = scan(scratch, bytes, bytes.size());
    const std::vector<Finding> pieces = scan(scratch, bytes, step);
    for (const Finding& finding : whole)
        require(std::any_of(pieces.begin(), pieces.end(), [&](const Finding& other) {
            return other.rule == finding.rule && other.sha256 == finding.sha256;
        }));
    return 0;
}
