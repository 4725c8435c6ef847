"""Proves that the checks of scripts/check can fail, and that they let good code pass. Run by scripts/check."""

import unittest

import coroutines
import includes

GOOD = [
    "co_await f();",
    "co_return co_await f(a, b);",
    "const auto [ec, n] = co_await socket.async_read_some(buffer, token);",
    "const auto r = co_await f(std::string(\"{?[\"));",
    "ec = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));",
    "auto executor = co_await asio::this_coro::executor;",
    "if (auto r = co_await f(); r) { g(); }",
    "if (ready) co_await f();",
    "for (int i = 0; i < 3; ++i) { co_await f(i); }",
    "switch (x) { case 1: co_await f(); break; default: co_await g(); }",
    "switch (x) { case Kind::one: r = co_await f(); }",
    "// while (co_await f()) {}\nco_await f();",
    "this->x_ = co_await obj->method<int>(std::move(a));",
    "auto p = co_await f(1)(2);",
    "asio::co_spawn(io, session(std::move(p)), done);\nawaitable<void> session(Socket socket) {}",
    "members.at(0).value = co_await f();",
]

BAD = [
    "if (co_await f()) {}",
    "while (!co_await f()) {}",
    "do { g(); } while ((co_await f()) == x);",
    "switch (co_await f()) {}",
    "if ((co_await f()) == x) {}",
    "while (auto r = co_await f()) {}",
    "for (auto& x : co_await v()) {}",
    "co_await f(Agg{1});",
    "co_await f({.a = 1});",
    "co_await Agg{1}.method();",
    "co_await f([x = y] { return x; });",
    "co_await f(a[0]);",
    "co_await f(c ? a : b);",
    "auto r = c ? co_await a() : co_await b();",
    "auto r = co_await (c ? a() : b());",
    "std::vector<T> v{co_await a(), co_await b()};",
    "const bool both = co_await a() && co_await b();",
    "const bool same = co_await a() == x;",
    "const int n = 1 + co_await a();",
    "g(co_await f());",
    "co_return g(co_await f());",
    "co_return !co_await f();",
    "const bool same = x == co_await f();",
    "asio::co_spawn(co_await asio::this_coro::executor, session(p), done);",
    "asio::co_spawn(io, [p]() -> awaitable<void> { co_return; }, done);",
    "asio::co_spawn(io, [p]() -> awaitable<void> { co_return; }(), done);",
    "asio::co_spawn(io, session(p), done);\nawaitable<void> session(const Peer& peer) {}",
    "asio::co_spawn(io, worker->session(p), done);\nasio::awaitable<void> Worker::session(Peer& peer);",
    "asio::awaitable<int> f(int n, Options o = {});",
]


class Coroutines(unittest.TestCase):
    def test_good_code_passes(self):
        for sample in GOOD:
            with self.subTest(sample):
                self.assertEqual([], coroutines.check({"proxy/a.cpp": sample}))

    def test_each_bad_form_is_found(self):
        for sample in BAD:
            with self.subTest(sample):
                self.assertNotEqual([], coroutines.check({"proxy/a.cpp": sample}))

    def test_a_finding_has_its_line(self):
        findings = coroutines.check({"proxy/a.cpp": "void f() {\n    co_await a();\n    g(co_await b());\n}\n"})
        self.assertEqual([("proxy/a.cpp", 3)], [(finding.path, finding.line) for finding in findings])


class Includes(unittest.TestCase):
    def assert_found(self, path, line, found):
        self.assertEqual(found, bool(includes.check({path: line + "\n"})), f"{path}: {line}")

    def test_layers(self):
        self.assert_found("policy/policy.cpp", '#include "net/host.hpp"', False)
        self.assert_found("net/host.cpp", '#include "policy/policy.hpp"', True)
        self.assert_found("policy/policy.cpp", '#include "audit/journal.hpp"', True)
        self.assert_found("dns/resolver.cpp", '#include "config/settings.hpp"', True)
        self.assert_found("cli/main.cpp", '#include "config/settings.hpp"', False)
        self.assert_found("tests/unit/net/host_test.cpp", '#include "net/host.hpp"', False)

    def test_an_include_names_its_folder_and_exists(self):
        self.assert_found("net/host.cpp", '#include "host.hpp"', True)
        self.assert_found("net/host.cpp", '#include "net/no_such_file.hpp"', True)

    def test_one_library_one_folder(self):
        for folder, header, found in [
                ("config", "yaml-cpp/yaml.h", False), ("policy", "yaml-cpp/yaml.h", True),
                ("dns", "ares.h", False), ("proxy", "ares.h", True),
                ("proxy", "boost/beast/http/parser.hpp", False), ("net", "boost/beast/core/flat_buffer.hpp", True),
                ("cli", "CLI/CLI.hpp", False), ("config", "CLI/CLI.hpp", True),
                ("proxy", "openssl/ssl.h", False), ("net", "openssl/ssl.h", True), ("net", "openssl/sha.h", False),
                ("net", "catch2/catch.hpp", True), ("tests", "catch2/catch.hpp", False)]:
            self.assert_found(f"{folder}/a.cpp", f"#include <{header}>", found)

    def test_pure_folders_do_no_input_and_output(self):
        self.assert_found("policy/a.cpp", "#include <boost/asio/awaitable.hpp>", True)
        self.assert_found("policy/a.cpp", "#include <boost/asio/ip/address.hpp>", False)

    def test_whole_libraries_are_not_included(self):
        self.assert_found("proxy/a.cpp", "#include <boost/asio.hpp>", True)
