"""Clients that take their time: each is let go on just before its limit, and cut off just behind it."""

import select

from talk import *

SIDE_BY_SIDE = True
SLACK = 3.0  # Ticks of a quarter second, and a busy machine.


def ends_after(connection, began, trickle=None, every=0.5, limit=90):
    """Seconds until the server ends the connection, and what it said. `trickle`: bytes to send meanwhile."""
    said, send_at = b"", time.monotonic()
    while time.monotonic() - began < limit:
        if trickle is not None and time.monotonic() >= send_at:
            send_at = time.monotonic() + every
            try:
                connection.sendall(trickle)
            except OSError:
                return time.monotonic() - began, said
        if select.select([connection], [], [], 0.05)[0]:
            try:
                part = connection.recv(65536)
            except OSError:
                part = b""
            if not part:
                return time.monotonic() - began, said
            said += part
    return None, said


def between(tally, name, seconds, least):
    tally.check("%s lives for %d s" % (name, least), seconds is None or seconds >= least - 0.5, seconds)
    tally.check("%s is cut off then" % name, seconds is not None and seconds <= least + SLACK, seconds)


def head(tally):
    with serve() as server, connect(server) as connection:
        began = time.monotonic()
        seconds, said = ends_after(connection, began, b"GET /livez HTTP/1.1\r\nX: ", 100)
        between(tally, "half a head", seconds, 10)
        tally.check("it is told", said.startswith(b"HTTP/1.1 408 "), said)


def trickled_head(tally):
    with serve() as server, connect(server) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\n")
        began = time.monotonic()
        seconds, said = ends_after(connection, began, b"X: y\r\n")
        between(tally, "a head of a line each half second", seconds, 10)
        tally.check("it is told", said.startswith(b"HTTP/1.1 408 "), said)


def empty_lines(tally):
    with serve() as server, connect(server) as connection:
        began = time.monotonic()
        seconds, said = ends_after(connection, began, b"\r\n", 8)
        tally.check("empty lines hold no connection", seconds is not None and seconds < 10 + SLACK, seconds)


def silent_body(tally):
    with serve() as server, connect(server) as connection:
        connection.sendall(request(fields=["Content-Length: 1000000"], body=b"["))
        seconds, said = ends_after(connection, time.monotonic())
        between(tally, "a body that stops", seconds, 5)
        tally.check("it is told", said.startswith(b"HTTP/1.1 408 "), said)


def trickled_body(tally):
    with serve() as server, connect(server) as connection:
        connection.sendall(request(fields=["Content-Length: 1000000"]))
        seconds, said = ends_after(connection, time.monotonic(), b" " * 400)  # 800 bytes each second; 1024 are asked.
        between(tally, "a body below 1 KiB/s", seconds, 5)


def slow_but_fast_enough(tally):
    with serve() as server, connect(server) as connection:
        body = score(fresh())
        connection.sendall(request(fields=["Content-Length: %d" % (20 * 1024 + len(body))]))
        for _ in range(20):
            connection.sendall(b" " * 1024)
            time.sleep(0.5)
        connection.sendall(body)
        tally.equal("a body of 2 KiB/s for 10 s is taken", [one[0] for one in read_answers(connection, 1)], [200])


def trickled_chunks(tally):
    with serve() as server, connect(server) as connection:
        connection.sendall(request(fields=["Transfer-Encoding: chunked"]))
        seconds, said = ends_after(connection, time.monotonic(), b"1\r\n \r\n" * 60)
        between(tally, "chunks below 1 KiB/s", seconds, 5)


def reader(tally):
    with serve() as server:
        source = fresh()
        lines = [{"source_type": "trace", "source_id": source, "label_name": "accuracy", "value": 0.5, "id": fresh(),
                  "notes": "n" * 1000} for n in range(1000)]
        if server.post("/v1/scores?results=errors", lines).status_code != 200:
            raise RuntimeError("not stored")
        before = metric(server, "sluice_http_deadlines_missed_total")
        memory = metric(server, "process_resident_memory_bytes")
        asked = request("GET /v1/scores?source_type=trace&source_id=%s&limit=1000 HTTP/1.1" % source)
        with connect(server, window=4096) as connection:
            connection.sendall(asked * 32)
            began = time.monotonic()
            missed = lambda: metric(server, "sluice_http_deadlines_missed_total") > before
            while not missed() and time.monotonic() - began < 60:
                time.sleep(0.2)
            between(tally, "a client that asks for 32 MB and reads nothing", time.monotonic() - began, 30)
            grown = (metric(server, "process_resident_memory_bytes") - memory) / (1 << 20)
            tally.check("it cost less than 64 MiB", grown < 64, grown)
            tally.note("it cost %.0f MiB" % grown)
        tally.check("others are served", server.get("/livez").status_code == 200)


def idle(tally):
    with serve() as server, connect(server) as connection, connect(server) as used:
        began = time.monotonic()
        used.sendall(request("GET /livez HTTP/1.1"))
        read_answers(used, 1)
        seconds, said = ends_after(connection, began)
        between(tally, "a connection that never spoke", seconds, 60)
        tally.equal("it is told nothing", said, b"")
        seconds, said = ends_after(used, began)
        between(tally, "a connection that is done", seconds, 60)


def half_open(tally):
    """One direction closed, or the peer gone without a word."""
    with serve() as server:
        source = fresh()
        tally.equal("a request, then no more to send", statuses(server, posted(score(source))), [200])
        tally.equal("it was stored", len(server.scores("trace", source)), 1)
        tally.equal("half a head, then no more", statuses(server, b"GET /livez HT"), [])
        tally.equal("half a body, then no more", statuses(server, request(fields=["Content-Length: 50"], body=b"{")), [])
        for _ in range(50):
            with connect(server) as connection:
                connection.sendall(posted(score(source)))
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # A reset, not a goodbye.
        deadline = time.monotonic() + 10
        while metric(server, "sluice_connections") > 1 and time.monotonic() < deadline:
            time.sleep(0.05)
        tally.equal("50 that reset while they were served leave nothing behind", metric(server, "sluice_connections"), 1)
        tally.check("the server lives", server.get("/livez").status_code == 200)


ATTACKS = (
    ("slow head", head), ("slow head, line by line", trickled_head), ("empty lines for ever", empty_lines),
    ("slow body, silent", silent_body), ("slow body, trickling", trickled_body), ("slow body, in chunks", trickled_chunks),
    ("slow body, just fast enough", slow_but_fast_enough), ("slow reader", reader), ("idle connections", idle),
    ("half-open peers and resets", half_open),
)
