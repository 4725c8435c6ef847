// The time from exec to the first served request, by asking in a tight loop: a refused connect costs
// microseconds on loopback.
#include "tests/bench/run.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace egressd::bench {

namespace {

constexpr auto ask_every = std::chrono::microseconds(200);
constexpr auto start_limit = std::chrono::seconds(20);
constexpr auto stop_limit = std::chrono::seconds(10);

/// A child process that is ended with this object.
class Child {
public:
    explicit Child(const std::vector<std::string>& command) {
        std::vector<char*> arguments;
        for (const std::string& word : command) {
            arguments.push_back(const_cast<char*>(word.c_str())); // posix_spawn does not write to them
        }
        arguments.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        const int error =
            ::posix_spawnp(&pid_, arguments.front(), &actions, nullptr, arguments.data(), environ);
        ::posix_spawn_file_actions_destroy(&actions);
        if (error != 0) {
            throw std::system_error(error, std::generic_category(), command.front());
        }
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    ~Child() {
        ::kill(pid_, SIGTERM);
        const Clock::time_point end = Clock::now() + stop_limit;
        while (::waitpid(pid_, nullptr, WNOHANG) == 0) {
            if (Clock::now() > end) {
                ::kill(pid_, SIGKILL);
                ::waitpid(pid_, nullptr, 0);
                return;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    }

private:
    pid_t pid_ = 0;
};

/// One request on a connection of its own; true when the answer is a 200.
bool ask(const Script& script) {
    Poll poll;
    Tunnel tunnel;
    const Clock::time_point end = Clock::now() + std::chrono::seconds(1);
    Tunnel::Progress progress = tunnel.begin(script, poll, 0);
    while (progress == Tunnel::Progress::pending && Clock::now() < end) {
        for (const epoll_event& event : poll.wait(end)) {
            progress = tunnel.advance(script, event.events);
        }
    }
    return progress == Tunnel::Progress::done;
}

} // namespace

double measure_start(const sockaddr_in& endpoint, const std::string& url,
                     const std::vector<std::string>& command) {
    const std::string authority = url.substr(7, url.find('/', 7) - 7); // after "http://"
    Script script;
    script.endpoint = endpoint;
    script.connect = "GET " + url + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n";
    const Clock::time_point start = Clock::now();
    const Child child(command);
    while (!ask(script)) {
        if (Clock::now() - start > start_limit) {
            throw std::runtime_error(command.front() + " did not serve a request in time");
        }
        std::this_thread::sleep_for(ask_every);
    }
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

} // namespace egressd::bench
