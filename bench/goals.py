"""Every number that has a goal: one function each, which measures, prints number, goal and verdict, and returns the details."""
import itertools
import json
import shutil
import subprocess
import time

import contestants
from harness import (BATCH, MICRO, SEED, Load, Probe, ProcessorTime, Sampler, Server, load, number, probe, run_json, say,
                     stop_with)

MIB = 1 << 20
READ_RATE, PAGE_RATE = 1000, 50  # Reads a second while scores come in.
DEBT_FLAT = 256 * MIB            # Below it debt is what one compaction holds, not a trend.


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else 0.0


def thirds(rows, key, of=mean):
    """Means, or what else `of` makes, of a gauge over the thirds of a run."""
    size = max(1, len(rows) // 3)
    return [of([row[key] for row in rows[i * size:(i + 1) * size if i < 2 else None]]) for i in range(3)]


def capacity(server, seconds, connections, seed):
    """Scores a second in a closed loop."""
    return load(server.url, "--batch", BATCH, "--connections", connections, "--duration", seconds, seed=seed)["scores_per_second"]


def index_merges(data):
    """What compaction of the index has written, by RocksDB's event log, and what the index holds: merges, bytes, bytes."""
    merges, written = 0, 0
    for log in (data / "index").glob("LOG*"):
        for line in log.read_text(errors="replace").splitlines():
            if '"event": "compaction_finished"' in line:
                merges += 1
                written += json.loads(line[line.index("{"):])["total_output_size"]
    return merges, written, sum(table.stat().st_size for table in (data / "index").glob("*.sst"))


def ingest(work, options, results):
    """Five minutes as fast as it goes, beside the floor and the straightforward layout of the same run."""
    seconds = options.seconds or 300
    for name in ("sink", "rows"):
        results.data[name] = contestants.CONTESTED[name](work, options, results)
        contestants.print_contestant(name, results.data[name])
    shutil.rmtree(work / "rows")
    server = Server(work / "ingest")
    before = server.cpu_seconds()
    sampler = Sampler(server, 0.05 if options.smoke else 1)
    report = load(server.url, "--batch", BATCH, "--connections", options.connections, "--duration", seconds)
    rows = sampler.stop()
    drain = time.monotonic()
    drained = server.wait_settled()
    drain = time.monotonic() - drain
    cpu = (server.cpu_seconds() - before) * 1e6 / report["acked_scores"]
    threads = {name: seconds * 1e6 / report["acked_scores"] for name, seconds in server.cpu_by_thread().items()}
    peak = server.peak_rss_bytes()
    server.stop()
    merges, merged, held = index_merges(server.data)
    debt, hot, files = thirds(rows, "debt_bytes"), thirds(rows, "hot_rows"), thirds(rows, "level0_files")
    least = thirds(rows, "debt_bytes", min)
    rate = report["scores_per_second"]
    say(f"{report['acked_scores']:,} scores in {seconds:.0f} s, refused requests {report['refused_requests']:,}, closed loop p50 "
        f"{report['latency_ms']['p50']:.2f} p99 {report['latency_ms']['p99']:.2f} ms, peak memory {peak / MIB:,.0f} MiB")
    say("by thirds: compaction debt " + ", ".join(f"{d / MIB:,.0f}" for d in debt) + " MiB, its least "
        + ", ".join(f"{d / MIB:,.0f}" for d in least) + " MiB; files at level 0 "
        + ", ".join(f"{f:.0f}" for f in files) + "; hot rows " + ", ".join(f"{h:,.0f}" for h in hot))
    say(f"drained in {drain:.1f} s" if drained else f"NOT drained within {drain:.0f} s")
    say("CPU per score by thread: " + ", ".join(f"{name} {us:.3f}" for name, us in sorted(threads.items(), key=lambda t: -t[1])
                                                if us >= 0.001) + " µs")
    say(f"{merges:,} merges of the index wrote {merged / MIB:,.0f} MiB, {merged / max(1, held):.2f} times what it holds "
        f"({held / report['acked_scores']:.1f} B a score)")
    results.goal("native ingest", rate, "scores/s", at_least=1.5e6)
    results.goal("native ingest / sink", rate / results.data["sink"]["scores_per_s"], "", at_least=0.2)
    results.goal("native ingest / rows", rate / results.data["rows"]["scores_per_s"], "", at_least=8)
    # A merge is owed and then paid, and larger merges come as the store grows: flat means that it is paid in the last third too.
    results.goal("compaction debt, its least in the last third", least[2] / MIB, "MiB", at_most=DEBT_FLAT / MIB)
    results.goal("server CPU per score, drained", cpu, "µs", at_most=1.4)
    return {"scores": report["acked_scores"], "scores_per_s": rate, "cpu_us_per_score": cpu, "cpu_us_per_score_by_thread": threads,
            "drained": drained, "drain_seconds": drain, "index_merges": merges, "index_merged_bytes": merged, "index_bytes": held,
            "peak_rss_bytes": peak, "latency_ms": report["latency_ms"], "samples": rows}


def cpu(work, options, results):
    """CPU of the server alone, until indexing and compaction stand still."""
    found = contestants.sluice_http(work, options, results)
    contestants.print_contestant("http", found)
    if not found["drained"]:
        say("NOT drained: what is left to compact is missing in the number")
    results.goal("server CPU per score, drained", found["cpu_us_per_score"], "µs", at_most=1.4)
    return found


def decode(_work, options, results):
    """bytes → records → labels found, values checked, on one core."""
    done = subprocess.run([str(MICRO), "--benchmark_filter=^decode_and_check/native_json/100$", "--benchmark_format=json",
                           f"--benchmark_min_time={0.05 if options.smoke else 3}"], stdout=subprocess.PIPE, text=True)
    runs = json.loads(done.stdout)["benchmarks"] if done.returncode == 0 else []
    if not runs or "bytes_per_second" not in runs[0]:
        stop_with("bench_micro did not measure decode_and_check")
    results.goal("decode and check, native, 100 per request, one core", runs[0]["bytes_per_second"] / 1e9, "GB/s", at_least=1)
    say(f"{runs[0]['items_per_second']:,.0f} scores/s")
    return {"bytes_per_second": runs[0]["bytes_per_second"], "scores_per_s": runs[0]["items_per_second"]}


def group_bytes(before, after):
    """Mean size of a synced write between two looks at the metrics."""
    groups = after["sluice_groups_committed_total"] - before["sluice_groups_committed_total"]
    return int((after["sluice_block_bytes_total"] - before["sluice_block_bytes_total"]) / max(1, groups))


def ack(work, options, results):
    """Latency in an open loop at half of what the same run could take, with a disk probe beside it."""
    seconds = options.seconds or 300
    server = Server(work / "ack")
    most = capacity(server, max(0.5, min(20, seconds / 4)), options.connections, SEED + 1)
    run = ("--batch", BATCH, "--connections", 256, "--rate", most / 2)
    server.wait_settled()
    before = server.metrics()
    load(server.url, *run, "--duration", max(0.5, min(5, seconds / 4)), seed=SEED + 2)
    size = max(4096, group_bytes(before, server.metrics()))
    server.wait_settled()
    idle = probe(work, size, max(0.2, min(5, seconds / 4)))
    under_load = Probe(work, size, seconds, every_ms=20)
    processors = ProcessorTime()
    report = load(server.url, *run, "--duration", seconds)
    idle_share = processors.shares()["idle"]
    disk = under_load.result()
    server.stop()
    latency = report["latency_ms"]
    say(f"capacity {most:,.0f} scores/s; offered half of it, got {report['scores_per_second']:,.0f}; a group is {size:,} bytes; "
        f"the processors were idle for {100 * idle_share:.0f} % of it")
    say(f"fdatasync of {size:,} bytes: idle p50 {idle['p50_ms']:.3f} p99 {idle['p99_ms']:.3f} ms; beside the load p50 "
        f"{disk['p50_ms']:.3f} p99 {disk['p99_ms']:.3f} max {disk['max_ms']:.1f} ms")
    say("ack ms " + " ".join(f"{q} {latency[q]:.3f}" for q in ("p50", "p90", "p99", "p99.9", "max")))
    if not latency["holds"]:
        say("the offered rate was not reached: the latencies say nothing about it")
    results.goal("ack p50 at half capacity", latency["p50"], "ms", at_most=max(2 * idle["p50_ms"], 1))
    results.goal("ack p99 at half capacity (3 × D99 beside the load)", latency["p99"], "ms", at_most=3 * disk["p99_ms"])
    results.goal("ack p99.9 at half capacity", latency["p99.9"], "ms", at_most=200)
    return {"capacity": most, "scores_per_s": report["scores_per_second"], "idle_share": idle_share, "group_bytes": size,
            "probe_idle": idle,
            "probe_under_load": disk, "latency_ms": latency}


def read_load(server, what, requests, seconds, *arguments):
    return load(server.url, "--read", what, "--requests", requests, "--duration", seconds, *arguments)


def read_beside(server, what, requests, seconds, options, *arguments, seed):
    """Reads beside ingest at half of capacity, which is measured right before: a shared host is another one a minute later."""
    most = capacity(server, max(0.5, min(10, seconds / 2)), options.connections, seed)
    server.wait_settled()
    under = Load(server.url, "--batch", BATCH, "--connections", 256, "--rate", most / 2, "--duration", seconds + 2, seed=seed + 1)
    time.sleep(min(1, seconds / 4))
    processors = ProcessorTime()
    report = read_load(server, what, requests, seconds, *arguments)
    idle_share = processors.shares()["idle"]
    beside = under.report()["scores_per_second"]
    server.wait_settled()
    say(f"{what} beside {beside:,.0f} scores/s (half of {most:,.0f}); the processors were idle for {100 * idle_share:.0f} % of it")
    return {**report, "capacity": most, "ingest_beside": beside, "idle_share": idle_share}


def reads(work, options, results):
    """Reads by source and pages by annotator, idle and while scores come in at half of capacity."""
    seconds = options.seconds or 20
    requests = min(options.requests, 20_000)
    server = Server(work / "reads")
    load(server.url, "--batch", BATCH, "--connections", options.connections, "--requests", requests, "--duration", 3600)
    server.wait_settled()
    say(f"{requests * BATCH:,} scores, 10 per source; under load {READ_RATE:,} reads, or {PAGE_RATE} pages of 100, a second")
    idle = read_load(server, "source", max(1, requests // 10), seconds, "--connections", 64)
    source = read_beside(server, "source", requests, seconds, options, "--connections", 64, "--rate", READ_RATE, seed=SEED + 1)
    page = read_beside(server, "annotator", requests, seconds, options, "--connections", 16, "--rate", PAGE_RATE, seed=SEED + 3)
    server.stop()
    for name, report in (("source, idle", idle), ("source, under load", source), ("annotator, under load", page)):
        if not report["latency_ms"]["holds"]:
            say(f"{name}: the offered rate was not reached; the latencies say nothing about it")
        say(f"{name:22} {report['reads_per_second']:10,.0f} reads/s  p50 {report['latency_ms']['p50']:.3f} "
            f"p99 {report['latency_ms']['p99']:.3f} ms")
    results.goal("read by source, idle", idle["reads_per_second"], "reads/s", at_least=50_000)
    results.goal("read by source p99 at half of ingest capacity", source["latency_ms"]["p99"], "ms", at_most=5)
    results.goal("page of 100 by annotator p99 under that load", page["latency_ms"]["p99"], "ms", at_most=20)
    return {"idle": idle, "source": source, "annotator": page}


def million_rates(rows, total, step):
    """Scores a second of each `step` scores, the moments in between interpolated."""
    moments, wanted = [], 0
    for a, b in itertools.pairwise(rows):
        while wanted <= total and a["scores"] <= wanted <= b["scores"] and b["scores"] > a["scores"]:
            moments.append(a["t"] + (b["t"] - a["t"]) * (wanted - a["scores"]) / (b["scores"] - a["scores"]))
            wanted += step
    return [step / (later - earlier) for earlier, later in itertools.pairwise(moments)]


def restart_time(server, options):
    """Kills the server with -9 in the middle of a full load and starts it again: seconds to ready, and the new server."""
    under = Load(server.url, "--batch", BATCH, "--connections", options.connections, "--duration", 60, "--stop-on-disconnect",
                 seed=SEED + 7)
    time.sleep(1 if options.smoke else 8)
    server.kill()
    under.report(may_fail=True)
    return Server(server.data)


def growth(work, options, results):
    """Rate, memory and disk while the store grows; then old sources are read, and the server is killed and started."""
    step = max(1, options.scores // 100)
    requests = options.scores // BATCH
    server = Server(work / "growth")
    sampler = Sampler(server, 0.02 if options.smoke else 0.2)
    load(server.url, "--batch", BATCH, "--connections", options.connections, "--requests", requests, "--duration", 24 * 3600)
    rows = sampler.stop()
    drained = server.wait_settled()
    disk = server.disk_bytes() / options.scores
    peak = server.peak_rss_bytes()
    old = read_load(server, "source", requests // 10, 1 if options.smoke else options.seconds or 20, "--connections", 16, "--rate",
                    READ_RATE)
    rates = million_rates(rows, options.scores, step)
    if len(rates) < 2:
        stop_with("too few samples of the growth run: more --scores")
    tenth = max(1, len(rates) // 10)
    first, last = mean(rates[:tenth]), mean(rates[-tenth:])
    say(f"{options.scores:,} scores over {options.scores // 10:,} sources in {rows[-1]['t']:.0f} s; the first {step:,} at "
        f"{rates[0]:,.0f}/s, the last at {rates[-1]:,.0f}/s; first tenth {first:,.0f}/s, last tenth {last:,.0f}/s, slowest step "
        f"{min(rates):,.0f}/s; {'drained' if drained else 'NOT drained'}")
    results.goal(f"growth: last {step:,} / first", rates[-1] / rates[0], "", at_least=0.9)
    results.goal("growth: last tenth / first tenth", last / first, "", at_least=0.9)
    results.goal("growth: disk per score, compacted", disk, "B", at_most=60)
    results.goal("growth: peak memory", peak / MIB, "MiB", at_most=1024)
    results.goal("growth: read of old sources p99", old["latency_ms"]["p99"], "ms", at_most=10)
    again = restart_time(server, options)
    results.goal(f"ready after kill -9 at full load and {options.scores:,} scores", again.ready_s, "s", at_most=2)
    again.stop()
    return {"scores": options.scores, "step": step, "rates": rates, "samples": rows, "disk_bytes_per_score": disk,
            "peak_rss_bytes": peak, "old_reads": old, "ready_s": again.ready_s, "drained": drained}


def restart(work, options, results):
    """The last part of growth alone."""
    server = Server(work / "restart")
    load(server.url, "--batch", BATCH, "--connections", options.connections, "--requests", options.scores // BATCH,
         "--duration", 24 * 3600)
    again = restart_time(server, options)
    results.goal(f"ready after kill -9 at full load and {options.scores:,} scores", again.ready_s, "s", at_most=2)
    again.stop()
    return {"scores": options.scores, "ready_s": again.ready_s}


CURVE = (0.1, 0.25, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def curve(work, options, results):
    """Throughput and latency against offered load, for the plot; no goal of its own."""
    seconds = options.seconds or 10
    server = Server(work / "curve")
    most = capacity(server, seconds, options.connections, SEED + 1)
    points = []
    for i, share in enumerate(CURVE):
        server.wait_settled(30)
        report = load(server.url, "--batch", BATCH, "--connections", 256, "--rate", most * share, "--duration", seconds,
                      "--warmup", seconds / 5, seed=SEED + 2 + i)
        point = {"offered": most * share, "scores_per_s": report["scores_per_second"], "latency_ms": report["latency_ms"]}
        points.append(point)
        say(f"offered {number(point['offered']):>11}  got {number(point['scores_per_s']):>11} scores/s  "
            + " ".join(f"{q} {report['latency_ms'][q]:.2f}" for q in ("p50", "p99", "p99.9")) + " ms")
    server.stop()
    return {"capacity": most, "points": points}


GOALS = {"ingest": ingest, "cpu": cpu, "single": contestants.single, "decode": decode, "ack": ack, "reads": reads,
         "growth": growth, "restart": restart}
