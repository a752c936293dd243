"""Every limit of a request at n, where it must hold, and at n + 1, where it must be refused with the status it has."""

import itertools
import json

from talk import *

SIDE_BY_SIDE = False
LINE, FIELD, HEAD, FIELDS = 8192, 8192, 16384, 64
BODY = 4096


def both(tally, server, name, make, limit, wanted, at_the_limit=200):
    tally.equal("%s of %d" % (name, limit), statuses(server, make(limit))[:1], [at_the_limit])
    tally.equal("%s of %d" % (name, limit + 1), statuses(server, make(limit + 1))[:1], [wanted])


def line_of(size):
    return request("GET /livez?" + "x" * (size - len("GET /livez? HTTP/1.1")) + " HTTP/1.1")


def field_of(size):
    return request("GET /livez HTTP/1.1", ["X: " + "y" * (size - 3)])


def head_of(size):
    """Three fields, so that none is over its own limit."""
    rest = size - len(request("GET /livez HTTP/1.1", ["X: ", "Y: ", "Z: "]))
    return request("GET /livez HTTP/1.1", ["X: " + "x" * (rest // 3), "Y: " + "x" * (rest // 3),
                                           "Z: " + "x" * (rest - 2 * (rest // 3))])


def fields_of(count):
    return request("GET /livez HTTP/1.1", ["X: y"] * (count - 2))  # Host and Authorization are two.


def heads(tally):
    with serve() as server:
        both(tally, server, "a request line", line_of, LINE, 414)
        both(tally, server, "a header field", field_of, FIELD, 431)
        both(tally, server, "a head", head_of, HEAD, 431)
        both(tally, server, "header fields", fields_of, FIELDS, 431)
        key = lambda size: posted(score(fresh()), ["Idempotency-Key: " + "k" * size])
        both(tally, server, "an Idempotency-Key", key, 255, 400)
        tally.equal("a head without end", statuses(server, b"GET /livez HTTP/1.1\r\n" + b"X: y\r\n" * 100_000), [431])
        tally.equal("a line without end", statuses(server, b"GET /" + b"x" * 1_000_000), [414])


def padded(size):
    body = score(fresh())
    return body + b" " * (size - len(body))


def bodies(tally):
    with serve("--body-limit", str(BODY)) as server:
        both(tally, server, "a body", lambda size: posted(padded(size)), BODY, 413)
        both(tally, server, "a body in chunks",
             lambda size: chunked(b"%x\r\n%s\r\n0\r\n\r\n" % (size, padded(size))), BODY, 413)
        both(tally, server, "a body in chunks of one byte",
             lambda size: chunked(b"".join(b"1\r\n%c\r\n" % byte for byte in padded(size)) + b"0\r\n\r\n"), BODY, 413)
        announced = request(fields=["Content-Length: 1000000000000"])
        tally.equal("a length of 1 TB, refused before a byte of it", statuses(server, announced, half_close=False), [413])


def connections(tally):
    most = 20
    with serve("--connections-max", str(most)) as server:
        answer = lambda one: one.sendall(request("GET /livez HTTP/1.1")) or read_answers(one, 1)
        # The harness closed its own connections; the server needs a moment to see it.
        wait_until(lambda: metric(server, "sluice_connections") <= 1)
        held = [connect(server) for _ in range(most)]
        tally.equal("%d connections are served" % most, sum(answer(one)[0][0] == 200 for one in held), most)
        with connect(server, timeout=1) as late:
            late.sendall(request("GET /livez HTTP/1.1"))
            try:
                tally.check("number %d waits" % (most + 1), not read_answers(late, 1))
            except socket.timeout:
                tally.check("number %d waits" % (most + 1), True)
            held.pop().close()
            late.settimeout(5)
            tally.equal("and is served when one goes", [one[0] for one in read_answers(late, 1)], [200])
        for one in held:
            one.close()


def wait_until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def nested(levels):
    return json.loads("[" * levels + "]" * levels)


def json_shapes(tally):
    with serve() as server:
        def item(**more):
            return {"source_type": "trace", "source_id": fresh(), "label_name": "accuracy", "value": 0.5, **more}

        def sent(name, body, wanted, **more):
            answer = server.post("/v1/scores", body, **more)
            tally.check(name, answer.status_code in wanted, "%d %s" % (answer.status_code, answer.text[:100]))

        refused = (400, 413, 422)
        sent("a source id of 256 bytes", item(source_id="x" * 256), (200,))
        sent("a source id of 257 bytes", item(source_id="x" * 257), refused)
        sent("an id of 128 bytes", item(id="x" * 128), (200,))
        sent("an id of 129 bytes", item(id="x" * 129), refused)
        sent("notes of 64 KiB", item(notes="x" * 65536), (200,))
        sent("notes of 64 KiB and one", item(notes="x" * 65537), refused)
        for levels in (100, 10_000, 1_000_000):
            sent("%d arrays deep" % levels, b"[" * levels + b"]" * levels, refused)
            sent("%d arrays deep in a value" % levels,
                 json.dumps(item()).replace("0.5", "[" * levels + "]" * levels), refused)
            sent("%d objects deep" % levels, b'{"a":' * levels + b"1" + b"}" * levels, refused)
            sent("%d brackets never closed" % levels, b"[" * levels, refused)
        sent("a number of 1 MB", json.dumps(item()).replace("0.5", "1" * 1_000_000), refused)
        sent("a string of 15 MB", json.dumps(item(notes="x" * 15_000_000)), refused)
        sent("100,000 fields", json.dumps(item(**{"f%d" % n: 1 for n in range(100_000)})), refused)
        sent("the same field 100,000 times", b'{"value":1' + b',"value":1' * 100_000 + b"}", refused)
        line = json.dumps(item()).encode()
        for count, wanted in ((100_000, (200,)), (100_001, (413,))):
            sent("%d lines" % count, b"\n".join([line] * count) + b"\n", wanted,
                 headers={"Content-Type": "application/x-ndjson"}, params={"results": "errors"})
        tally.check("the server lives", server.get("/livez").status_code == 200)


def flood(source, ids):
    return json.dumps([{"source_type": "trace", "source_id": source, "label_name": "accuracy", "value": 0.5, "id": one}
                       for one in ids]).encode()


WORD, MURMUR = (1 << 64) - 1, 0xC6A4A7935BD1E995


def mixed(block, factor):
    """What MurmurHash64A makes of eight bytes before it takes them in; with the inverse of its factor, the way back."""
    block = block * factor & WORD
    return (block ^ block >> 47) * factor & WORD


def murmur_twins(count):
    """Printable ids of 128 bytes with one std::hash in libstdc++: a pair of blocks that brings its state to 0, then seven
    times any of five pairs that bring it from 0 to 0."""
    back = pow(MURMUR, -1, 1 << 64)
    blocks = (int.from_bytes(b"%08d" % n, "little") for n in itertools.count())

    def to_zero(state):
        for block in blocks:
            second = mixed((state ^ mixed(block, MURMUR)) * MURMUR & WORD, back).to_bytes(8, "little")
            if b" " not in second and second.isascii() and second.decode().isprintable():
                return (block.to_bytes(8, "little") + second).decode()

    begin = to_zero(0xC70F6907 ^ 128 * MURMUR & WORD)
    pairs = [to_zero(0) for _ in range(5)]
    return [begin + "".join(rest) for rest in itertools.islice(itertools.product(pairs, repeat=7), count)]


def hash_flooding(tally):
    """Ids that collide in the tables of other programs cost no more than other ids, written or read: the hashes here are
    keyed."""
    with serve() as server:
        alike = {
            "multiples of 2^32": [str(n << 32) for n in range(20_000)],
            "one prefix of 100 bytes": ["a" * 100 + str(n) for n in range(20_000)],
            "Java's Aa and BB": ["".join("Aa" if n >> bit & 1 else "BB" for bit in range(15)) for n in range(20_000)],
            "one std::hash": murmur_twins(20_000),
        }

        def seconds(method, path, *body):
            began = time.monotonic()
            answer = method(path, *body)
            if answer.status_code != 200:
                raise RuntimeError(answer.text[:200])
            return time.monotonic() - began

        def costs(ids):
            """Of writing them and of reading their source, the best of three each."""
            sources = [fresh() for _ in range(3)]
            return {
                "written": min(seconds(server.post, "/v1/scores?results=errors", flood(one, ids)) for one in sources),
                "read": min(seconds(server.get, "/v1/scores?source_type=trace&source_id=" + one) for one in sources),
            }

        common = costs([fresh() for _ in range(20_000)])
        tally.note("random ids " + ", ".join("%s %.0f ms" % (what, took * 1e3) for what, took in common.items()))
        for name, ids in alike.items():
            for what, took in costs(ids).items():
                tally.check("%s, %s" % (name, what), took < common[what] * 5 + 0.1,
                            "%.3f s, random ids %.3f s" % (took, common[what]))
                tally.note("%s, %s %.0f ms" % (name, what, took * 1e3))


ATTACKS = (
    ("limits of the head, at n and n + 1", heads),
    ("limits of the body, at n and n + 1", bodies),
    ("connections, at n and n + 1", connections),
    ("deep and huge JSON", json_shapes),
    ("ids made to collide", hash_flooding),
)
