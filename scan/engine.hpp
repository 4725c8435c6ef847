// All rules and known secrets, compiled: given a block of bytes, which secrets stand in it as they are? What
// the bytes may be wrapped in is the scanner's question. Immutable and shared by all threads; each brings its
// own Scratch.
#pragma once

#include "scan/finding.hpp"
#include "scan/fragments.hpp"
#include "scan/known.hpp"
#include "scan/rule.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace egressd::scan {

/// Something is wrong with a rule.
struct RuleError {
    std::size_t rule = 0; // index among those given
    std::string message;
};

struct EngineInput {
    std::vector<Rule> rules;
    std::vector<KnownSecret> known;
    std::string fingerprint_key; // 32 random bytes, kept in the state directory
    /// What Engine::compiled() returned for the same rules on the same machine and version (see
    /// compiled_key); it makes the difference between milliseconds and seconds. Whatever else it is makes it
    /// be compiled anew.
    std::string compiled;
};

class Scratch;

class Engine {
public:
    /// Compiles, or throws std::runtime_error; RuleErrors are found by check_rules before.
    explicit Engine(EngineInput input);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    const std::vector<Rule>& rules() const;
    /// The parts of the known secrets.
    const FragmentIndex& fragments() const;
    /// What is to be said of a known secret that was seen in pieces, the last of them at `offset`.
    Finding split_finding(std::size_t secret, std::uint64_t offset) const;
    /// The compiled patterns of the rules, to be kept on disk; holds no known secret.
    std::string compiled() const;
    /// False when `compiled` was given and could be used.
    bool was_compiled() const;

    class Impl;
    const Impl& impl() const { return *impl_; }

private:
    std::unique_ptr<Impl> impl_;
};

/// The name under which the compiled form of `rules` may be kept: 64 hex digits over egressd's version, the
/// pattern library's, the processor's features and the patterns.
std::string compiled_key(const std::vector<Rule>& rules);

/// What cannot be compiled, has no name, is too long, names a check that does not exist, or is there twice.
std::vector<RuleError> check_rules(const std::vector<Rule>& rules);

} // namespace egressd::scan
