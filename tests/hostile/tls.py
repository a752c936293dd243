"""TLS: what is spoken, what is refused, and a certificate that changes while the server runs."""

import os
import ssl
import subprocess

from harness import BINARY, SECRET, Certificate
from slow import between, ends_after
from talk import *

SIDE_BY_SIDE = False


def client(**more):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for name, value in more.items():
        setattr(context, name, value)
    return context


def secured(server, context=None, timeout=10):
    return (context or client()).wrap_socket(connect(server, timeout=timeout), server_hostname="localhost")


def name_of(connection):
    text = subprocess.run(["openssl", "x509", "-inform", "der", "-noout", "-subject"], capture_output=True, check=True,
                          input=connection.getpeercert(True)).stdout.decode()
    return text.strip().rsplit("=", 1)[1].strip()


def asked(connection, data):
    connection.sendall(data)
    return [one[0] for one in read_answers(connection, 1)]


def value(server, name):
    with secured(server) as connection:
        connection.sendall(request("GET /metrics HTTP/1.1"))
        text = read_answers(connection, 1)[0][2].decode()
    return next(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name + " "))


def scores_over_tls(tally):
    with Certificate() as pair, serve(*pair.arguments(), certificate=pair.certificate) as server:
        source = fresh()
        tally.equal("a score", server.post("/v1/scores", score(source)).status_code, 200)
        tally.equal("reads back", len(server.scores("trace", source)), 1)
        with secured(server) as one:
            tally.equal("TLS 1.3", one.version(), "TLSv1.3")
            tally.equal("many on one connection", [asked(one, posted(score(source))) for _ in range(20)], [[200]] * 20)
            one.sendall(posted(score(source)) * 50)
            tally.equal("50 at once are answered in order", [a[0] for a in read_answers(one, 50)], [200] * 50)
        with secured(server, client(maximum_version=ssl.TLSVersion.TLSv1_2)) as one:
            tally.equal("TLS 1.2", one.version(), "TLSv1.2")
            suite = one.cipher()[0]
            tally.check("with forward secrecy and AEAD", suite.startswith("ECDHE") and "GCM" in suite, suite)
            tally.equal("a score over TLS 1.2", asked(one, posted(score(source))), [200])
        with secured(server) as one:
            body = b" " * 3_000_000 + score(source)
            tally.equal("a body of 3 MB", asked(one, posted(body)), [200])
            tally.equal("then a page", asked(one, request("GET /livez HTTP/1.1")), [200])
            for byte in request("GET /livez HTTP/1.1"):
                one.sendall(bytes([byte]))
            tally.equal("a head in records of one byte", [a[0] for a in read_answers(one, 1)], [200])
            chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in score(source)) + b"0\r\n\r\n"
            tally.equal("a body in chunks", asked(one, chunked(chunks)), [200])
            one.sendall(request(fields=["Content-Length: 2", "Expect: 100-continue"]))
            tally.equal("100-continue", [a[0] for a in read_answers(one, 1)], [100])
            tally.equal("and its body", asked(one, b"[]") in ([200], [400]), True)
        lines = [{"source_type": "trace", "source_id": source, "label_name": "accuracy", "value": 0.5, "id": fresh(),
                  "notes": "n" * 1000} for _ in range(1000)]
        tally.equal("1000 scores", server.post("/v1/scores?results=errors", lines).status_code, 200)
        with secured(server) as one:
            one.sendall(request("GET /v1/scores?source_type=trace&source_id=%s&limit=1000 HTTP/1.1" % source) * 8)
            time.sleep(0.3)  # Until the sockets are full and the server has to wait for this reader.
            pages = read_answers(one, 8)
            tally.check("eight answers of over 1 MB to a slow reader", len(pages) == 8 and len({a[2] for a in pages}) == 1 and
                        len(pages[0][2]) > 1_000_000, [len(a[2]) for a in pages])
        # A connection that ends without TLS's goodbye raises an error here.
        with client().wrap_socket(connect(server), suppress_ragged_eofs=False) as one:
            one.sendall(request("GET /livez HTTP/1.1", ["Connection: close"]))
            said = b""
            while part := one.recv(65536):
                said += part
            tally.check("the end is told, not cut", said.endswith(b"}") or said.endswith(b"\n"), said)
        with secured(server) as one:
            tally.equal("a refusal closes", asked(one, request("GET /livez HTTP/2.0")), [505])
        tally.equal("the operator's socket stays plain", server.command("keys", "list").returncode, 0)
        tally.equal("orderly end", server.stop(), 0)


def refusals(tally):
    with Certificate() as pair, serve(*pair.arguments(), certificate=pair.certificate) as server:
        def refused(name, context, text):
            try:
                with secured(server, context) as one:
                    tally.check(name, False, one.version())
            except ssl.SSLError as error:
                tally.check(name, text in str(error).lower(), error)

        def old(version, ciphers="ALL:@SECLEVEL=0"):
            context = client()
            context.minimum_version = context.maximum_version = version
            context.set_ciphers(ciphers)
            return context
        refused("TLS 1.0", old(ssl.TLSVersion.TLSv1), "version")
        refused("TLS 1.1", old(ssl.TLSVersion.TLSv1_1), "version")
        for suite in ("AES128-GCM-SHA256", "AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "aNULL"):
            refused(suite, old(ssl.TLSVersion.TLSv1_2, suite + ":@SECLEVEL=0"), "handshake failure")
        other = client()
        other.set_alpn_protocols(["h2"])
        refused("a client of HTTP/2 only", other, "no application protocol")
        both = client()
        both.set_alpn_protocols(["h2", "http/1.1"])
        with secured(server, both) as one:
            tally.equal("of h2 and http/1.1 the latter is chosen", one.selected_alpn_protocol(), "http/1.1")
        with secured(server) as one:
            asked(one, request("GET /livez HTTP/1.1"))
            tally.check("no session ticket is given", one.session is None or not one.session.has_ticket)
        # Plain HTTP on the TLS port.
        for line in ("GET /livez HTTP/1.1", "POST /v1/scores HTTP/1.1", "OPTIONS * HTTP/1.1", "PATCH /x HTTP/1.1"):
            with connect(server) as plain:
                plain.sendall(request(line))
                status, headers, body = read_answers(plain, 1)[0]
                tally.check(line, status == 400 and b"https" in body and headers["connection"] == "close", body)
                tally.equal(line + ": closed", plain.recv(10), b"")
        for name, data in (("zeros", b"\0" * 1000), ("a broken hello", b"\x16\x03\x01\x00\x05hello"), ("SSH", b"SSH-2.0-x\r\n"),
                           ("a record of 64 KiB", b"\x16\x03\x01\xff\xff" + b"x" * 65535),
                           ("data first", b"\x17\x03\x03\x00\x02xx")):
            with connect(server) as plain:
                plain.sendall(data)
                seconds, said = ends_after(plain, time.monotonic(), limit=12)
                tally.check(name, seconds is not None and seconds < 2, seconds)
        tally.check("failures are counted", value(server, "sluice_tls_failures_total") >= 12)
        tally.equal("and others are served", server.get("/livez").status_code, 200)


def starts(tally):
    """What is not served at all, and why."""
    with Certificate() as pair:
        def start(*arguments):
            done = subprocess.run([BINARY, "serve", "--data", os.path.join(pair.directory, "data"), *arguments],
                                  capture_output=True, text=True, timeout=60)
            return done.returncode, done.stdout + done.stderr
        code, text = start("--listen", "0.0.0.0:0")
        tally.check("plain HTTP beyond loopback", code == 1 and "--insecure" in text and "tls_certificate" in text, text)
        code, text = start("--listen", "[::]:0")
        tally.check("plain HTTP on all of IPv6", code == 1 and "--insecure" in text, text)
        code, text = start("--listen", "127.0.0.1:0", "--tls-certificate", pair.certificate)
        tally.check("a certificate without a key", code == 1 and "belong together" in text, text)
        code, text = start("--listen", "127.0.0.1:0", "--tls-certificate", "/nowhere", "--tls-key", pair.key)
        tally.check("a certificate that is not there", code == 1 and "/nowhere: No such file" in text, text)
        code, text = start("--listen", "127.0.0.1:0", "--tls-certificate", pair.key, "--tls-key", pair.key)
        tally.check("a key for a certificate", code == 1 and "tls_certificate: " + pair.key in text, text)
        os.chmod(pair.key, 0o644)
        code, text = start("--listen", "127.0.0.1:0", *pair.arguments())
        tally.check("a key everyone can read", code == 1 and "chmod o=" in text, text)
        os.chmod(pair.key, 0o600)
        with Certificate() as other:
            code, text = start("--listen", "127.0.0.1:0", "--tls-certificate", pair.certificate, "--tls-key", other.key)
            tally.check("the key of another certificate", code == 1 and "mismatch" in text, text)
        subprocess.run(["openssl", "ec", "-aes128", "-passout", "pass:secret", "-in", pair.key, "-out", pair.key + ".locked"],
                       check=True, capture_output=True)
        os.chmod(pair.key + ".locked", 0o600)
        code, text = start("--listen", "127.0.0.1:0", "--tls-certificate", pair.certificate, "--tls-key", pair.key + ".locked")
        tally.check("an encrypted key, without asking", code == 1 and "tls_key" in text, text)


def eventually(condition, seconds=15):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def reload(tally):
    with Certificate() as pair, serve(*pair.arguments(), certificate=pair.certificate) as server:
        def name():
            with secured(server) as one:
                return name_of(one)
        def logged(text):
            return eventually(lambda: any(text in line for line in server.output))
        tally.equal("the first certificate", name(), "first")
        with secured(server) as old:
            tally.equal("a connection under it", asked(old, posted(score(fresh()))), [200])
            pair.make("second")
            tally.check("replaced files are noticed without a signal", eventually(lambda: name() == "second"), name())
            tally.equal("the old connection goes on", asked(old, posted(score(fresh()))), [200])
            tally.equal("under its certificate", name_of(old), "first")
            pair.make("third")
            server.signal(1)
            tally.check("SIGHUP reads them at once", eventually(lambda: name() == "third"), name())
            with open(pair.certificate, "w") as file:
                file.write("no certificate")
            tally.check("a broken file is an error in the log", logged("cannot be used, the old one stays"), server.output[-3:])
            tally.equal("and the old one stays", name(), "third")
            server.signal(1)
            os.unlink(pair.certificate)
            tally.check("a missing one as well", logged("No such file"), server.output[-3:])
            tally.equal("and the old one stays then", name(), "third")
            pair.make("fourth")
            tally.check("the next good pair is taken", eventually(lambda: name() == "fourth"), name())
            tally.equal("the first connection still goes on", asked(old, posted(score(fresh()))), [200])
        expires = value(server, "sluice_tls_certificate_expires_seconds") - time.time()
        tally.check("the metric tells when it expires", 1.9 * 86400 < expires < 2.1 * 86400, expires)
        tally.check("no key in the log", "PRIVATE KEY" not in "".join(server.output) and SECRET not in "".join(server.output))
        tally.equal("orderly end", server.stop(), 0)


def slow_handshakes(tally):
    with Certificate() as pair, serve(*pair.arguments(), certificate=pair.certificate) as server:
        with connect(server) as silent, connect(server) as half, connect(server) as trickling:
            began = time.monotonic()
            half.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
            seconds, _ = ends_after(trickling, began, b"\x16", every=20)
            between(tally, "a handshake of one byte", seconds, 10)
            between(tally, "a silent client", ends_after(silent, began)[0], 10)
            between(tally, "half a hello", ends_after(half, began)[0], 10)
        with secured(server, timeout=20) as one:
            began = time.monotonic()
            one.sendall(b"GET /livez HTTP/1.1\r\n")
            try:
                said = read_answers(one, 1)
            except OSError:
                said = []
            tally.check("a slow head over TLS is told so", [a[0] for a in said] == [408], said)
            between(tally, "a slow head over TLS", time.monotonic() - began, 10)
        tally.equal("others are served", server.get("/livez").status_code, 200)


def memory(tally):
    with Certificate() as pair, serve(*pair.arguments(), certificate=pair.certificate) as server:
        with secured(server) as one:
            asked(one, request("GET /livez HTTP/1.1"))
        before = value(server, "process_resident_memory_bytes")
        held = [secured(server) for _ in range(1000)]
        each = (value(server, "process_resident_memory_bytes") - before) / len(held)
        tally.equal("1000 idle TLS connections", value(server, "sluice_connections"), 1001)
        tally.memory("each holds at most", 64, each)
        tally.note("%.1f KiB each" % (each / 1024))
        for one in held:
            one.close()


ATTACKS = (
    ("TLS: scores, large answers, small records", scores_over_tls), ("TLS: old versions, weak suites, plain HTTP", refusals),
    ("TLS: what does not start", starts), ("TLS: certificate reload", reload), ("TLS: slow handshakes", slow_handshakes),
    ("TLS: memory", memory),
)
