"""Contestants that take the same scores one after the other; what each is: README.md. Each returns a dict of numbers."""
import json
import shutil
import signal
import subprocess

from harness import BATCH, CONTESTANTS, SEED, Nginx, Server, Skipped, free_port, load, run_json, say, start


def sluice_http(work, options, results):
    server = Server(work / "http")
    before = server.cpu_seconds()
    report = load(server.url, "--batch", BATCH, "--connections", options.connections, "--requests", options.requests,
                  "--duration", 3600)
    settled = server.wait_settled()
    cpu = server.cpu_seconds() - before
    server.stop()
    return {"scores": report["acked_scores"], "scores_per_s": report["scores_per_second"], "drained": settled,
            "cpu_us_per_score": cpu * 1e6 / report["acked_scores"],
            "generator_us_per_score": report["generator_cpu_us_per_score"], "latency_ms": report["latency_ms"],
            **run_json(CONTESTANTS, "sum", "--data", server.data)}


def engine(work, options, results):
    data = work / "engine"
    result = run_json(CONTESTANTS, "engine", "--data", data, "--seed", SEED, "--requests", options.requests, "--in-flight", 64)
    return {**result, **run_json(CONTESTANTS, "sum", "--data", data)}


def rows(work, options, results):
    return run_json(CONTESTANTS, "rows", "--data", work / "rows", "--seed", SEED, "--requests", options.requests,
                    "--in-flight", 32)


def sink(_work, options, results):
    port = free_port()
    process = start(CONTESTANTS, "sink", "--port", port, stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    report = load(f"http://127.0.0.1:{port}", "--batch", BATCH, "--connections", options.connections,
                  "--requests", options.requests, "--duration", 3600)
    process.send_signal(signal.SIGTERM)
    result = json.loads(process.communicate(timeout=30)[0].strip().splitlines()[-1])
    return {**result, "scores_per_s": report["scores_per_second"], "latency_ms": report["latency_ms"]}


def print_contestant(name, r):
    latency = r.get("latency_ms")
    say(f"{name:17} {r['scores_per_s']:11,.0f} scores/s  {r['cpu_us_per_score']:7.3f} µs CPU/score"
        + (f"  p50 {latency['p50']:.2f} p99 {latency['p99']:.2f} ms" if latency else "")
        + (f"  checksum {r['count']:,} {r['checksum']}" if "checksum" in r else ""))


def connections_for(rate, d50_ms):
    """Enough that every fsync is shared by all that wait while the one before it runs, twice over each way."""
    return max(256, int(rate * 4 * d50_ms / 1e3))


SINGLE = {"native": 0.8, "2signal": 0.8, "futureagi": 0.5}  # The goal's share of nginx.
TURNS = 5  # Of server and nginx: a shared machine's speed changes within seconds.


def median_turn(reports):
    return sorted(reports, key=lambda report: report["scores_per_second"])[len(reports) // 2]


def single(work, options, results):
    """One score per request; the same requests go to nginx, which keeps nothing, in turn."""
    seconds = (options.seconds or 10) / TURNS
    d50 = results.data["fdatasync"]["4096"]["p50_ms"]
    found = {}
    for api, share in SINGLE.items():
        server = Server(work / f"single-{api}")
        try:
            nginx = Nginx(work)
        except Skipped as why:
            results.skip(f"single-{api} / nginx", why)
            nginx = None
        run = ("--api", api, "--batch", 1)
        tried = load(server.url, *run, "--connections", 256, "--duration", max(0.5, seconds), seed=SEED + 1)
        connections = connections_for(tried["scores_per_second"], d50)
        ours, theirs = [], []
        for turn in range(TURNS):
            timed = (*run, "--connections", connections, "--duration", seconds)
            ours.append(load(server.url, *timed, seed=SEED + 2 + turn))
            if nginx:
                theirs.append(load(nginx.url, *timed, seed=SEED + 2 + turn))
        server.stop()
        report = median_turn(ours)
        found[api] = {"connections": connections, "scores_per_s": report["scores_per_second"],
                      "cpu_us_per_score": report.get("server_cpu_us_per_score", 0), "latency_ms": report["latency_ms"]}
        print_contestant(f"single-{api}", found[api])
        shutil.rmtree(server.data)
        if not nginx:
            continue
        nginx.stop()
        shutil.rmtree(nginx.work)
        report = median_turn(theirs)
        found[api]["nginx"] = {"scores_per_s": report["scores_per_second"], "latency_ms": report["latency_ms"]}
        say(f"{'nginx':17} {report['scores_per_second']:11,.0f} requests/s, {connections} connections each, medians of {TURNS} turns")
        ratios = sorted(a["scores_per_second"] / b["scores_per_second"] for a, b in zip(ours, theirs))
        found[api]["ratios"] = ratios
        results.goal(f"single-{api} / nginx", ratios[TURNS // 2], "", at_least=share)
    return found


CONTESTED = {"http": sluice_http, "engine": engine, "rows": rows, "sink": sink}


def ratio(results, one, other):
    """Rates of two contestants of this run; 0 when one is missing."""
    if one not in results.data or other not in results.data:
        return 0
    return results.data[one]["scores_per_s"] / results.data[other]["scores_per_s"]
