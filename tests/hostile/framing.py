"""Request smuggling and malformed framing, judged by RFC 9112: each attack carries a second request behind it, which must
never be answered, and a score, which must never be stored."""

from harness import Certificate
from talk import *
from tls import secured

SIDE_BY_SIDE = False
SOURCE = "smuggled"
BODY = score(SOURCE)
SIZE = len(BODY)
CHUNK = b"%x\r\n%s\r\n" % (SIZE, BODY)
LAST = b"0\r\n\r\n"
BEHIND = posted(BODY)
BEHIND_GOOD = request("GET /livez HTTP/1.1", ["Connection: close"])
CL = "Content-Length: %d" % SIZE
TE = "Transfer-Encoding: chunked"


def with_fields(*fields, body=BODY, **more):
    return request(fields=fields, body=body, **more)


def get(target, **more):
    return request("GET %s HTTP/1.1" % target, **more)


def line(text, **more):
    return request(text, **more)


LENGTHS = {
    "CL beside TE": (with_fields(CL, TE, body=CHUNK + LAST), 400),
    "TE beside CL": (with_fields(TE, CL, body=CHUNK + LAST), 400),
    "TE beside CL 0": (with_fields("Content-Length: 0", TE, body=CHUNK + LAST), 400),
    "CL twice, equal": (with_fields(CL, CL), 400),
    "CL twice, different": (with_fields(CL, "Content-Length: 0"), 400),
    "CL as a list": (with_fields(CL + ", %d" % SIZE), 400),
    "CL with a trailing comma": (with_fields(CL + ","), 400),
    "CL with plus": (with_fields("Content-Length: +%d" % SIZE), 400),
    "CL with minus": (with_fields("Content-Length: -%d" % SIZE), 400),
    "CL in hex": (with_fields("Content-Length: 0x%x" % SIZE), 400),
    "CL with a point": (with_fields(CL + ".0"), 400),
    "CL with an exponent": (with_fields("Content-Length: 1e2"), 400),
    "CL with an underscore": (with_fields("Content-Length: 1_0"), 400),
    "CL with a space inside": (with_fields("Content-Length: 1 0"), 400),
    "CL in quotes": (with_fields('Content-Length: "%d"' % SIZE), 400),
    "CL empty": (with_fields("Content-Length:"), 400),
    "CL with a vertical tab": (with_fields("Content-Length: \x0b%d" % SIZE), 400),
    "CL with a no-break space": (with_fields("Content-Length:\xa0%d" % SIZE), 400),
    "CL of 2^64 + n": (with_fields("Content-Length: %d" % (2**64 + SIZE)), 413),
    "CL of 30 digits": (with_fields("Content-Length: " + "9" * 30), 413),
    "CL with a space before the colon": (with_fields("Content-Length : %d" % SIZE), 400),
    "CL with a tab before the colon": (with_fields("Content-Length\t: %d" % SIZE), 400),
    "CL folded": (with_fields("Content-Length:\r\n %d" % SIZE), 400),
    "TE gzip": (with_fields("Transfer-Encoding: gzip"), 400),
    "TE identity": (with_fields("Transfer-Encoding: identity"), 400),
    "TE gzip, chunked": (with_fields("Transfer-Encoding: gzip, chunked", body=CHUNK + LAST), 501),
    "TE chunked, identity": (with_fields("Transfer-Encoding: chunked, identity", body=CHUNK + LAST), 400),
    "TE identity, chunked": (with_fields("Transfer-Encoding: identity, chunked", body=CHUNK + LAST), 501),
    "TE chunked, chunked": (with_fields("Transfer-Encoding: chunked, chunked", body=CHUNK + LAST), 501),
    "TE twice": (with_fields(TE, TE, body=CHUNK + LAST), 400),
    "TE, then another TE": (with_fields(TE, "Transfer-Encoding: identity", body=CHUNK + LAST), 400),
    "TE xchunked": (with_fields("Transfer-Encoding: xchunked", body=CHUNK + LAST), 400),
    "TE chunkedx": (with_fields("Transfer-Encoding: chunkedx", body=CHUNK + LAST), 400),
    "TE with a parameter": (with_fields("Transfer-Encoding: chunked;q=1", body=CHUNK + LAST), 400),
    "TE in quotes": (with_fields('Transfer-Encoding: "chunked"', body=CHUNK + LAST), 400),
    "TE with a trailing comma": (with_fields(TE + ",", body=CHUNK + LAST), 400),
    "TE with a vertical tab": (with_fields("Transfer-Encoding: \x0bchunked", body=CHUNK + LAST), 400),
    "TE with a no-break space": (with_fields("Transfer-Encoding:\xa0chunked", body=CHUNK + LAST), 400),
    "TE with a NUL": (with_fields("Transfer-Encoding: chunked\0", body=CHUNK + LAST), 400),
    "TE empty": (with_fields("Transfer-Encoding:", body=CHUNK + LAST), 400),
    "TE with a space before the colon": (with_fields("Transfer-Encoding : chunked", body=CHUNK + LAST), 400),
    "TE with a tab before the colon": (with_fields("Transfer-Encoding\t: chunked", body=CHUNK + LAST), 400),
    "TE folded": (with_fields("Transfer-Encoding:\r\n chunked", body=CHUNK + LAST), 400),
    "TE as a folded line's end": (with_fields("X: y\r\n " + TE, CL), 400),
    "TE behind a bare LF": (with_fields("X: y\n" + TE, CL), 400),
    "TE behind a bare CR": (with_fields("X: y\r" + TE, CL), 400),
    "TE in HTTP/1.0": (request("POST /v1/scores HTTP/1.0", [TE], CHUNK + LAST), 400),
    "GET with a body": (posted(BODY, line="GET /v1/scores HTTP/1.1"), 400),
    "GET with chunks": (chunked(CHUNK + LAST, line="GET /v1/scores HTTP/1.1"), 400),
    "HEAD with a body": (posted(BODY, line="HEAD /v1/scores HTTP/1.1"), 400),
    "DELETE with a body": (posted(BODY, line="DELETE /v1/scores/x HTTP/1.1"), 400),
    "OPTIONS with a body": (posted(BODY, line="OPTIONS /v1/scores HTTP/1.1"), 400),
    "an Expect nobody knows": (with_fields(CL, "Expect: 200-maybe"), 417),
    "Expect twice": (with_fields(CL, "Expect: 100-continue", "Expect: 100-continue"), 400),
}

LINES = {
    "two spaces": (line("GET  /livez HTTP/1.1"), 400), "leading space": (line(" GET /livez HTTP/1.1"), 400),
    "space at the end": (line("GET /livez HTTP/1.1 "), 400), "tab for a space": (line("GET\t/livez HTTP/1.1"), 400),
    "space in the target": (get("/li vez"), 400), "no target": (line("GET HTTP/1.1"), 400),
    "HTTP/0.9": (b"GET /livez\r\n\r\n", 400), "HTTP/0.9 in words": (line("GET /livez HTTP/0.9"), 505),
    "HTTP/1.2": (line("GET /livez HTTP/1.2"), 505), "HTTP/2.0": (line("GET /livez HTTP/2.0"), 505),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505), "HTTP/1.10": (line("GET /livez HTTP/1.10"), 400),
    "HTTP/01.1": (line("GET /livez HTTP/01.1"), 400), "http/1.1": (line("GET /livez http/1.1"), 400),
    "HTTP 1.1": (line("GET /livez HTTP 1.1"), 400), "HTTP/1": (line("GET /livez HTTP/1"), 400),
    "HTTP/1,1": (line("GET /livez HTTP/1,1"), 400), "XTTP/1.1": (line("GET /livez XTTP/1.1"), 400),
    "lower-case method": (line("get /livez HTTP/1.1"), 501), "unknown method": (line("BREW /livez HTTP/1.1"), 501),
    "method with a colon": (line("GE:T /livez HTTP/1.1"), 400), "TRACE": (line("TRACE /livez HTTP/1.1"), 501),
    "CONNECT, authority-form": (line("CONNECT localhost:80 HTTP/1.1"), 501),
    "GET, authority-form": (get("localhost:80"), 400), "GET, asterisk-form": (get("*"), 400),
    "a target without a slash": (get("livez"), 400), "a fragment": (get("/livez#x"), 400),
    "absolute-form, another host": (get("http://other/livez"), 400), "absolute-form, no host": (get("http:///livez"), 400),
    "absolute-form, user info": (get("http://user@localhost/livez"), 400), "another scheme": (get("ftp://localhost/livez"), 400),
    "a byte over 0x7F": (get("/livez\xe9"), 400), "a NUL": (get("/livez\0"), 400), "a quote": (get('/livez"'), 400),
    "an ESC": (get("/livez\x1b"), 400), "a bare CR": (get("/livez\r"), 400),
    "a bare LF after the line": (b"GET /livez HTTP/1.1\n" + request()[len("POST /v1/scores HTTP/1.1\r\n"):], 400),
    "a backslash": (get("/..\\livez"), 400), "a caret": (get("/livez^"), 400), "half an escape": (get("/livez%4"), 400),
    "an escape of no hex": (get("/livez%zz"), 400), "two empty lines before": (b"\r\n\r\n" + get("/livez"), 400),
    "an LF before": (b"\n" + get("/livez"), 400), "a CR before": (b"\r" + get("/livez"), 400),
    "a NUL before": (b"\0" + get("/livez"), 400), "TLS by mistake": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
}

PATHS = {
    "/%2e%2e": (get("/%2e%2e/v1/scores"), 400), "/..": (get("/../v1/scores"), 400), "/.": (get("/./livez"), 400),
    "/.%2E": (get("/v1/.%2E/livez"), 400), "trailing /..": (get("/v1/scores/.."), 400), "%2f": (get("/v1%2fscores"), 400),
    "%5c": (get("/v1%5cscores"), 400), "%00": (get("/livez%00"), 400), "%00 in the middle": (get("/v1/scores/%00x"), 400),
}

HOSTS = {
    "missing": (get("/livez", host=None), 400), "twice": (get("/livez", host="Host: a\r\nHost: b"), 400),
    "twice the same": (get("/livez", host="Host: a\r\nhost: a"), 400), "empty": (get("/livez", host="Host:"), 400),
    "a space": (get("/livez", host="Host: a b"), 400), "a list": (get("/livez", host="Host: a, b"), 400),
    "a path": (get("/livez", host="Host: a/b"), 400), "user info": (get("/livez", host="Host: u@a"), 400),
    "a port of letters": (get("/livez", host="Host: a:b"), 400), "two ports": (get("/livez", host="Host: a:1:2"), 400),
    "a port of six digits": (get("/livez", host="Host: a:123456"), 400), "half an IPv6": (get("/livez", host="Host: [::1"), 400),
    "an IPv6 of no hex": (get("/livez", host="Host: [::g]"), 400), "bytes over 0x7F": (get("/livez", host="Host: \xe9"), 400),
    "a NUL": (get("/livez", host="Host: a\0b"), 400), "a space before the colon": (get("/livez", host="Host : a"), 400),
    "a fragment": (get("/livez", host="Host: a#b"), 400), "a question mark": (get("/livez", host="Host: a?b"), 400),
}

FIELDS = {
    "no colon": (get("/livez", host="Host: a\r\nX"), 400), "no name": (get("/livez", host="Host: a\r\n: x"), 400),
    "a space in the name": (get("/livez", host="Host: a\r\nX Y: z"), 400),
    "a bracket in the name": (get("/livez", host="Host: a\r\nX(: z"), 400),
    "a byte over 0x7F in the name": (get("/livez", host="Host: a\r\nX\xe9: z"), 400),
    "a NUL in the name": (get("/livez", host="Host: a\r\nX\0: z"), 400),
    "a folded value": (get("/livez", host="Host: a\r\nX: y\r\n z"), 400),
    "a folded value with a tab": (get("/livez", host="Host: a\r\nX: y\r\n\tz"), 400),
    "a folded first line": (get("/livez", host=" X: y\r\nHost: a"), 400),
    "a bare LF": (get("/livez", host="Host: a\nX: y"), 400), "a bare CR": (get("/livez", host="Host: a\rX: y"), 400),
    "a bare LF as the end": (b"GET /livez HTTP/1.1\r\nHost: a\r\n\n", 400), "CR CR LF": (get("/livez", host="Host: a\r"), 400),
    "a NUL": (get("/livez", host="Host: a\r\nX: \0"), 400), "an ESC": (get("/livez", host="Host: a\r\nX: \x1b[2J"), 400),
    "a DEL": (get("/livez", host="Host: a\r\nX: \x7f"), 400), "a bell": (get("/livez", host="Host: a\r\nX: \x07"), 400),
    "key twice": (get("/v1/scores", auth=AUTH + "\r\n" + AUTH), 400),
    "Content-Type twice": (with_fields(CL, "Content-Type: a/b", "Content-Type: c/d"), 400),
    "Content-Encoding twice": (with_fields(CL, "Content-Encoding: gzip", "Content-Encoding: gzip"), 400),
    "Idempotency-Key twice": (with_fields(CL, "Idempotency-Key: a", "Idempotency-Key: b"), 400),
}

EXTENSION_MAX = 254  # The line holds 256 bytes: the digit, the semicolon and these.
CHUNKS = {
    "no size": (b"\r\n" + LAST, 400), "no hex": (b"g\r\n" + LAST, 400), "a sign": (b"+1\r\nx\r\n" + LAST, 400),
    "negative": (b"-1\r\nx\r\n" + LAST, 400), "0x": (b"0x1\r\nx\r\n" + LAST, 400), "space before": (b" 1\r\nx\r\n" + LAST, 400),
    "space behind": (b"1 \r\nx\r\n" + LAST, 400), "tab behind": (b"1\t\r\nx\r\n" + LAST, 400),
    "16 digits": (b"1000000000000000\r\nx", 400), "17 digits that wrap to 1": (b"10000000000000001\r\nx\r\n" + LAST, 400),
    "all bits": (b"FFFFFFFFFFFFFFFF\r\nx", 400), "17 zeros": (b"0" * 17 + b"\r\n\r\n", 400),
    "larger than any body": (b"FFFFFFFFFFFFFFF\r\n" + b"x" * 100, "cut"), "comma": (b"1,1\r\nx\r\n" + LAST, 400),
    "bare LF behind the size": (b"1\nx\r\n" + LAST, 400), "bare CR behind the size": (b"1\rx\r\n" + LAST, 400),
    "bare LF behind the data": (b"1\r\nx\n" + LAST, 400), "data longer than its size": (b"1\r\nxy\r\n" + LAST, 400),
    "data shorter than its size": (b"3\r\nx\r\n" + LAST, 400), "an empty line between": (b"1\r\nx\r\n\r\n" + LAST, 400),
    "a bare LF as the end": (b"0\r\n\n", 400), "a bare LF in an extension": (b"1;a\nx\r\n" + LAST, 400),
    "a bare CR in an extension": (b"1;a\rb\r\nx\r\n" + LAST, 400), "a NUL in an extension": (b"1;\0\r\nx\r\n" + LAST, 400),
    "an extension one over its limit": (b"1;" + b"x" * (EXTENSION_MAX + 1) + b"\r\nx\r\n" + LAST, 400),
    "an extension without end": (b"1;" + b"x" * 100_000, 400),
    "extensions of 64 KiB together": ((b"1;" + b"x" * 250 + b"\r\nx\r\n") * 300 + LAST, 400),
    "a trailer": (CHUNK + b"0\r\nX: y\r\n\r\n", 400), "a trailer with a length": (CHUNK + b"0\r\nContent-Length: 5\r\n\r\n", 400),
    "a trailer with a key": (CHUNK + b"0\r\nAuthorization: Bearer x.y\r\n\r\n", 400),
    "a trailer with a coding": (CHUNK + b"0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    "a trailer of 100 KB": (CHUNK + b"0\r\nX: " + b"y" * 100_000, 400), "cut off in the size": (b"5", "cut"),
    "cut off in the data": (b"5\r\nab", "cut"), "cut off before the last chunk": (CHUNK, "cut"),
}

# What RFC 9112 allows and a strict gate may not refuse: (request, status), and the request behind it is answered too.
LEGAL = {
    "CL with leading zeros": (request(fields=["Content-Length: 00%d" % len(score("legal"))],
                                                                    body=score("legal")), 200),
    "CL with blanks around": (request(fields=["Content-Length: \t %d \t" % len(score("legal"))], body=score("legal")), 200),
    "TE in capitals": (request(fields=["TRANSFER-ENCODING: CHUNKED"], body=b"%x\r\n%s\r\n0\r\n\r\n" % (
        len(score("legal")), score("legal"))), 200),
    "chunk size in capitals with zeros": (chunked(b"000%X\r\n%s\r\n000\r\n\r\n" % (len(score("legal")), score("legal"))), 200),
    "chunk extensions": (chunked(b'%x;a=b;c="d"\r\n%s\r\n0;e\r\n\r\n' % (len(score("legal")), score("legal"))), 200),
    "a chunk extension of the limit": (chunked(b"1;" + b"x" * EXTENSION_MAX + b"\r\n{\r\n0\r\n\r\n"), 400),
    "one empty line before": (b"\r\n" + get("/livez"), 200), "absolute-form": (get("http://localhost/livez"), 200),
    "absolute-form in capitals": (get("HTTP://LOCALHOST/livez"), 200),
    "https in the target": (get("https://localhost/livez"), 200),
    "Host with a port": (get("/livez", host="Host: a:8420"), 200), "Host of IPv6": (get("/livez", host="Host: [::1]:1"), 200),
    "OPTIONS *": (request("OPTIONS * HTTP/1.1"), 404), "a tab in a value": (get("/livez", host="Host: a\r\nX: a\tb"), 200),
    "bytes over 0x7F in a value": (get("/livez", host="Host: a\r\nX: \xe9"), 200),
    "an empty value": (get("/livez", host="Host: a\r\nX:"), 200), "an upgrade nobody must take": (
        get("/livez", host="Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA"), 200),
    "GET with CL 0": (get("/livez", host="Host: a\r\nContent-Length: 0"), 200),
    "two slashes are another path": (get("//livez"), 404), "a semicolon is part of the path": (get("/livez;x=1"), 404),
    "an encoded letter is part of the path": (get("/%6civez"), 404), "HTTP/1.0 kept alive": (
        request("GET /livez HTTP/1.0", ["Connection: keep-alive"], host=None), 200),
    # RFC 9110 7.6.1: only who forwards a message drops what Connection names; here the fields frame it and show its key.
    "Connection names Content-Length": (posted(score("legal"), ["Connection: Content-Length"]), 200),
    "Connection names Transfer-Encoding": (request(fields=["Connection: transfer-encoding", TE], body=b"%x\r\n%s\r\n0\r\n\r\n" % (
        len(score("legal")), score("legal"))), 200),
    "Connection names Authorization": (posted(score("legal"), ["Connection: keep-alive, Authorization"]), 200),
    # Names with an underscore are other names, whatever a gateway makes of them.
    "Content_Length beside CL": (posted(score("legal"), ["Content_Length: 0"]), 200),
    "Transfer_Encoding beside CL": (posted(score("legal"), ["Transfer_Encoding: chunked"]), 200),
}


def refused(cases, wrap=lambda data: data):
    def attack(tally):
        server = serve()
        with server:
            for name, (data, wanted) in cases.items():
                cut = wanted == "cut"  # Incomplete for ever: no answer at all, or the refusal of what there is.
                found = statuses(server, wrap(data) + (b"" if cut else BEHIND))
                tally.check(name, found in ([], [400]) if cut else found == [wanted], "%r and not %r" % (found, wanted))
            tally.equal("nothing of it was stored", server.scores("trace", SOURCE), [])
            tally.check("the server lives", server.get("/livez").status_code == 200)
    return attack


def legal(tally):
    with serve() as server:
        for name, (data, wanted) in LEGAL.items():
            tally.equal(name, statuses(server, data + BEHIND_GOOD, half_close=False), [wanted, 200])


def in_turn(server, *pieces):
    """Each piece is sent when the one before is answered; the statuses."""
    found = []
    with connect(server, timeout=5) as connection:
        for piece in pieces[:-1]:
            connection.sendall(piece)
            found += [answer[0] for answer in read_answers(connection, 1)]
        try:
            connection.sendall(pieces[-1])
            return found + [answer[0] for answer in read_answers(connection)]
        except socket.timeout:
            return found + ["open"]
        except OSError:
            return found  # Closed and reset: what was sent behind the last answer was not read.


def expectations(tally):
    """A body that was asked for with 100 (Continue) is so many bytes, whatever they look like."""
    with serve() as server:
        asking = lambda size, **more: request(fields=["Content-Length: %d" % size, "Expect: 100-continue"], **more)
        tally.equal("the body comes", in_turn(server, asking(len(score("legal"))), score("legal") + BEHIND_GOOD), [100, 200, 200])
        tally.equal("the body is withheld", statuses(server, asking(SIZE)), [100])
        tally.equal("a request for a body", in_turn(server, asking(len(BEHIND)), BEHIND + BEHIND_GOOD), [100, 400, 200])
        tally.equal("a request for a body, unasked", statuses(server, asking(len(BEHIND)) + BEHIND + BEHIND_GOOD), [400, 200])
        # Refused from its head, the client may send the body or not: only the connection's end is understood by both.
        tally.equal("refused, and the next request instead", in_turn(server, asking(len(BEHIND), auth=None), BEHIND), [401])
        tally.equal("nothing of it was stored", server.scores("trace", SOURCE), [])


def refused_bodies(tally):
    """The body of a refused request is itself a request, many times over: it is thrown away and never answered."""
    body = BEHIND * 20
    cases = {401: posted(body, auth=None), 404: posted(body, line="POST /nowhere HTTP/1.1"),
             405: posted(body, line="PUT /v1/scores HTTP/1.1"), 413: posted(body), 415: posted(BEHIND, ["Content-Encoding: x"])}
    with serve("--body-limit", "4096") as server:
        for wanted, data in cases.items():
            tally.equal("%d" % wanted, statuses(server, data + BEHIND_GOOD), [wanted, 200])
            at = data.index(b"\r\n\r\n") + 4
            tally.equal("%d, the body behind the answer" % wanted,
                        in_turn(server, data[:at], data[at:] + BEHIND_GOOD), [wanted, 200])
        chunks = b"%x\r\n%s\r\n" % (len(body), body)
        tally.equal("413 in chunks closes", statuses(server, chunked(chunks + LAST) + BEHIND), [413])
        tally.equal("401 in chunks closes", statuses(server, chunked(chunks + LAST, auth=None) + BEHIND), [401])
        tally.equal("nothing of it was stored", server.scores("trace", SOURCE), [])
    with serve("--default-rate-bytes", "1") as server:  # The label was more bytes than are free for a minute.
        tally.equal("429", statuses(server, posted(BEHIND) + BEHIND_GOOD), [429, 200])
        tally.equal("nothing of it was stored behind a 429", server.scores("trace", SOURCE), [])


def no_length(tally):
    """Names that only a gateway would take for framing: without a real length there is no body, and what follows is not one."""
    with serve() as server:
        for field in ("Content_Length: %d" % SIZE, "Transfer_Encoding: chunked"):
            body = CHUNK + LAST if "Encoding" in field else BODY
            found = statuses(server, with_fields(field, body=body) + BEHIND)
            tally.check(field, found == [400, 400], found)
        tally.equal("nothing of it was stored", server.scores("trace", SOURCE), [])


def over_tls(tally):
    """The gate is the same behind TLS, however records cut the bytes."""
    with Certificate() as pair, serve(*pair.arguments(), certificate=pair.certificate) as server:
        def found(*records):
            with secured(server, timeout=5) as connection:
                for record in records:
                    connection.sendall(record)
                return [answer[0] for answer in read_answers(connection)]
        for name in ("CL beside TE", "CL twice, different", "TE folded", "TE chunked, identity", "TE behind a bare LF"):
            data, wanted = LENGTHS[name]
            tally.equal(name, found(data + BEHIND), [wanted])
            at = data.index(b"\r\n\r\n") - 3
            tally.equal(name + ", in two records", found(data[:at], data[at:] + BEHIND), [wanted])
        refused_one = posted(BEHIND, auth=None)
        tally.equal("a refused body", found(refused_one + BEHIND_GOOD), [401, 200])
        tally.equal("a refused body, in two records", found(refused_one[:-9], refused_one[-9:] + BEHIND_GOOD), [401, 200])
        tally.equal("a trailer", found(chunked(CHUNK + b"0\r\nX: y\r\n\r\n") + BEHIND), [400])
        tally.equal("nothing of it was stored", server.scores("trace", SOURCE), [])


def split_in_time(tally):
    """How the bytes arrive must not change the verdict."""
    with serve() as server:
        empty_lines = statuses(server, b"", pieces=[b"\r\n", b"\r\n", get("/livez")])
        tally.equal("two empty lines in two packets", empty_lines, [400])
        for name in ("CL beside TE", "TE folded", "TE behind a bare LF", "CL twice, equal"):
            data, wanted = LENGTHS[name]
            for at in (1, 30, len(data) // 2, data.index(b"\r\n\r\n") + 2):
                found = statuses(server, b"", pieces=[data[:at], data[at:] + BEHIND])
                tally.equal("%s, cut at %d" % (name, at), found, [wanted])
        tally.equal("nothing of it was stored", server.scores("trace", SOURCE), [])


ATTACKS = (
    ("smuggling: Content-Length and Transfer-Encoding", refused(LENGTHS)),
    ("smuggling: request lines and targets", refused(LINES)),
    ("smuggling: path tricks", refused(PATHS)),
    ("smuggling: Host", refused(HOSTS)),
    ("smuggling: header fields", refused(FIELDS)),
    ("smuggling: chunks, extensions, trailers", refused(CHUNKS, lambda chunks: chunked(chunks))),
    ("smuggling: bytes that arrive in pieces", split_in_time),
    ("smuggling: names with an underscore", no_length),
    ("smuggling: Expect", expectations),
    ("smuggling: requests in refused bodies", refused_bodies),
    ("smuggling: over TLS", over_tls),
    ("what RFC 9112 allows is taken, and framing stays in step", legal),
)
