// Many patterns at once over a block: Vectorscan, behind RAII. It reports where matches end, in order; what
// they are worth is decided elsewhere.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct hs_database;
struct hs_scratch;

namespace egressd::scan {

struct Expression {
    std::uint32_t id = 0; // of its hits
    std::string text;
    bool caseless = false;
    bool once = false; // reported at most once a block
};

struct DatabaseDeleter {
    void operator()(hs_database* database) const;
};
struct ScratchDeleter {
    void operator()(hs_scratch* scratch) const;
};
using DatabaseScratch = std::unique_ptr<hs_scratch, ScratchDeleter>;

/// Where a match ends: `id` is its expression's, or the index of its literal.
struct Hit {
    std::uint32_t id = 0;
    std::size_t end = 0;
};

class Database {
public:
    /// Throws std::runtime_error for what cannot be compiled, and when memory runs out.
    static Database of_expressions(const std::vector<Expression>& expressions);
    /// Exact bytes; none empty, none begins with NUL.
    static Database of_literals(const std::vector<std::string>& literals);
    /// What serialized() returned on a machine with the same processor features; nullopt for anything else.
    static std::optional<Database> deserialize(std::string_view bytes);

    std::string serialized() const;
    /// `scratch` is made when it is empty; one a thread.
    void prepare(DatabaseScratch& scratch) const;
    /// Appends all hits in `block` to `hits`. `block` is at most 2^32 - 1 bytes.
    void scan(DatabaseScratch& scratch, std::string_view block, std::vector<Hit>& hits) const;

private:
    explicit Database(hs_database* database) : database_(database) {}
    std::unique_ptr<hs_database, DatabaseDeleter> database_;
};

/// Empty, or why the expression cannot be used; `max_width` is set where it can: the most bytes of a match,
/// UINT32_MAX for no bound.
std::string examine(const Expression& expression, std::uint32_t& max_width);

/// What compiled databases depend on besides their patterns: the library's version and the processor.
std::string database_platform();

} // namespace egressd::scan
