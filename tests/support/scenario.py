"""Plays one file of tests/scenarios: a policy, what a client says byte by byte, what the outside world answers, and then everything that
must have been seen: by the client, by every origin, by the DNS server, and in the log. What a file does not name must not have happened."""

import threading

import yaml

from .client import ACCESS_DENIED
from .client_hello import client_hello
from .dns_server import Answer, DnsServer
from .egressd import Egressd, assert_refused
from .origin import Origin, ok
from .timing import REFUSAL, wait_until

KEYS = {"summary", "each", "policy", "names", "origins", "client", "origin_saw", "dns_saw", "audit", "log_lacks"}
END_FIELDS = {
    "decision",
    "ip",
    "tls",
    "status",
    "bytes_up",
    "bytes_down",
}  # of the end record; all others are the attempt's
# Where a refused attempt could have gone: these ports always listen, on every address.
WATCHED = (80, 443)
ORIGIN_NAME, ORIGIN_ADDRESS = "origin.test", "93.184.216.34"


def as_bytes(text):
    """What a scenario writes in double quotes with escapes: one character is one byte."""
    return text.encode("latin-1")


def as_head(text):
    """What a scenario writes as a block of lines: each ends in CRLF, and an empty one follows."""
    return text.rstrip("\n").replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n"


def _filled(part, value):
    """`part` with every {each} replaced by `value`."""
    if isinstance(part, dict):
        return {key: _filled(inner, value) for key, inner in part.items()}
    if isinstance(part, list):
        return [_filled(inner, value) for inner in part]
    if not isinstance(part, str):
        return part
    if isinstance(value, dict):
        for key, inner in value.items():
            mark = "{each." + key + "}"
            part = inner if part == mark else part.replace(mark, str(inner))
            if not isinstance(part, str):
                return part
    return value if part == "{each}" else part.replace("{each}", str(value))


def load(path):
    """The scenarios of a file: one, or one for each value of `each`."""
    scenario = yaml.safe_load(path.read_text())
    unknown = scenario.keys() - KEYS
    assert not unknown, f"{path.name}: unknown keys {unknown}"
    assert scenario.get("summary") and scenario.get("client"), path.name
    values = scenario.pop("each", None)
    return [scenario] if values is None else [_filled(scenario, value) for value in values]


class ScriptedOrigin:
    """Each request gets the next of `replies` (`head` lines, `raw` bytes); the last one stays. Extra keys: `raw_first` speaks before any byte is
    read, `on_head` answers before the body is read, `continues` asks for the body first, `tcp` answers the first bytes of any protocol; `then: close | reset | half_close` ends
    the connection. `tls` is the context of one that speaks TLS."""

    def __init__(self, port, script, tls=None):
        self._script = script or {}
        self._lock = threading.Lock()
        self._turn = 0
        self.origin = Origin(self._handle, port=port, tls=tls)

    def _next_reply(self):
        replies = self._script.get("replies") or [{"raw": ok().decode()}]
        with self._lock:
            reply = replies[min(self._turn, len(replies) - 1)]
            self._turn += 1
        return reply if isinstance(reply, dict) else {"head": reply}

    @staticmethod
    def _send(connection, reply):
        """True where the connection goes on."""
        head = as_head(reply["head"]) if "head" in reply else b""
        flood = as_bytes(reply.get("repeat", "")) * reply.get("times", 1)
        connection.send(head + as_bytes(reply.get("first", "")) + flood + as_bytes(reply.get("raw", "")))
        end = {"close": connection.close, "reset": connection.reset, "half_close": connection.finish_sending}.get(
            reply.get("then")
        )
        if end:
            end()
        return end is None

    def _handle(self, connection):
        if "raw_first" in self._script:
            connection.send(as_bytes(self._script["raw_first"]))
        if "tcp" in self._script:
            if connection.wait_for_bytes():
                self._send(connection, {"raw": self._script["tcp"], "then": self._script.get("then")})
        elif self._script.get("on_head"):
            while connection.read_head() is not None and self._send(connection, self._next_reply()):
                pass
        elif self._script.get("continues"):
            request = connection.read_head()
            if (request.header("expect") or "").lower() == "100-continue":
                connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.body = connection.read_body(request)
            connection.requests.append(request)
            connection.send(ok())
        else:
            while connection.read_request() is not None and self._send(connection, self._next_reply()):
                pass
        connection.read_rest()


class Player:
    """The outside world of one scenario, egressd in its middle, and the judgement. With `tls` (a server's context) port 443 speaks TLS, and
    `trusted` is the authority behind it."""

    def __init__(self, scenario, folder, *, tls=None, trusted=None):
        self._scenario = scenario
        self._ids = []
        names = {ORIGIN_NAME: ORIGIN_ADDRESS, **scenario.get("names", {})}
        self._dns = DnsServer()
        for name, answer in names.items():
            self._dns.script(name, *self._answers(answer))
        scripts = {port: None for port in WATCHED} | scenario.get("origins", {})
        self._origins = {
            port: ScriptedOrigin(port, script, tls if port == 443 else None) for port, script in scripts.items()
        }
        policy = scenario.get("policy", {"allow": [ORIGIN_NAME]})
        self._egressd = Egressd(folder, policy, dns=self._dns, trusted=trusted)

    @staticmethod
    def _answers(answer):
        """A name's answers: an address, a list of them, a mapping with `to` and Answer's fields, or {flip: [answers]}."""
        if isinstance(answer, dict) and "flip" in answer:
            return [made for one in answer["flip"] for made in Player._answers(one)]
        if isinstance(answer, dict):
            fields = dict(answer)
            to = fields.pop("to", [])
            return [Answer(tuple([to] if isinstance(to, str) else to), **fields)]
        return [Answer(tuple([answer] if isinstance(answer, str) else answer))]

    def close(self):
        self._egressd.kill()
        for scripted in self._origins.values():
            scripted.origin.close()
        self._dns.close()

    def play(self):
        self._egressd.start()
        client = self._egressd.client(timeout=REFUSAL)
        for step in self._scenario["client"]:
            assert len(step) == 1, f"one action a step: {step}"
            ((action, value),) = step.items()
            if action == "reconnect":
                client = self._egressd.client(timeout=REFUSAL)
            else:
                getattr(self, "_do_" + action)(client, value)
        log = self._egressd.stop()
        self._judge_origins()
        self._judge_dns()
        self._judge_log(log)

    # What a client may do.

    @staticmethod
    def _do_head(client, text):
        client.send(as_head(text))

    @staticmethod
    def _do_raw(client, text):
        client.send(as_bytes(text))

    @staticmethod
    def _do_fill(client, how):
        """Many bytes without writing them down: {text, times}."""
        client.send(as_bytes(how["text"]) * how["times"])

    @staticmethod
    def _do_hello(client, how):
        """A ClientHello; `pieces` sends it in so many segments."""
        how = dict(how or {})
        pieces = how.pop("pieces", 1)
        data = client_hello(**how)
        size = -(-len(data) // pieces)
        for at in range(0, len(data), size):
            client.send(data[at : at + size])

    def _do_inside(self, client, _):
        """CONNECT, and TLS by egressd's own certificate: what follows is said inside."""
        client.connect(f"{ORIGIN_NAME}:443").start_tls(ORIGIN_NAME, self._egressd.ca_file)

    @staticmethod
    def _do_half_close(client, _):
        client.half_close()

    # What a client must see.

    def _do_expect(self, client, expected):
        response = client.read_response(expected.get("to", "GET"))
        if "reason" in expected:
            self._ids.append(assert_refused(response, expected["reason"], expected.get("status")))
        else:
            assert response.status in expected.get(
                "status_in", [expected.get("status")]
            ), f"{response.head!r} {response.body!r}"
        for name, value in expected.get("headers", {}).items():
            assert response.header(name) == value, response.head
        if "body" in expected:
            assert response.body == as_bytes(expected["body"]), response
        for text in expected.get("contains", []):
            assert as_bytes(text) in response.head + response.body, response
        for text in expected.get("lacks", []):
            assert as_bytes(text).lower() not in (response.head + response.body).lower(), response

    @staticmethod
    def _do_expect_bytes(client, text):
        data = client.read_exactly(len(text))
        assert data == as_bytes(text), data

    @staticmethod
    def _do_expect_alert(client, _):
        data = client.read_to_end()
        assert ACCESS_DENIED.fullmatch(data), data

    @staticmethod
    def _do_closed(client, _):
        client.read_closed()

    def _do_expect_final(self, client, expected):
        """As expect, behind any number of interim answers."""
        response = client.read_response()
        while response.status < 200:
            response = client.read_response()
        assert response.status == expected["status"], response
        if "body" in expected:
            assert response.body == as_bytes(expected["body"]), response
        if "reason" in expected:
            self._ids.append(assert_refused(response, expected["reason"], expected["status"]))

    @staticmethod
    def _do_incomplete(client, _):
        """Either a refusal, or an answer whose body does not end as it should: a parser must not take it for whole."""
        try:
            response = client.read_response()
        except AssertionError as failure:
            assert "closed after" in str(failure), failure
            return
        assert response.status == 502, response

    @staticmethod
    def _do_end(client, _):
        """The other side ends; what it says before does not matter here."""
        client.read_to_end()

    @staticmethod
    def _do_refused(client, _):
        """The tunnel ends with an alert or without a word; never with a byte of the origin."""
        data = client.read_to_end()
        assert not data or ACCESS_DENIED.fullmatch(data), data

    @staticmethod
    def _do_socks_bound(client, _):
        """BND.ADDR and BND.PORT of a SOCKS5 reply."""
        size = {1: 4, 4: 16}[client.read_exactly(1)[0]]
        client.read_exactly(size + 2)

    @staticmethod
    def _do_socks_refused(client, _):
        """A reply that is not success, or none where the request was no SOCKS at all; then the end."""
        data = client.read_to_end()
        assert not data or (data[0] == 5 and data[1] != 0), data

    def _do_origin_has(self, _, text):
        """Blocks until some origin has received `text`."""
        wanted = as_bytes(text)
        wait_until(
            lambda: any(wanted in scripted.origin.received for scripted in self._origins.values()),
            f"an origin that has {text!r}",
        )

    # What must have been seen.

    def _judge_origins(self):
        seen = [
            (port, connection) for port, scripted in self._origins.items() for connection in scripted.origin.connections
        ]
        expected = self._scenario.get("origin_saw", [])
        shown = [(port, connection.local, bytes(connection.received[:2000])) for port, connection in seen]
        if expected == "no bytes":
            assert not any(connection.received for _, connection in seen), shown
        elif expected == "no complete request":
            assert not any(connection.requests or b"smuggled" in connection.received for _, connection in seen), shown
        elif isinstance(expected, dict):
            self._judge_bytes(b"".join(bytes(connection.received) for _, connection in seen), expected)
        else:
            assert len(seen) == len(expected), f"{len(expected)} connections were due: {shown}"
            for (port, connection), wanted in zip(seen, expected):
                self._judge_connection(port, connection, wanted)

    def _judge_connection(self, port, connection, wanted):
        assert port == wanted.get("port", port) and connection.local == wanted.get("address", connection.local), (
            port,
            connection.local,
        )
        received = bytes(connection.received)
        if "requests" in wanted:
            assert [request.line for request in connection.requests] == wanted["requests"], received
        if "body" in wanted:
            assert as_bytes(wanted["body"]) in [request.body for request in connection.requests], received
        if "raw" in wanted:
            assert received == as_bytes(wanted["raw"]), received
        if "hello" in wanted:
            how = {key: value for key, value in (wanted["hello"] or {}).items() if key != "pieces"}
            assert received.startswith(client_hello(**how)), received
        self._judge_bytes(received, wanted)

    @staticmethod
    def _judge_bytes(received, wanted):
        for text in wanted.get("contains", []):
            assert as_bytes(text) in received, received
        for text in wanted.get("lacks", []):
            assert as_bytes(text).lower() not in received.lower(), received

    def _judge_dns(self):
        asked = sorted({query.name.lower() for query in self._dns.queries})
        assert asked == sorted(self._scenario.get("dns_saw", [])), asked

    def _judge_log(self, log):
        expected = self._scenario.get("audit", [])
        pairs = log.attempts()
        shown = b"\n".join(log.lines[1:]).decode()
        assert len(pairs) == len(expected), f"{len(expected)} attempts were due:\n{shown}"
        for pair, wanted in zip(pairs, expected):
            wanted = dict(wanted)
            reasons = wanted.pop("reason_in", None) or [wanted.pop("reason")]
            assert pair.end["reason"] in reasons, shown
            for key, value in wanted.items():
                record = pair.end if key in END_FIELDS else pair.attempt
                assert record.get(key) == value, f"{key} is not {value!r}:\n{shown}"
        for text in self._scenario.get("log_lacks", []):
            assert text not in shown + self._egressd.process.output(), shown
        told = {pair.id for pair in pairs}
        assert set(self._ids) <= told, f"an id that a client was told is not in the log:\n{shown}"
