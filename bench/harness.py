"""What the benches share: the machine's facts, a server and its metrics, the load tool, nginx, the disk probe, goals."""
import atexit
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("SLUICE_BUILD", ROOT / "build" / "release"))
SLUICE = BUILD / "sluice"
CONTESTANTS = BUILD / "bench" / "bench_contestants"
MICRO = BUILD / "bench" / "bench_micro"
KEY = "bench.0123456789abcdef0123456789abcdef"
SEED = 20260101
BATCH = 100
QUIET_LOAD = 0.5  # Of the one-minute load average: above it somebody else is using the machine.


class Skipped(Exception):
    """A part that cannot run here; the text says what to do."""


def stop_with(message):
    sys.exit(f"bench/e2e: {message}")


def start(*command, **options):
    """A child process that does not outlive this one, however it ends."""
    process = subprocess.Popen([str(part) for part in command], **options)
    atexit.register(process.terminate)
    return process


def run_json(*command):
    """The last line of a command's output as JSON."""
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        stop_with(f"{' '.join(map(str, command))} ended with {done.returncode}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def file_system(directory):
    """Type and device of the file system `directory` lies on: the longest mount point that leads to it."""
    path = str(Path(directory).resolve())
    mounts = [line.split()[:3] for line in open("/proc/mounts")]
    leading = [m for m in mounts if path == m[1] or path.startswith(m[1].rstrip("/") + "/")]
    device, _, kind = max(leading, key=lambda m: len(m[1]))
    return f"{kind} on {device}"


class ProcessorTime:
    """What the machine's processors did since this was made, all programs together."""

    def __init__(self):
        self.before = self.ticks()

    @staticmethod
    def ticks():
        return [int(field) for field in open("/proc/stat").readline().split()[1:9]]

    def spent(self):
        return [after - before for before, after in zip(self.before, self.ticks())]

    def stolen_seconds(self):
        """What a hypervisor gave to others, of each processor in the mean."""
        return self.spent()[7] / os.sysconf("SC_CLK_TCK") / os.cpu_count()

    def shares(self):
        """Of all the time: what a hypervisor gave to others, and what nobody wanted."""
        spent = self.spent()
        return {"stolen": spent[7] / max(1, sum(spent)), "idle": (spent[3] + spent[4]) / max(1, sum(spent))}


def machine(directory):
    """What a number depends on and cannot say by itself."""
    missing = next((binary for binary in (SLUICE, CONTESTANTS, MICRO) if not binary.exists()), None)
    if missing:
        stop_with(f"{missing} is not built; run tools/test, or cmake --build build/release")
    cpu = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    memory = int(next(line for line in open("/proc/meminfo") if line.startswith("MemTotal")).split()[1]) // (1 << 20)
    version = json.loads(subprocess.run([SLUICE, "version"], stdout=subprocess.PIPE, text=True).stdout)
    return {"cpu": cpu, "cores": os.cpu_count(), "memory_gib": memory, "kernel": os.uname().release,
            "file_system": file_system(directory), "free_gib": shutil.disk_usage(directory).free >> 30,
            "load_average": os.getloadavg()[0], "version": version, "time": time.strftime("%Y-%m-%d %H:%M:%S")}


def print_machine(facts):
    print(f"{facts['cores']} × {facts['cpu']}, {facts['memory_gib']} GiB, Linux {facts['kernel']}, {facts['file_system']} "
          f"({facts['free_gib']} GiB free), {facts['time']}, load average {facts['load_average']:.2f}")
    version = facts["version"]
    print(f"sluice {version['version']} for {version['instructions']}, GCC {version['compiler']}, RocksDB {version['libraries']['rocksdb']}, "
          f"simdjson {version['libraries']['simdjson']} with its kernel {version['json_kernel']}")
    if facts["load_average"] > QUIET_LOAD:
        print("WARNING: the machine is not quiet; absolute numbers are worth little, ratios of one run some")
    if facts["file_system"].split()[0] in ("tmpfs", "ramfs", "overlay"):
        print("WARNING: this file system may not sync to a disk; set SLUICE_BENCH_DIR to a directory that does", flush=True)


class Results:
    """Everything a run found out; the goals it printed are judged here."""

    def __init__(self, smoke):
        self.smoke = smoke
        self.data = {"goals": []}
        self.skipped = False

    def goal(self, what, value, unit, at_least=None, at_most=None):
        """Prints one number beside its goal. A smoke run measures nothing and judges nothing."""
        bound = at_least if at_most is None else at_most
        met = None if self.smoke else (value >= at_least if at_most is None else value <= at_most)
        verdict = {None: "(smoke)", True: "met", False: "MISSED"}[met]
        sign = "≥" if at_most is None else "≤"
        print(f"  {verdict:7} {what}: {number(value)} {unit}, goal {sign} {number(bound)}", flush=True)
        self.data["goals"].append({"what": what, "value": value, "unit": unit, "at_least": at_least, "at_most": at_most,
                                   "met": met})

    def skip(self, name, why):
        print(f"SKIPPED {name}: {why}", flush=True)
        self.data.setdefault("skipped", {})[name] = str(why)
        self.skipped = True


def number(value):
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def say(text):
    print("  " + text, flush=True)


class Server:
    """`sluice serve` on a free port with a known key. ready_s: from its start to a 200 of /readyz."""

    def __init__(self, data, *arguments):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SLUICE_")}
        environment["SLUICE_BOOTSTRAP_KEY"] = KEY.replace(".", ":", 1)
        self.data = Path(data)
        begin = time.monotonic()
        self.process = start(SLUICE, "serve", "--data", data, "--listen", "127.0.0.1:0", "--log-level", "warn", *arguments,
                             stdout=subprocess.PIPE, text=True, env=environment)
        self.url = next((line.split()[-1] for line in self.process.stdout if "listening on" in line), None)
        if self.url is None:
            stop_with("the server did not start")
        while not self.ready():
            time.sleep(0.002)
        self.ready_s = time.monotonic() - begin
        # What it prints after is for people; a pipe nobody reads would stop it one day.
        threading.Thread(target=lambda: [None for _ in self.process.stdout], daemon=True).start()

    def ready(self):
        try:
            return urllib.request.urlopen(self.url + "/readyz", timeout=10).status == 200
        except OSError:
            if self.process.poll() is not None:
                stop_with("the server ended while it started")
            return False

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def cpu_by_thread(self):
        """User and system seconds of the threads that live, by name; two of one name together."""
        seconds = {}
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                name, fields = (task / "stat").read_text().split("(", 1)[1].rsplit(")", 1)
                used = sum(int(ticks) for ticks in fields.split()[11:13]) / os.sysconf("SC_CLK_TCK")
                seconds[name] = seconds.get(name, 0) + used
        return seconds

    def metrics(self):
        text = urllib.request.urlopen(self.url + "/metrics", timeout=30).read().decode()
        pairs = (line.rsplit(None, 1) for line in text.splitlines() if line and line[0] != "#")
        return {name: float(value) for name, value in pairs}

    def wait_settled(self, limit=300):
        """Until CPU stands still: compaction and indexing are done as far as they go by themselves. Whether it came to that."""
        end = time.monotonic() + limit
        still = 0
        before = self.cpu_seconds()
        while time.monotonic() < end and still < 4:
            time.sleep(0.5)
            now = self.cpu_seconds()
            still = still + 1 if now - before < 0.03 else 0
            before = now
        return still >= 4

    def peak_rss_bytes(self):
        line = next(line for line in open(f"/proc/{self.process.pid}/status") if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024

    def disk_bytes(self):
        """Blocks on disk of everything in the data directory but the ballast; a file with two names counts once."""
        seen = {}
        for directory, _, names in os.walk(self.data):
            for name in set(names) - {"ballast"}:
                with contextlib.suppress(FileNotFoundError):  # Compacted away meanwhile.
                    found = os.lstat(os.path.join(directory, name))
                    seen[found.st_ino] = found.st_blocks * 512
        return sum(seen.values())

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(timeout=120) != 0:
            stop_with("the server did not stop cleanly")


class Sampler:
    """A server's gauges over time: rows of seconds since the start, scores committed, compaction debt, hot rows, memory, disk."""

    def __init__(self, server, every=1.0):
        self.server, self.every, self.rows = server, every, []
        self.stopped = threading.Event()
        self.started = time.monotonic()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        last = False
        while True:
            with contextlib.suppress(OSError):  # A refused sample is a gap, not an end.
                m = self.server.metrics()
                self.rows.append({"t": time.monotonic() - self.started, "scores": m["sluice_scores_committed_total"],
                                  "debt_bytes": m["sluice_rocksdb_pending_compaction_bytes"],
                                  "level0_files": m["sluice_rocksdb_level0_files"], "hot_rows": m["sluice_hot_rows"],
                                  "rss_bytes": m["process_resident_memory_bytes"], "disk_bytes": self.server.disk_bytes()})
            if last:
                return
            last = self.stopped.wait(self.every)

    def stop(self):
        self.stopped.set()
        self.thread.join()
        return self.rows


class Load:
    """A `sluice load` under way; report() waits for its end."""

    def __init__(self, url, *arguments, seed=SEED):
        self.file = tempfile.NamedTemporaryFile(suffix=".json")
        self.command = [SLUICE, "load", "--url", url, "--key", KEY, "--seed", seed, "--text", 0, "--json", self.file.name,
                        *arguments]
        self.process = start(*self.command, stdout=subprocess.PIPE, text=True)

    def report(self, may_fail=False):
        said = self.process.communicate()[0]
        if self.process.returncode != 0 and not may_fail:
            print(said, file=sys.stderr)
            stop_with(f"{' '.join(map(str, self.command))} ended with {self.process.returncode}")
        text = Path(self.file.name).read_text()
        return json.loads(text) if text else {}


def load(url, *arguments, seed=SEED):
    return Load(url, *arguments, seed=seed).report()


class Probe:
    """fdatasync of appended blocks, one after the other or, under a load it must not disturb, one per `every_ms`."""

    def __init__(self, directory, size, seconds, every_ms=0):
        self.process = start(CONTESTANTS, "probe", "--data", directory, "--bytes", size, "--seconds", seconds,
                             "--every-ms", every_ms, stdout=subprocess.PIPE, text=True)

    def result(self):
        said = self.process.communicate()[0]
        if self.process.returncode != 0:
            stop_with("the disk probe failed")
        return json.loads(said)


def probe(directory, size, seconds):
    return Probe(directory, size, seconds).result()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


NGINX = """
daemon off; worker_processes auto; pid {work}/nginx.pid; error_log stderr error;
events {{ worker_connections 8192; }}
http {{
  access_log off; keepalive_requests 1000000000; default_type application/json;
  client_body_temp_path {work}/body; proxy_temp_path {work}/proxy; fastcgi_temp_path {work}/fastcgi;
  uwsgi_temp_path {work}/uwsgi; scgi_temp_path {work}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location /v1/labels {{ return 201 '{{"id":"00000000-0000-4000-8000-000000000001"}}'; }}
    location /v1/scores {{ return 200 '{{"stored":1,"rejected":0,"results":[]}}'; }}
    location /api/v1/scores {{ return 201 '{{"id":"00000000-0000-4000-8000-000000000001","traceId":"t","value":0.5}}'; }}
    location /model-hub/ {{ return 200 '{{"id":"00000000-0000-4000-8000-000000000001","value":{{"value":0.5}}}}'; }}
  }}
}}
"""


class Nginx:
    """nginx that answers every request with a static text of the right status: reads it, keeps nothing."""

    def __init__(self, work):
        binary = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
        if binary is None:
            raise Skipped("nginx is not installed; apt-get install nginx-light, then run this again")
        self.work = work / "nginx"
        self.work.mkdir()
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        (self.work / "conf").write_text(NGINX.format(work=self.work, port=port))
        self.process = start(binary, "-p", self.work, "-c", self.work / "conf")
        end = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return
            if self.process.poll() is not None or time.monotonic() > end:
                stop_with("nginx did not start")
            time.sleep(0.01)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)
