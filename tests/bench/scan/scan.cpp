// How fast is the scanner? For each FILE: the whole of it (all built-in rules, all encodings) and the pattern
// library alone with the same patterns, in GB a second of this thread's CPU time; the best of several rounds,
// because a busy machine can only slow one down.
#include "config/scan_rules.hpp"
#include "scan/database.hpp"
#include "scan/expression.hpp"
#include "scan/scanner.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace egressd;

constexpr std::size_t piece = 64 * 1024; // as bodies come
constexpr int rounds = 7;
constexpr double least_bytes = 50e6; // a round

double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// GB a second of `work`, which takes `size` bytes.
template <class Work>
double best_rate(std::size_t size, Work work) {
    const int times = 1 + static_cast<int>(least_bytes / static_cast<double>(size + 1));
    double best = 0;
    for (int round = 0; round < rounds; ++round) {
        const double began = cpu_seconds();
        for (int i = 0; i < times; ++i)
            work();
        best = std::max(best, static_cast<double>(size) * times / (cpu_seconds() - began) / 1e9);
    }
    return best;
}

template <class Visit>
void in_pieces(std::string_view text, Visit visit) {
    for (std::size_t at = 0; at < text.size(); at += piece)
        visit(text.substr(at, piece));
}

double rate_of_scanner(const std::shared_ptr<const scan::Engine>& engine, std::string_view text,
                       std::size_t& findings) {
    scan::Scratch scratch(engine);
    return best_rate(text.size(), [&] {
        std::vector<scan::Finding> found;
        scan::Scanner scanner(engine);
        in_pieces(text, [&](std::string_view part) { scanner.feed(scratch, part, found); });
        scanner.finish(scratch, found);
        findings = found.size();
    });
}

double rate_of_patterns(std::string_view text) {
    std::vector<scan::Expression> expressions;
    for (const scan::Rule& rule : config::builtin_rules()) {
        expressions.push_back(scan::expression_of(rule));
        expressions.back().id = static_cast<std::uint32_t>(expressions.size() - 1);
    }
    const scan::Database database = scan::Database::of_expressions(expressions);
    scan::DatabaseScratch scratch;
    database.prepare(scratch);
    std::vector<scan::Hit> hits;
    return best_rate(text.size(), [&] {
        in_pieces(text, [&](std::string_view part) {
            hits.clear();
            database.scan(scratch, part, hits);
        });
    });
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fputs("usage: bench_scan FILE...\n", stderr);
        return 2;
    }
    scan::EngineInput input;
    input.rules = config::builtin_rules();
    input.fingerprint_key = std::string(32, 'k');
    const auto engine = std::make_shared<const scan::Engine>(std::move(input));
    std::printf("%-32s %10s %10s %7s %9s\n", "file", "scanner", "patterns", "ratio", "findings");
    for (int i = 1; i < argc; ++i) {
        std::ifstream file(argv[i], std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
        if (text.empty()) {
            std::fprintf(stderr, "bench_scan: cannot read %s, or it is empty\n", argv[i]);
            return 2;
        }
        std::size_t findings = 0;
        const double whole = rate_of_scanner(engine, text, findings);
        const double bare = rate_of_patterns(text);
        const std::string name = std::string(argv[i]).substr(std::string(argv[i]).rfind('/') + 1);
        std::printf("%-32s %5.2f GB/s %5.2f GB/s %6.0f%% %9zu\n", name.c_str(), whole, bare,
                    100 * whole / bare, findings);
    }
}
