// Which variables make a client use egressd and trust it? Pure text from the proxy's address, the directory
// of the files, and the environment as it is. Setting them twice is the same as setting them once: what was
// the user's own is remembered in variables that begin with EGRESSD_USER_.
#pragma once

#include "cli/shell.hpp"
#include "net/host.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace egressd::cli {

using Lookup = std::function<std::optional<std::string>(const std::string& name)>;

/// The files in the directory of `egressd env`.
struct ClientFiles {
    explicit ClientFiles(const std::string& directory);

    std::string directory;
    std::string bundle;     // PEM: the system's roots, the user's, upstream.ca, and our CA
    std::string truststore; // the same for Java
    std::string wgetrc;
    std::string apt_config; // read first by apt ...
    std::string apt_main;   // ... and this one last, after all that the system configures
};

/// What the user had set before egressd, each "" where there was nothing.
struct UserFiles {
    std::string roots; // SSL_CERT_FILE
    std::string wgetrc;
    std::string apt_config;
};

UserFiles find_user_files(const ClientFiles& files, const Lookup& variable);

/// In the order in which they are printed.
std::vector<Variable> client_environment(const net::Authority& proxy, const ClientFiles& files,
                                         const Lookup& variable);

/// `own`: the content of the user's wgetrc. Ours come behind it, where they win.
std::string wgetrc_text(const net::Authority& proxy, const ClientFiles& files, const std::string& own);
std::string apt_config_text(const ClientFiles& files, const std::string& own_file);
/// `system_file`: /etc/apt/apt.conf where there is one, whose place this file takes; else "".
std::string apt_main_text(const net::Authority& proxy, const ClientFiles& files,
                          const std::string& system_file);

/// Entries of NO_PROXY or no_proxy that are not this machine: what they name goes past egressd.
std::vector<std::string> exceptions_in(const std::string& no_proxy);

} // namespace egressd::cli
