#include "scan/database.hpp"

#include <cstdlib>
#include <hs/hs.h>
#include <stdexcept>

namespace egressd::scan {

namespace {

unsigned flags_of(const Expression& expression) {
    return (expression.caseless ? HS_FLAG_CASELESS : 0U) | (expression.once ? HS_FLAG_SINGLEMATCH : 0U);
}

struct ErrorDeleter {
    void operator()(hs_compile_error_t* error) const { hs_free_compile_error(error); }
};
using CompileError = std::unique_ptr<hs_compile_error_t, ErrorDeleter>;

[[noreturn]] void throw_error(const CompileError& error) {
    throw std::runtime_error("cannot compile the secret rules: " +
                             std::string(error && error->message != nullptr ? error->message : "unknown"));
}

int on_match(unsigned id, unsigned long long, unsigned long long to, unsigned, void* context) {
    static_cast<std::vector<Hit>*>(context)->push_back(Hit{id, static_cast<std::size_t>(to)});
    return 0;
}

} // namespace

void DatabaseDeleter::operator()(hs_database* database) const {
    hs_free_database(database);
}

void ScratchDeleter::operator()(hs_scratch* scratch) const {
    hs_free_scratch(scratch);
}

Database Database::of_expressions(const std::vector<Expression>& expressions) {
    std::vector<const char*> texts;
    std::vector<unsigned> flags;
    std::vector<unsigned> ids;
    for (const Expression& expression : expressions) {
        ids.push_back(expression.id);
        texts.push_back(expression.text.c_str());
        flags.push_back(flags_of(expression));
    }
    hs_database_t* database = nullptr;
    hs_compile_error_t* error = nullptr;
    if (hs_compile_multi(texts.data(), flags.data(), ids.data(), static_cast<unsigned>(texts.size()),
                         HS_MODE_BLOCK, nullptr, &database, &error) != HS_SUCCESS)
        throw_error(CompileError(error));
    return Database(database);
}

Database Database::of_literals(const std::vector<std::string>& literals) {
    std::vector<const char*> texts;
    std::vector<std::size_t> sizes;
    std::vector<unsigned> ids;
    for (const std::string& literal : literals) {
        ids.push_back(static_cast<unsigned>(texts.size()));
        texts.push_back(literal.data());
        sizes.push_back(literal.size());
    }
    const std::vector<unsigned> flags(literals.size(), 0);
    hs_database_t* database = nullptr;
    hs_compile_error_t* error = nullptr;
    if (hs_compile_lit_multi(texts.data(), flags.data(), ids.data(), sizes.data(),
                             static_cast<unsigned>(texts.size()), HS_MODE_BLOCK, nullptr, &database,
                             &error) != HS_SUCCESS)
        throw_error(CompileError(error));
    return Database(database);
}

std::optional<Database> Database::deserialize(std::string_view bytes) {
    hs_database_t* database = nullptr;
    if (hs_deserialize_database(bytes.data(), bytes.size(), &database) != HS_SUCCESS)
        return std::nullopt;
    return Database(database);
}

std::string Database::serialized() const {
    char* bytes = nullptr;
    std::size_t size = 0;
    if (hs_serialize_database(database_.get(), &bytes, &size) != HS_SUCCESS)
        throw std::runtime_error("cannot serialize the compiled secret rules");
    std::string copy(bytes, size);
    std::free(bytes); // the library's default allocator is malloc
    return copy;
}

void Database::prepare(DatabaseScratch& scratch) const {
    hs_scratch_t* raw = scratch.release();
    const hs_error_t result = hs_alloc_scratch(database_.get(), &raw);
    scratch.reset(raw);
    if (result != HS_SUCCESS)
        throw std::runtime_error("no memory to scan with");
}

void Database::scan(DatabaseScratch& scratch, std::string_view block, std::vector<Hit>& hits) const {
    if (block.empty())
        return;
    if (hs_scan(database_.get(), block.data(), static_cast<unsigned>(block.size()), 0, scratch.get(),
                on_match, &hits) != HS_SUCCESS)
        throw std::runtime_error("the scan for secrets failed");
}

std::string examine(const Expression& expression, std::uint32_t& max_width) {
    hs_expr_info_t* info = nullptr;
    hs_compile_error_t* raw = nullptr;
    const hs_error_t result = hs_expression_info(expression.text.c_str(), flags_of(expression), &info, &raw);
    const CompileError error(raw);
    if (result != HS_SUCCESS)
        return error && error->message != nullptr ? error->message : "cannot be compiled";
    max_width = info->max_width;
    const bool matches_nothing = info->min_width == 0;
    std::free(info);
    return matches_nothing ? "it matches the empty text" : "";
}

std::string database_platform() {
    hs_platform_info_t platform{};
    if (hs_populate_platform(&platform) != HS_SUCCESS)
        return hs_version();
    return std::string(hs_version()) + '/' + std::to_string(platform.tune) + '/' +
           std::to_string(platform.cpu_features);
}

} // namespace egressd::scan
