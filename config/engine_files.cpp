#include "config/engine_files.hpp"

#include "config/kept_key.hpp"
#include "config/state_files.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace egressd::config {
namespace {

namespace fs = std::filesystem;

constexpr const char* database_prefix = "rules-";
constexpr const char* database_suffix = ".db";

class Keeper {
public:
    Keeper(const std::string& directory, const Say& say) : say_(say) {
        if (directory.empty())
            return;
        if (const Result<void> made = make_private_directory(directory); made)
            directory_ = directory;
        else
            tell(made.error().message + "; nothing is kept for the next time");
    }

    void tell(const std::string& line) const {
        if (say_)
            say_(line);
    }

    /// The key on the disk, a new one that is there from now on, or one for this process alone.
    std::string fingerprint_key() const {
        if (directory_.empty())
            return new_key();
        const Result<std::string> key = kept_key(directory_ + "/fingerprint.key", exposed_key);
        if (key)
            return *key;
        tell(key.error().message + "; fingerprints are of this run alone");
        return new_key();
    }

    /// Empty when there is none that may be used.
    std::string compiled(const std::string& name) const {
        std::error_code error;
        if (name.empty() || fs::symlink_status(name, error).type() == fs::file_type::not_found)
            return {};
        Result<std::string> bytes =
            read_private_file(name, "the rules are compiled anew and the file is replaced", max_compiled);
        if (!bytes) {
            tell(bytes.error().message);
            return {};
        }
        fs::last_write_time(name, fs::file_time_type::clock::now(), error); // it is in use: prune() spares it
        return std::move(*bytes);
    }

    void keep(const std::string& name, const std::string& compiled) const {
        if (name.empty())
            return;
        if (compiled.size() > max_compiled)
            return tell("the compiled rules are too large to be kept; they are compiled at each start");
        if (const Result<void> written = write_state_file(name, compiled, 0600); !written)
            return tell(written.error().message + "; the rules are compiled at each start");
        prune();
    }

    /// Where the compiled form of these rules is kept; empty: nowhere.
    std::string database(const std::vector<scan::Rule>& rules) const {
        if (directory_.empty())
            return {};
        return directory_ + "/" + database_prefix + scan::compiled_key(rules) + database_suffix;
    }

private:
    /// Older versions of the rules are of no use to anybody.
    void prune() const {
        std::vector<std::pair<fs::file_time_type, fs::path>> databases;
        std::error_code error;
        for (const fs::directory_entry& entry : fs::directory_iterator(directory_, error)) {
            const std::string name = entry.path().filename().string();
            if (name.starts_with(database_prefix) && name.ends_with(database_suffix))
                databases.emplace_back(entry.last_write_time(error), entry.path());
        }
        std::sort(databases.rbegin(), databases.rend());
        for (std::size_t i = kept_databases; i < databases.size(); ++i)
            fs::remove(databases[i].second, error);
    }

    static constexpr const char* exposed_key =
        "remove it: who has it can tell which secret a fingerprint in the log is of";

    std::string directory_; // empty: nothing is kept
    const Say& say_;
};

} // namespace

std::shared_ptr<const scan::Engine> load_engine(const std::string& state_dir, std::vector<scan::Rule> rules,
                                                std::vector<scan::KnownSecret> known, const Say& say) {
    const Keeper keeper(state_dir, say);
    const std::string database = keeper.database(rules);
    scan::EngineInput input;
    input.compiled = keeper.compiled(database);
    if (input.compiled.empty())
        keeper.tell("compiling " + std::to_string(rules.size()) + " rules of secrets" +
                    (database.empty() ? "" : ", which is done once for each version") + " ...");
    input.fingerprint_key = keeper.fingerprint_key();
    input.rules = std::move(rules);
    input.known = std::move(known);
    const auto engine = std::make_shared<const scan::Engine>(std::move(input));
    if (!engine->was_compiled())
        keeper.keep(database, engine->compiled());
    return engine;
}

} // namespace egressd::config
