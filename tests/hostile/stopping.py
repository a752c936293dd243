"""SIGTERM under load: whatever was sent before the signal is answered, and the process ends with 0."""

import threading

from talk import *

SIDE_BY_SIDE = False
CYCLES = 5
CLIENTS = 24


class Client(threading.Thread):
    """Keeps `depth` requests under way, on one connection or on a new one each time."""

    def __init__(self, server, depth, lasting):
        super().__init__(daemon=True)
        self.server, self.depth, self.lasting = server, depth, lasting
        self.turns = []  # (when the last of its requests was sent whole, how many, how many were answered)
        self.answers = []  # (status, source)
        self.over = threading.Event()

    def run(self):
        while not self.over.is_set():
            try:
                with connect(self.server, timeout=40) as connection:
                    while self.turn(connection) and self.lasting:
                        pass
            except OSError:
                return

    def turn(self, connection):
        sources = [fresh() for _ in range(self.depth)]
        connection.sendall(b"".join(posted(score(source)) for source in sources))
        sent_at = time.monotonic()
        try:
            got = read_answers(connection, self.depth)
        except OSError:
            got = []
        self.turns.append((sent_at, self.depth, len(got)))
        self.answers += [(one[0], source) for one, source in zip(got, sources)]
        return len(got) == self.depth and got[-1][1].get("connection") != "close"


def sigterm(tally):
    stored = refused = under_way = 0
    for cycle in range(CYCLES):
        with serve() as server:
            clients = [Client(server, 1 + n % 4, n % 3 > 0) for n in range(CLIENTS)]
            for client in clients:
                client.start()
            deadline = time.monotonic() + 20
            while sum(len(client.answers) for client in clients) < 300 and time.monotonic() < deadline:
                time.sleep(0.01)
            began = time.monotonic()
            server.process.terminate()
            code = server.process.wait(40)
            tally.equal("cycle %d ends with 0" % cycle, code, 0)
            tally.check("cycle %d ends within 5 s" % cycle, time.monotonic() - began < 5, time.monotonic() - began)
            for client in clients:
                client.over.set()
            for client in clients:
                client.join(40)
            before = [turn for client in clients for turn in client.turns if turn[0] < began]
            under_way += sum(count for when, count, _ in before if when > began - 0.01)
            lost = [turn for turn in before if turn[2] < turn[1]]
            tally.equal("cycle %d answers all that was sent" % cycle, [(began - when, n, got) for when, n, got in lost], [])
            answers = [one for client in clients for one in client.answers]
            tally.check("cycle %d says stored or refused" % cycle, {status for status, _ in answers} <= {200, 503},
                        {status for status, _ in answers})
            server.start()
            wrong = [(status, source) for status, source in answers
                     if len(server.scores("trace", source)) != (1 if status == 200 else 0)]
            tally.equal("cycle %d told the truth" % cycle, wrong, [])
            stored += sum(status == 200 for status, _ in answers)
            refused += sum(status == 503 for status, _ in answers)
    tally.check("requests were under way", under_way >= CYCLES, under_way)
    tally.note("%d sent in the last 10 ms; %d answers stored, %d answers 503" % (under_way, stored, refused))


ATTACKS = (("SIGTERM under load", sigterm),)
