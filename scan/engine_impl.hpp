// The engine's inside, for the scanner and the scratch alone.
#pragma once

#include "scan/confirm.hpp"
#include "scan/database.hpp"
#include "scan/engine.hpp"
#include "scan/expression.hpp"
#include "scan/layout.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace egressd::scan {

/// A secret that stands in a block as it is. `rule` lives as long as the engine.
struct Match {
    const Rule* rule = nullptr;
    Tier tier = Tier::block;
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string_view encoding;    // of a known secret's form
    std::string_view known_value; // of a known secret: the value itself
};

/// What one thread needs to match.
struct MatchScratch {
    DatabaseScratch rules;
    DatabaseScratch known;
    std::string runs; // of the block, and what stands around them
    MatchData data = make_match_data();
    std::vector<Hit> hits;
    std::vector<std::size_t> confirmed; // by rule: where its last match of this block ends
};

class Engine::Impl {
public:
    explicit Impl(EngineInput input);

    void prepare(MatchScratch& scratch) const;
    /// The secrets that stand in the block as they are, in order, none over another.
    std::vector<Match> match(MatchScratch& scratch, std::string_view block, const Layout& layout) const;
    std::string fingerprint(std::string_view secret) const;
    Finding split_finding(std::size_t secret, std::uint64_t offset) const;

    const std::vector<Rule>& rules() const { return rules_; }
    const FragmentIndex& fragments() const { return fragments_; }
    std::string compiled() const;
    bool was_compiled() const { return was_compiled_; }

private:
    struct KnownForm {
        std::size_t secret = 0;
        std::string encoding;
        std::size_t size = 0;
    };

    bool load(std::string_view compiled);
    void compile();
    void add_known(std::vector<KnownSecret> known);
    void find_in_text(MatchScratch& scratch, std::string_view block, const std::vector<Run>& text) const;
    void find_in_runs(MatchScratch& scratch, std::string_view block,
                      const std::vector<LetterRun>& runs) const;
    void confirm(MatchScratch& scratch, std::string_view block, const Hit& hit,
                 std::vector<Match>& matches) const;
    bool judge(std::string_view block, const Rule& rule, const Span& span, std::vector<Match>& matches) const;
    void match_known(MatchScratch& scratch, std::string_view block, std::vector<Match>& matches) const;

    std::vector<Rule> rules_;
    std::vector<std::unique_ptr<Confirmer>> confirmers_;
    std::vector<Reach> reaches_;
    std::optional<Database> text_database_;
    std::optional<Database> run_database_; // of the rules that demand a run
    bool was_compiled_ = false;

    std::vector<KnownSecret> known_;
    std::vector<Rule> known_rules_; // one for each known secret
    std::vector<KnownForm> forms_;
    std::optional<Database> known_database_;
    FragmentIndex fragments_;
    std::string fingerprint_key_;
};

} // namespace egressd::scan
