-- wrk asks for BENCH_URL as it stands (absolute-form for a proxy, RFC 9112 3.2.2) and sums up in one line of JSON on stderr.
wrk.path = os.getenv("BENCH_URL")
wrk.headers["Host"] = os.getenv("BENCH_HOST")

function done(summary, latency, requests)
    local errors = summary.errors
    io.stderr:write(string.format('{"requests": %d, "seconds": %.6f, "refused": %d, "socket_errors": %d, "p50_us": %d, "p99_us": %d}\n',
        summary.requests, summary.duration / 1e6, errors.status,
        errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(50), latency:percentile(99)))
end
