// A folder of a test's own, closed to others, and gone with the test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace egressd::proxy::test {

class Folder {
public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "egressd-state-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr)
            throw std::runtime_error("cannot make a folder for the test");
        path_ = name;
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::string file(const std::string& name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

inline std::string read_text(const std::string& name) {
    std::ifstream stream(name, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

inline void write_text(const std::string& name, const std::string& text) {
    std::ofstream(name, std::ios::binary) << text;
}

inline unsigned mode_of(const std::string& name) {
    return static_cast<unsigned>(std::filesystem::status(name).permissions());
}

} // namespace egressd::proxy::test
