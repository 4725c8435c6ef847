#include "config/kept_key.hpp"

#include "config/state_files.hpp"

#include <openssl/rand.h>

#include <filesystem>
#include <stdexcept>

namespace egressd::config {
namespace {

Result<std::string> read_key(const std::string& name, std::string_view exposed) {
    Result<std::string> key = read_private_file(name, exposed);
    if (key && key->size() != key_size)
        return Error{Side::self, name + " is not a key of " + std::to_string(key_size) + " bytes; remove it"};
    return key;
}

} // namespace

std::string new_key() {
    std::string key(key_size, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(key.data()), static_cast<int>(key.size())) != 1)
        throw std::runtime_error("no random bytes can be had for a key");
    return key;
}

Result<std::string> kept_key(const std::string& name, std::string_view exposed) {
    std::error_code error;
    if (std::filesystem::symlink_status(name, error).type() == std::filesystem::file_type::not_found) {
        std::string key = new_key();
        const Result<void> written = write_new_state_file(name, key, 0600);
        if (written)
            return key;
        if (std::filesystem::symlink_status(name, error).type() == std::filesystem::file_type::not_found)
            return written.error();
    }
    return read_key(name, exposed); // also where another process was first
}

} // namespace egressd::config
