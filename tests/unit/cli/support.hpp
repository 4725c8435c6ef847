// A configuration file that lives as long as a test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace egressd::cli::test {

class ConfigFile {
public:
    explicit ConfigFile(const std::string& text) {
        std::string name = (std::filesystem::temp_directory_path() / "egressd-cli-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr)
            throw std::runtime_error("cannot make a directory for the test");
        directory_ = name;
        std::ofstream(path()) << text;
    }
    ~ConfigFile() {
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }
    ConfigFile(const ConfigFile&) = delete;
    ConfigFile& operator=(const ConfigFile&) = delete;

    std::string path() const { return directory_ / "allow.yaml"; }

private:
    std::filesystem::path directory_;
};

} // namespace egressd::cli::test
