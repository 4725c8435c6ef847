// What does a client need to use egressd? The work of `egressd env`, without the command line: the files that
// clients read are written, and the variables that name them are printed.
#pragma once

#include "cli/client_environment.hpp"
#include "net/result.hpp"
#include "policy/policy.hpp"

#include <ostream>
#include <string>

namespace egressd::cli {

struct EnvRequest {
    std::string config;    // "": this user's defaults
    std::string proxy;     // http://host:port; "": from the configuration
    std::string directory; // where the files go; "": beside the state directory
    Shell shell = Shell::sh;
};

/// Returns the exit code. `variable` is the environment of the caller.
int print_environment(const EnvRequest& request, const Lookup& variable, std::ostream& out,
                      std::ostream& err);

/// The address at which clients on this machine reach a listener: a wildcard becomes the loopback address of
/// its family. An Error for port 0, which is known only once egressd runs.
Result<net::Authority> client_address(const policy::Endpoint& listener);

/// "http://host:port".
Result<net::Authority> parse_proxy_url(const std::string& text);

} // namespace egressd::cli
