#include "config/surroundings.hpp"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <unistd.h>

namespace egressd::config {
namespace {

Result<std::string> read_file(const std::string& path) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored))
        return Error{Side::self, "it is a directory"};
    errno = 0;
    std::ifstream stream(path, std::ios::binary);
    if (!stream)
        return Error{Side::self, std::generic_category().message(errno != 0 ? errno : EIO)};
    std::string text(max_file_bytes + 1, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (stream.bad())
        return Error{Side::self, std::generic_category().message(EIO)};
    text.resize(static_cast<std::size_t>(stream.gcount()));
    if (text.size() > max_file_bytes)
        return Error{Side::self, "it is larger than 4 MiB"};
    return text;
}

std::optional<std::string> variable(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr)
        return std::nullopt;
    return value;
}

} // namespace

Surroundings real_surroundings() {
    return {read_file, variable, ::geteuid() == 0};
}

std::string beside(const std::string& file, const std::string& path) {
    return (std::filesystem::path(file).parent_path() / path).lexically_normal().string();
}

} // namespace egressd::config
