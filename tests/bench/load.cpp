// bench_load: makes load on a proxy (or, without one, on the origin itself) and prints one JSON object of
// figures. scripts/bench runs it; it is also handy beside a profiler. Its own origin mode is the other end of
// the tunnels.
#include "tests/bench/origin.hpp"
#include "tests/bench/run.hpp"
#include "tests/bench/tls_origin.hpp"
#include "tests/bench/tls_run.hpp"
#include "tests/bench/wire.hpp"

#include <charconv>
#include <csignal>
#include <cstdio>
#include <exception>
#include <map>
#include <stdexcept>
#include <unistd.h>

namespace {

using namespace egressd::bench;

constexpr const char* help = R"(usage: bench_load COMMAND [--OPTION VALUE ...] [-- PROGRAM ARGS]

  origin  --listen ADDR:PORT                 the other end of the tunnels; runs until it is killed
  tunnels --to ADDR:PORT [--connect H:P]     new tunnels a second: connect, CONNECT, hello, small answer, close
  denied  --to ADDR:PORT --connect H:P       refused CONNECTs a second, each on a new connection; expects 403
  bulk    --to ADDR:PORT [--connect H:P]     bytes a second; --direction down|up
  idle    --to ADDR:PORT [--connect H:P]     opens --connections tunnels, says so, keeps them until its stdin ends
  tls     --to ADDR:PORT [--connect H:P] --ca FILE
                                             answers a second inside TLS, over connections that stay open;
                                             says when all of these are open and the count begins
  tls-origin --listen ADDR:PORT --cert FILE --key FILE
                                             the other end of it: GET /N answers N bytes; bodies are read to the end
  start   --to ADDR:PORT --get URL -- PROGRAM ARGS
                                             milliseconds from exec of PROGRAM to its first 200 for URL

  --to ADDR:PORT      the proxy, or the origin when there is no --connect
  --connect HOST:PORT the CONNECT target; HOST is also the SNI of the hello
  --connections N     at once (default 64; bulk 1; idle 5000)
  --ms N              how long to measure (default 3000)
  --names N           denied: take turns over n0.HOST, n1.HOST ... (default: HOST alone)
  --answer N          bytes of the origin's small answer (default 100)
  --ca FILE           tls: who must have signed the certificate that the client is shown
  --path PATH         tls: what is asked for (default /1k)
  --post N            tls: POST as many bytes instead of GET
  --requests N        tls: end after as many answers
  --fresh WHAT        tls: "connection": a new one for each answer; "name": and a new name, n1.HOST, n2.HOST ...

Example, with a profiler on egressd:
  bench_load origin --listen 127.0.0.1:9443 &
  bench_load tunnels --to 127.0.0.1:3128 --connect origin.test:9443 --ms 10000
)";

struct Arguments {
    std::string command;
    std::map<std::string, std::string> options;
    std::vector<std::string> program;

    std::string text(const std::string& name, const std::string& otherwise) const {
        const auto found = options.find(name);
        return found == options.end() ? otherwise : found->second;
    }

    std::string required(const std::string& name) const {
        const auto found = options.find(name);
        if (found == options.end()) {
            throw std::runtime_error(command + " needs --" + name);
        }
        return found->second;
    }

    std::uint32_t number(const std::string& name, std::uint32_t otherwise) const {
        const auto found = options.find(name);
        if (found == options.end()) {
            return otherwise;
        }
        const char* const end = found->second.data() + found->second.size();
        std::uint32_t value = 0;
        if (std::from_chars(found->second.data(), end, value).ptr != end || value == 0) {
            throw std::runtime_error("--" + name + " needs a number above 0");
        }
        return value;
    }
};

Arguments parse_arguments(const std::vector<std::string>& words) {
    Arguments arguments;
    arguments.command = words.at(0);
    for (std::size_t at = 1; at < words.size(); at += 2) {
        if (words[at] == "--") {
            arguments.program.assign(words.begin() + static_cast<std::ptrdiff_t>(at) + 1, words.end());
            break;
        }
        if (!words[at].starts_with("--") || at + 1 == words.size()) {
            throw std::runtime_error("'" + words[at] + "' is not an option with a value");
        }
        arguments.options[words[at].substr(2)] = words[at + 1];
    }
    return arguments;
}

Script make_script(const Arguments& arguments, const std::string& target, Request request) {
    Script script;
    script.endpoint = parse_endpoint(arguments.required("to"));
    if (!target.empty()) {
        script.connect = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n\r\n";
    }
    const std::string name = target.empty() ? "origin.test" : target.substr(0, target.rfind(':'));
    script.hello = hello(name, request);
    script.answer = request.order == Order::answer ? request.amount : 0;
    return script;
}

std::chrono::milliseconds duration(const Arguments& arguments) {
    return std::chrono::milliseconds(arguments.number("ms", 3000));
}

int report(const Exchanges& result) {
    std::printf("{\"done\": %llu, \"failed\": %llu, \"seconds\": %.3f, \"per_second\": %.1f}\n",
                static_cast<unsigned long long>(result.done), static_cast<unsigned long long>(result.failed),
                result.seconds, static_cast<double>(result.done) / result.seconds);
    if (result.failed > 0) {
        std::fprintf(stderr, "bench_load: first failure: %.300s\n", result.failure.c_str());
    }
    return result.done == 0 ? 1 : 0;
}

int exchanges(const Arguments& arguments, const std::vector<Script>& scripts) {
    return report(run_exchanges(scripts, arguments.number("connections", 64), duration(arguments)));
}

int tunnels(const Arguments& arguments) {
    return exchanges(arguments, {make_script(arguments, arguments.text("connect", ""),
                                             {Order::answer, arguments.number("answer", 100)})});
}

int denied(const Arguments& arguments) {
    const std::string target = arguments.required("connect");
    const std::uint32_t names = arguments.number("names", 1);
    std::vector<Script> scripts;
    for (std::uint32_t number = 0; number < names; ++number) {
        const std::string prefix = names == 1 ? "" : "n" + std::to_string(number) + ".";
        Script script = make_script(arguments, prefix + target, {});
        script.hello.clear();
        script.status = "403";
        scripts.push_back(std::move(script));
    }
    return exchanges(arguments, scripts);
}

int bulk(const Arguments& arguments) {
    const bool up = arguments.text("direction", "down") == "up";
    const Script script =
        make_script(arguments, arguments.text("connect", ""), {up ? Order::sink : Order::source, 0});
    const Bulk result = run_bulk(script, up ? Direction::up : Direction::down,
                                 arguments.number("connections", 1), duration(arguments));
    std::printf("{\"bytes\": %llu, \"seconds\": %.3f, \"gb_per_second\": %.3f}\n",
                static_cast<unsigned long long>(result.bytes), result.seconds,
                static_cast<double>(result.bytes) / 1e9 / result.seconds);
    return 0;
}

int idle(const Arguments& arguments) {
    const Script script = make_script(arguments, arguments.text("connect", ""),
                                      {Order::answer, arguments.number("answer", 100)});
    const std::vector<Tunnel> open =
        open_idle(script, arguments.number("connections", 5000), std::chrono::seconds(120));
    std::printf("{\"open\": %zu}\n", open.size());
    std::fflush(stdout);
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
    return 0;
}

int tls(const Arguments& arguments) {
    TlsPlan plan;
    plan.endpoint = parse_endpoint(arguments.required("to"));
    plan.authority = arguments.text("connect", "");
    plan.through_proxy = !plan.authority.empty();
    if (!plan.through_proxy) {
        plan.authority = "origin.test:" + std::to_string(ntohs(plan.endpoint.sin_port));
    }
    plan.ca_file = arguments.required("ca");
    plan.request.path = arguments.text("path", "/1k");
    plan.request.body = arguments.number("post", 0);
    plan.connections = arguments.number("connections", 64);
    const std::string fresh = arguments.text("fresh", "");
    plan.keep_alive = fresh.empty();
    plan.new_names = fresh == "name";
    plan.requests = arguments.number("requests", 0);
    plan.duration = duration(arguments);
    return report(run_tls(std::move(plan), [] {
        std::puts("{\"open\": true}");
        std::fflush(stdout);
    }));
}

int start(const Arguments& arguments) {
    if (arguments.program.empty()) {
        throw std::runtime_error("start needs -- PROGRAM");
    }
    const double elapsed =
        measure_start(parse_endpoint(arguments.required("to")), arguments.required("get"), arguments.program);
    std::printf("{\"ms\": %.2f}\n", elapsed);
    return 0;
}

int run(const std::vector<std::string>& words) {
    if (words.empty() || words.front() == "--help" || words.front() == "-h") {
        std::fputs(help, stdout);
        return words.empty() ? 2 : 0;
    }
    const Arguments arguments = parse_arguments(words);
    raise_descriptor_limit();
    std::signal(SIGPIPE, SIG_IGN); // OpenSSL writes to sockets without MSG_NOSIGNAL
    if (arguments.command == "origin") {
        serve_origin(parse_endpoint(arguments.required("listen")));
    }
    if (arguments.command == "tls-origin") {
        serve_tls_origin(parse_endpoint(arguments.required("listen")), arguments.required("cert"),
                         arguments.required("key"));
    }
    const std::map<std::string, int (*)(const Arguments&)> commands = {
        {"tunnels", tunnels}, {"denied", denied}, {"bulk", bulk},
        {"idle", idle},       {"tls", tls},       {"start", start}};
    const auto command = commands.find(arguments.command);
    if (command == commands.end()) {
        throw std::runtime_error("unknown command '" + arguments.command + "'; see --help");
    }
    return command->second(arguments);
}

} // namespace

int main(int argc, char** argv) {
    try {
        return run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_load: %s\n", error.what());
        return 1;
    }
}
