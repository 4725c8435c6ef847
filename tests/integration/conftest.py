"""Fixtures: a fresh outside world and a fresh egressd for each test, all inside the suite's own network namespace."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import namespace  # noqa: E402 - the path comes first

namespace.enter()  # before any test starts a thread

from support.certificates import Authority  # noqa: E402
from support.dns_server import DnsServer  # noqa: E402
from support.egressd import BINARY, Egressd  # noqa: E402
from support.origin import Origin, tls_context  # noqa: E402
from support.servers import Nginx  # noqa: E402


def pytest_sessionstart():
    if not BINARY.exists():
        raise pytest.UsageError(f"{BINARY} does not exist; build it, or name another in EGRESSD_BINARY")


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def leaf(authority):
    """(certificate, key) for origin.test and what is below it."""
    return authority.issue("origin.test", "*.origin.test", "git.test", "second.test")


@pytest.fixture
def dns():
    with DnsServer({"origin.test": "93.184.216.34"}) as server:
        yield server


@pytest.fixture
def origin():
    """http://origin.test/, recorded; every address of the world on port 80."""
    with Origin(port=80) as server:
        yield server


@pytest.fixture
def tls_origin(leaf):
    """https://origin.test/, recorded."""
    with Origin(port=443, tls=tls_context(leaf)) as server:
        yield server


@pytest.fixture
def serve_tls(leaf):
    """serve_tls(handler, …) is https://origin.test/ with a handler, certificate or context of the test's own."""
    servers = []

    def serve(handler=None, *, port=443, certificate=None, context=None):
        server = Origin(handler, port=port, tls=context or tls_context(certificate or leaf))
        servers.append(server)
        return server

    yield serve
    for server in servers:
        server.close()


@pytest.fixture
def nginx(tmp_path, leaf):
    """A real origin for http and https; git repositories of `nginx.projects` under /git/."""
    projects = tmp_path / "projects"
    projects.mkdir()
    with Nginx(tmp_path / "nginx", *leaf, projects=projects) as server:
        server.projects = projects
        yield server


@pytest.fixture
def start(tmp_path, dns, authority):
    """start(config, …) runs egressd on `config`, with `dns` as its resolver and `authority` trusted for origins; what still runs at the end
    is stopped and its log checked."""
    running = []

    def starter(config=None, **options):
        folder = tmp_path / f"egressd-{len(running)}"
        folder.mkdir()
        options = {"dns": dns, "trusted": authority.certificate, **options}
        egressd = Egressd(folder, {"allow": ["origin.test"]} if config is None else config, **options)
        running.append(egressd)
        return egressd.start()

    yield starter
    failures = []
    for egressd in running:
        if egressd.process and egressd.process.running():
            try:
                egressd.stop().attempts()
            except AssertionError as failure:
                failures.append(failure)
    assert not failures, failures
