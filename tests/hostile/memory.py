"""Many small things and readers that take nothing: what the server holds stays within its memory setting."""

import threading

from bodies import MIB, peak
from talk import *

SIDE_BY_SIDE = False
MEMORY = 256  # MiB: the smallest that may be set.
# MiB beside the budget: the program and its libraries (45), a buffer of 32 KiB for each connection, what each io thread
# decodes before it is counted, and what the allocator keeps between. 80 to 170 were seen; without bounds it was 550.
BESIDE = 224
WRITERS = 200
READERS = 100
SECONDS = 20
ITEMS = 20_000
LINES = b'{"source_type":"t","source_id":"%d","label_name":"accuracy","value":1}\n'


def write(server, requests, turn, until, statuses):
    """One request after another."""
    while time.monotonic() < until:
        try:
            with connect(server, timeout=60) as connection:
                while time.monotonic() < until:
                    turn += 1
                    connection.sendall(requests[turn % len(requests)])
                    answers = read_answers(connection, 1)
                    if not answers:
                        break
                    statuses.append(answers[0][0])
        except OSError:
            statuses.append(0)


def small_records(tally):
    """All of one body's lines are stored or refused; readers ask for pages of megabytes and leave them there."""
    with serve("--memory", "%dMiB" % MEMORY, "--body-limit", "4MiB", "--connections-max", "1000") as server:
        source = fresh()
        lines = [{"source_type": "trace", "source_id": source, "label_name": "accuracy", "value": 0.5, "id": fresh(),
                  "notes": "n" * 3000} for _ in range(1000)]
        tally.equal("what is read is stored", server.post("/v1/scores?results=errors", lines).status_code, 200)
        at_rest = peak(server)
        # Lines that are a sixth of the records they become, and lines that are less than a tenth of their errors.
        bodies = (b"".join(LINES % n for n in range(ITEMS)), b"{}\n" * ITEMS)
        requests = [posted(body, ["Content-Type: application/x-ndjson"]) for body in bodies]
        asked = request("GET /v1/scores?source_type=trace&source_id=%s&limit=1000 HTTP/1.1" % source)
        held = [connect(server, window=4096) for _ in range(READERS)]
        statuses = []
        until = time.monotonic() + SECONDS
        writers = [threading.Thread(target=write, args=(server, requests, n, until, statuses)) for n in range(WRITERS)]
        try:
            for one in held:
                one.sendall(asked * 4)
            for writer in writers:
                writer.start()
            for writer in writers:
                writer.join()
        finally:
            for one in held:
                one.close()
        most = peak(server)
        tally.check("bodies were stored", statuses.count(200) > 0, statuses[:20])
        tally.check("the rest were refused as they must be", set(statuses) <= {200, 400, 429, 0}, sorted(set(statuses)))
        tally.memory("resident at most", (MEMORY + BESIDE) * 1024, most)
        tally.note("peak %.0f MiB resident, %.0f before; %d stored, %d refused as overload"
                   % (most / MIB, at_rest / MIB, statuses.count(200), statuses.count(429)))
        tally.equal("and then a score is stored", server.post("/v1/scores", score(fresh())).status_code, 200)
        tally.check("the store is well", server.get("/readyz").status_code == 200)


ATTACKS = (("many small records and slow readers, within the memory", small_records),)
