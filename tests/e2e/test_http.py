"""HTTP/1.1 as clients really speak it, and the strict gate against what only attackers send."""

import gzip
import json
import socket
import subprocess

from harness import *


class Http(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.label = cls.server.label("n")

    def body(self, count=1, source=None):
        source = source or self.new_id()
        return json.dumps([{"source_type": "trace", "source_id": source, "label_id": self.label, "value": n}
                           for n in range(count)]).encode(), source

    def stored(self, source):
        return len(self.server.scores("trace", source))

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=10)

    def test_chunked_bodies(self):
        body, source = self.body(50)
        for size in (1, 7, 1000, len(body)):
            chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + size]), body[i:i + size]) for i in range(0, len(body), size))
            head = request_bytes("/v1/scores", method="X", headers=["Transfer-Encoding: chunked"]).replace(b"X ", b"POST ", 1)
            with self.connect() as connection:
                connection.sendall(head + chunks + b"0\r\n\r\n")
                self.assertEqual(read_answers(connection, 1)[0][0], 200)
        self.assertEqual(self.stored(source), 200)

    def test_gzip_and_zstd_bodies(self):
        body, source = self.body(100)
        answer = self.server.post("/v1/scores", gzip.compress(body), headers={"Content-Encoding": "gzip"})
        self.expect(answer, 200)
        members = gzip.compress(body[:100]) + gzip.compress(body[100:])
        self.expect(self.server.post("/v1/scores", members, headers={"Content-Encoding": "gzip"}), 200)
        packed = subprocess.run(["zstd", "-q", "-c"], input=body, capture_output=True, check=True).stdout
        self.expect(self.server.post("/v1/scores", packed, headers={"Content-Encoding": "zstd"}), 200)
        self.assertEqual(self.stored(source), 300)

    def test_decompression_bombs_and_damaged_streams_are_refused(self):
        bomb = gzip.compress(b"[" + b" " * 80_000_000 + b"]")
        answer = self.server.post("/v1/scores", bomb, headers={"Content-Encoding": "gzip"})
        self.assertIn(answer.status_code, (400, 413), answer.text)
        body, source = self.body()
        packed = gzip.compress(body)
        for name, damaged in (("cut", packed[:-5]), ("trailing", packed + b"x"), ("flipped", packed[:-6] + b"\0\0" + packed[-4:])):
            with self.subTest(name):
                answer = self.server.post("/v1/scores", damaged, headers={"Content-Encoding": "gzip"})
                self.assertEqual(answer.status_code, 400, answer.text)
        self.assertEqual(self.stored(source), 0)

    def test_pipelined_requests_are_answered_in_order(self):
        requests_sent, sources = b"", []
        for n in range(50):
            body, source = self.body(1 + n % 3)
            requests_sent += request_bytes("/v1/scores" if n % 5 else "/v1/scores?bogus=1", body)
            sources.append((source, 1 + n % 3 if n % 5 else 0))
        with self.connect() as connection:
            connection.sendall(requests_sent)
            answers = read_answers(connection, 50)
        self.assertEqual([answer[0] for answer in answers], [200 if n % 5 else 400 for n in range(50)])
        for source, count in sources:
            self.assertEqual(self.stored(source), count)

    def test_a_request_in_single_bytes_is_understood(self):
        body, source = self.body()
        with self.connect() as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in request_bytes("/v1/scores", body):
                connection.sendall(bytes([byte]))
            self.assertEqual(read_answers(connection, 1)[0][0], 200)
        self.assertEqual(self.stored(source), 1)

    def test_expect_100_continue(self):
        body, source = self.body()
        request = request_bytes("/v1/scores", body, headers=["Expect: 100-continue"])
        with self.connect() as connection:
            connection.sendall(request[: -len(body)])
            self.assertEqual(read_answers(connection, 1)[0][0], 100)
            connection.sendall(body)
            self.assertEqual(read_answers(connection, 1)[0][0], 200)
        wrong = request.replace(b"100-continue", b"miracles")
        self.assertEqual(self.server.raw(wrong)[0][0], 417)
        unauthorized = request.replace(KEY.encode(), b"no.key")
        with self.connect() as connection:
            connection.sendall(unauthorized[: -len(body)])
            self.assertEqual(read_answers(connection, 1)[0][0], 401)
        self.assertEqual(self.stored(source), 1)

    def test_keep_alive_close_and_http_1_0(self):
        body, _ = self.body()
        with self.connect() as connection:
            for _ in range(3):
                connection.sendall(request_bytes("/v1/scores", body))
                self.assertEqual(read_answers(connection, 1)[0][0], 200)
            connection.sendall(request_bytes("/v1/scores", body, headers=["Connection: close"]))
            self.assertEqual([answer[0] for answer in read_answers(connection)], [200])
        old = request_bytes("/v1/scores", body).replace(b"HTTP/1.1", b"HTTP/1.0")
        self.assertEqual([answer[0] for answer in self.server.raw(old)], [200])

    def test_trailing_slashes_never_redirect(self):
        body, source = self.body()
        for path in ("/v1/scores", "/v1/scores/"):
            answer = self.server.post(path, body, allow_redirects=False)
            self.assertEqual(answer.status_code, 200)
        for path in ("/model-hub/scores", "/model-hub/scores/", "/api/v1/scores/", "/api/v1/annotations/"):
            self.assertEqual(self.server.post(path, {}, allow_redirects=False).status_code, 400, path)

    def test_every_answer_has_a_request_id(self):
        for answer in (self.server.get("/livez"), self.server.get("/nowhere"), self.server.post("/v1/scores", "{"),
                       self.server.post("/v1/scores", {}, key=False)):
            self.assertTrue(answer.headers.get("X-Request-Id"), answer.url)
        chosen = self.server.get("/livez", headers={"X-Request-Id": "mine-1"})
        self.assertEqual(chosen.headers["X-Request-Id"], "mine-1")

    def test_the_framing_gate_refuses_and_closes(self):
        body, source = self.body()
        good = request_bytes("/v1/scores", body)
        length = b"Content-Length: %d" % len(body)
        smuggled = request_bytes("/v1/scores", body)
        attacks = {
            "both lengths": good.replace(length, length + b"\r\nTransfer-Encoding: chunked"),
            "two lengths": good.replace(length, length + b"\r\n" + length),
            "length list": good.replace(length, b"Content-Length: %d, %d" % (len(body), len(body))),
            "signed length": good.replace(length, b"Content-Length: +%d" % len(body)),
            "negative length": good.replace(length, b"Content-Length: -1"),
            "hex length": good.replace(length, b"Content-Length: 0x10"),
            "unknown coding": good.replace(length, b"Transfer-Encoding: gzip, chunked"),
            "coding twice": good.replace(length, b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
            "coding on 1.0": good.replace(length, b"Transfer-Encoding: chunked").replace(b"HTTP/1.1", b"HTTP/1.0"),
            "no host": good.replace(b"Host: localhost\r\n", b""),
            "two hosts": good.replace(b"Host: localhost", b"Host: a\r\nHost: b"),
            "space before colon": good.replace(b"Host:", b"Host :"),
            "folded header": good.replace(b"Content-Type: ", b"X: a\r\n b\r\nContent-Type: "),
            "bare newline": good.replace(b"\r\nHost", b"\nHost"),
            "bare carriage return": good.replace(b"Host: localhost", b"Host: local\rhost"),
            "nul": good.replace(b"localhost", b"local\0host"),
            "version": good.replace(b"HTTP/1.1", b"HTTP/2.0"),
            "get with a body": good.replace(b"POST", b"GET"),
            "absolute-form of another scheme": good.replace(b"POST /v1", b"POST ftp://x/v1"),
            "encoded slash": good.replace(b"/v1/scores", b"/v1%2fscores"),
        }
        for name, attack in attacks.items():
            with self.subTest(name):
                answers = self.server.raw(attack + smuggled)
                self.assertEqual(len(answers), 1, "the request behind it was answered too")
                self.assertIn(answers[0][0], (400, 404, 413, 417, 501, 505), name)
        self.assertEqual(self.stored(source), 0)

    def test_chunk_tricks_are_refused(self):
        head = request_bytes("/v1/scores", method="X", headers=["Transfer-Encoding: chunked"]).replace(b"X ", b"POST ", 1)
        for name, chunks in {
            "bad size": b"zz\r\n", "negative": b"-1\r\n", "overflow": b"FFFFFFFFFFFFFFFFFF\r\n", "long line": b"1;" + b"x" * 400,
            "bare newline": b"1\nx\n0\n\n", "no end of chunk": b"1\r\nxy\r\n", "trailer": b"0\r\nAuthorization: Bearer x\r\n\r\n",
        }.items():
            with self.subTest(name):
                answers = self.server.raw(head + chunks, half_close=True)
                self.assertTrue(answers and answers[0][0] in (400, 413), (name, answers))

    def test_head_limits(self):
        body, _ = self.body()
        self.assertEqual(self.server.raw(b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")[0][0], 414)
        self.assertEqual(self.server.raw(request_bytes("/v1/scores", body, headers=["X: " + "x" * 9000]))[0][0], 431)
        self.assertEqual(self.server.raw(request_bytes("/v1/scores", body, headers=["X%d: 1" % n for n in range(70)]))[0][0], 431)

    def test_head_and_options_do_not_hang(self):
        with self.connect() as connection:
            connection.sendall(b"HEAD /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            data = b""
            while True:
                part = connection.recv(4096)
                if not part:
                    break
                data += part
            self.assertTrue(data.startswith(b"HTTP/1.1 "), data)
            self.assertTrue(data.endswith(b"\r\n\r\n"), "a HEAD answer has no body")

    def test_garbage_does_not_hurt(self):
        for data in (b"\0" * 1000, b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"\r\n\r\n\r\n", b"POST / HTTP/1.1\r\n" * 50):
            self.server.raw(data, half_close=True)
        self.assertEqual(self.server.get("/livez").status_code, 200)
