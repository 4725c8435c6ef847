// Through which door did a client come in? A listening socket with an identity: what it is called, and which
// task speaks through it. Some will live in other network namespaces.
#pragma once

#include "net/result.hpp"
#include "policy/policy.hpp"

#include <memory>
#include <string>
#include <vector>

namespace egressd::proxy {

class Listener {
public:
    /// Opens a TCP listener, and `datagrams` UDP sockets beside it; the error names the address and the
    /// remedy. `name` is that of its key below `listen`. Port 0 takes one that is free.
    static Result<std::unique_ptr<Listener>> open(std::string name, const policy::Endpoint& endpoint,
                                                  std::size_t datagrams = 0);

    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    const std::string& name() const { return name_; }
    const std::string& task() const { return task_; }
    /// The address that was bound, with the real port.
    const policy::Endpoint& endpoint() const { return endpoint_; }
    /// Every address at which it can be reached: itself, or with a wildcard also all addresses of this
    /// machine's interfaces.
    std::vector<policy::Endpoint> reachable_at() const;
    /// A descriptor of the same listening socket for one worker, which owns it; -1 when no descriptor is
    /// left.
    int duplicate() const;
    /// True where questions for names come in, in place of requests.
    bool serves_names() const { return !datagrams_.empty(); }
    /// One of the UDP sockets likewise.
    int duplicate_datagrams(std::size_t index) const;
    /// No new client from here on, once the workers have closed theirs.
    void close();

private:
    Listener(std::string name, policy::Endpoint endpoint, int descriptor);
    static Result<std::unique_ptr<Listener>> open_stream(std::string name, const policy::Endpoint& endpoint);
    int open_datagrams(std::size_t count);

    std::string name_;
    std::string task_ = "default";
    policy::Endpoint endpoint_;
    int descriptor_;
    std::vector<int> datagrams_;
};

/// "127.0.0.1:3128", IPv6 in brackets.
std::string to_text(const policy::Endpoint& endpoint);

} // namespace egressd::proxy
