"""More connections than anyone needs, and fewer descriptors than the server would like."""

import resource
import subprocess
import threading

from harness import BINARY
from talk import *

SIDE_BY_SIDE = False
IDLE = 10_000
KIB_EACH = 16


def idle_connections(tally):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < IDLE + 5500:
        raise RuntimeError("needs a limit of %d open files, and the hard limit is %d" % (IDLE + 5500, hard))
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with serve("--connections-max", str(IDLE + 100)) as server:
        server.post("/v1/scores", score(fresh()))
        before = metric(server, "process_resident_memory_bytes")
        held = []
        try:
            for _ in range(IDLE):
                held.append(connect(server))
            open_now, deadline = 0, time.monotonic() + 30
            while open_now < IDLE and time.monotonic() < deadline:
                open_now = metric(server, "sluice_connections") - 1
            tally.equal("%d connections are open" % IDLE, open_now, IDLE)
            each = (metric(server, "process_resident_memory_bytes") - before) / IDLE
            tally.memory("each holds at most", KIB_EACH, each)
            tally.note("%.1f KiB each, never used" % (each / 1024))
            for one in held[:1000]:
                one.sendall(request("GET /livez HTTP/1.1"))
            tally.equal("1000 of them are served", sum(read_answers(one, 1)[0][0] == 200 for one in held[:1000]), 1000)
            began = time.monotonic()
            tally.equal("a score is stored", server.post("/v1/scores", score(fresh())).status_code, 200)
            tally.check("within a second", time.monotonic() - began < 1, time.monotonic() - began)
        finally:
            for one in held:
                one.close()
        tally.check("all are gone when closed", gone(server))


def gone(server):
    deadline = time.monotonic() + 20
    while metric(server, "sluice_connections") > 1:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def small_limit(tally):
    """Started with few descriptors: connections get what the store can spare, and the store its own."""
    done = subprocess.run(["bash", "-c", 'ulimit -n 300; exec "$0" serve --data /nonexistent/x --listen 127.0.0.1:0', BINARY],
                          capture_output=True, text=True, timeout=30)
    tally.check("a limit of 300 is refused with the way out", done.returncode == 1 and "ulimit -n" in done.stderr, done.stderr)
    with limited(600) as server:
        tally.equal("a limit of 600 leaves 344 connections", metric(server, "sluice_connections_max"), 344)
        tally.check("and says so", any("connections_max is 344" in line for line in server.output), server.output)
        gone(server)
        held = [connect(server) for _ in range(500)]
        writer = held[0]
        good = 0
        for _ in range(20):
            writer.sendall(posted(score(fresh())))
            good += read_answers(writer, 1)[0][0] == 200
        tally.equal("with 500 at the door those inside write", good, 20)
        for one in held[1:]:
            one.close()
        tally.check("and when they go others are served", server.get("/livez").status_code == 200)
        tally.check("the store never ran out", server.get("/readyz").status_code == 200)
        writer.close()


class limited:
    """A server whose hard limit of open files is `count`, set in a shell of its own."""

    def __init__(self, count):
        self.count = count

    def __enter__(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        real, count = subprocess.Popen, self.count

        def popen(command, **more):
            return real(["bash", "-c", 'ulimit -n %d; exec "$0" "$@"' % count, *command], **more)
        subprocess.Popen = popen
        try:
            self.server = serve()
        finally:
            subprocess.Popen = real
        return self.server

    def __exit__(self, *_):
        self.server.__exit__()


def no_descriptors(tally):
    """The limit is taken away from a server that runs: accept fails with EMFILE."""
    with serve() as server:
        pid = server.process.pid
        keeper = connect(server)
        keeper.sendall(request("GET /livez HTTP/1.1"))
        read_answers(keeper, 1)

        def ask(path):
            keeper.sendall(request("GET %s HTTP/1.1" % path))
            return read_answers(keeper, 1)[0][2].decode()

        def value(name):
            return next(float(line.rsplit(" ", 1)[1]) for line in ask("/metrics").splitlines() if line.startswith(name + " "))

        deadline = time.monotonic() + 10
        while value("sluice_connections") > 1 and time.monotonic() < deadline:
            time.sleep(0.05)
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (int(value("process_open_fds")), before[1]))
        try:
            waiting = [connect(server) for _ in range(50)]
            cpu, errors = value("process_cpu_seconds_total"), value("sluice_accept_errors_total")
            time.sleep(3)
            spent = value("process_cpu_seconds_total") - cpu
            failures = value("sluice_accept_errors_total") - errors
            tally.check("accept fails and is counted", failures > 0, failures)
            tally.check("it does not spin: at most 8 tries a second", failures <= 24, failures)
            tally.check("nor burn: under 10 % of a core", spent < 0.3, spent)
            tally.note("%d tries and %.0f ms of CPU in 3 s" % (failures, spent * 1e3))
            tally.check("who is inside is served", "ok" in ask("/livez"))
        finally:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        began = time.monotonic()
        for one in waiting:
            one.sendall(request("GET /livez HTTP/1.1"))
        tally.equal("all 50 are served when there are descriptors", sum(read_answers(one, 1)[0][0] == 200 for one in waiting), 50)
        tally.check("within 2 s", time.monotonic() - began < 2, time.monotonic() - began)
        for one in [*waiting, keeper]:
            one.close()


def churn(tally):
    """Connections that come and go: nothing is left behind."""
    with serve() as server:
        server.get("/livez")
        fds = metric(server, "process_open_fds")
        def come_and_go():
            for n in range(500):
                with connect(server) as one:
                    if n % 3:
                        one.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"[: n % 30])
        threads = [threading.Thread(target=come_and_go) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        tally.check("4000 connections later none is open", gone(server))
        left = metric(server, "process_open_fds")
        tally.check("and no descriptor is lost", left <= fds + 2, "%d, before %d" % (left, fds))


ATTACKS = (
    ("10,000 idle connections", idle_connections), ("few descriptors from the start", small_limit),
    ("no descriptors left while serving (EMFILE)", no_descriptors), ("connections that come and go", churn),
)
