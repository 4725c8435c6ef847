"""A scenario about plain requests, told again inside inspected TLS: the same bytes in origin-form, the same answers of an origin that speaks
TLS, and the same judgement, behind a CONNECT that is let through. What protects plain HTTP must protect what is inside of https."""

# Those whose subject is the form of a proxy's request, or another destination; test_inspect_identity.py has what holds for them inside.
DIFFERENT = {
    "http/denied-with-body": "another host",
    "http/expect-continue-denied": "another host",
    "http/head-refused": "another host",
    "http/json-refusal": "another host",
    "http/pipelined-denied": "another host",
    "http/refusal-repeats-nothing": "another host",
    "http/origin-dead": "another port",
    "http/method-rule": "a CONNECT of its own",
    "http/not-a-proxy-request": "origin-form is the right one inside",
    "http/http10": "no Host field, which inside names the destination",
    "responses/to-http10-client": "no Host field, which inside names the destination",
    "http/upgrade": "WebSocket is served inside",
    "responses/broken-heads-23": "no answer at all is asked for again where, as here, the connection came from the pool",
}

ABSOLUTE = "http://origin.test/"


def inside(scenario):
    """The scenario's counterpart; it is not changed itself."""
    told = dict(scenario)
    told["client"] = [{"inside": None}, *map(_in_origin_form, scenario["client"])]
    if "origins" in scenario:
        told["origins"] = {443: scenario["origins"][80]}
    told["origin_saw"] = _seen_by_the_origin(scenario.get("origin_saw"))
    told["dns_saw"] = ["origin.test"]  # CONNECT has asked for it, also where the request is refused
    connect = {"proto": "connect", "host": "origin.test", "port": 443, "reason": "allowed"}
    told["audit"] = [connect, *scenario.get("audit", [])]
    return told


def _in_origin_form(step):
    ((action, value),) = step.items()
    if action not in ("head", "raw"):
        return step
    return {action: value.replace(ABSOLUTE, "/")}


def _seen_by_the_origin(seen):
    """Where a plain request would not have reached it, there is the one connection that CONNECT made, and no byte in it."""
    return [{"port": 443, "raw": ""}] if seen is None else seen
