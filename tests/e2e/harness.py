"""Starts the real binary in a directory of its own and talks to it over real sockets.

Every server listens on a port the kernel chose, and every process a test starts is ended by that test.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import uuid

import requests

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.environ.get("SLUICE_BINARY", os.path.join(ROOT, "build", "release", "sluice"))

KEY_ID = "sltestkey001"
SECRET = "testing-secret-0123456789abcdefghijklmnop"
KEY = KEY_ID + "." + SECRET
START_SECONDS = 60  # Sanitizer builds start slowly on a busy machine; a healthy start takes well under one.


class Certificate:
    """A directory with cert.pem and key.pem, signed by itself."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="sluice-tls-")
        self.certificate = os.path.join(self.directory, "cert.pem")
        self.key = os.path.join(self.directory, "key.pem")
        self.make("first")

    def make(self, name):
        """Both files are replaced at once, the way tools do that renew them."""
        made = [path + ".new" for path in (self.certificate, self.key)]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=" + name, "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", made[0],
                        "-keyout", made[1]], check=True, capture_output=True)
        os.chmod(made[1], 0o600)
        os.rename(made[1], self.key)
        os.rename(made[0], self.certificate)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.directory, ignore_errors=True)

    def arguments(self):
        return ["--tls-certificate", self.certificate, "--tls-key", self.key]


class Server:
    """One `sluice serve`. Use as a context manager, or start() and stop() by hand to restart on the same data."""

    def __init__(self, data=None, arguments=(), key=KEY, certificate=None, environment=None):
        self.own_data = data is None
        self.data = data or tempfile.mkdtemp(prefix="sluice-e2e-")
        self.arguments = list(arguments)
        self.key = key
        self.listen = "127.0.0.1:0"
        self.certificate = certificate  # Of a server that speaks TLS.
        self.environment = environment or {}
        self.stderr = subprocess.STDOUT
        self.process = None
        self.reader = None
        self.port = None
        self.output = []

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()
        if self.own_data:
            shutil.rmtree(self.data, ignore_errors=True)

    def start(self):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SLUICE_")}
        environment["SLUICE_BOOTSTRAP_KEY"] = self.key.replace(".", ":", 1)
        if os.environ.get("SANITIZED"):
            environment["SLUICE_CORE_DUMPS"] = "true"  # LeakSanitizer traces its own process, which only root may else.
        environment.update(self.environment)
        command = [BINARY, "serve", "--data", self.data, "--listen", self.listen, *self.arguments]
        if self.process is not None:
            self.reap()
        self.output = []
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.stderr, env=environment)
        listening = threading.Event()

        def read():
            for line in self.process.stdout:
                text = line.decode(errors="replace")
                self.output.append(text)
                found = re.search(r"listening on\s+https?://127\.0\.0\.1:(\d+)", text)
                if found:
                    self.port = int(found.group(1))
                    listening.set()
            listening.set()

        self.port = None
        self.reader = threading.Thread(target=read, daemon=True)
        self.reader.start()
        if not listening.wait(START_SECONDS) or self.port is None:
            self.kill()
            raise RuntimeError("the server did not start:\n" + "".join(self.output))
        self.wait_ready()
        return self

    def wait_ready(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                if requests.get(self.url("/readyz"), timeout=5, verify=self.certificate).status_code == 200:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.002)
        raise RuntimeError("the server did not become ready:\n" + "".join(self.output))

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """SIGTERM; the exit code."""
        self.process.terminate()
        code = self.process.wait(60)
        self.reap()
        return code

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)
        self.reap()

    def reap(self):
        """Reads the rest of the ended server's output."""
        if self.process is not None:
            if self.reader is not None:
                self.reader.join(10)
            self.process.stdout.close()
            if any("Sanitizer" in line or "runtime error:" in line for line in self.output):
                raise AssertionError("a sanitizer reported:\n" + "".join(self.output[-100:]))

    def alive(self):
        return self.process.poll() is None

    def url(self, path):
        return "%s://127.0.0.1:%d%s" % ("https" if self.certificate else "http", self.port, path)

    def call(self, method, path, body=None, headers=None, key=None, **kwargs):
        """A request with the test key as a bearer token; `key=False` sends none."""
        sent = {}
        if key is not False:
            sent["Authorization"] = "Bearer " + (key or self.key)
        sent.update(headers or {})
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        if isinstance(body, str):
            body = body.encode()
        return requests.request(method, self.url(path), data=body, headers=sent, timeout=30,
                                verify=self.certificate, **kwargs)

    def get(self, path, **kwargs):
        return self.call("GET", path, **kwargs)

    def post(self, path, body=None, **kwargs):
        return self.call("POST", path, body, **kwargs)

    def command(self, *arguments, check=True):
        """Another subcommand of the binary on the same data directory."""
        done = subprocess.run([BINARY, *arguments, "--data", self.data], capture_output=True, text=True, timeout=60)
        if check and done.returncode != 0:
            raise AssertionError("%s failed (%d): %s%s" % (" ".join(arguments), done.returncode, done.stdout, done.stderr))
        return done

    def load(self, *arguments, check=True, timeout=300):
        """`sluice load` against this server; its JSON report."""
        report = os.path.join(self.data, "load-report-%s.json" % uuid.uuid4().hex)
        command = [BINARY, "load", "--port", str(self.port), "--key", self.key, "--json", report, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
        if check and done.returncode != 0:
            raise AssertionError("load failed (%d):\n%s%s" % (done.returncode, done.stdout, done.stderr))
        with open(report) as file:
            return json.load(file)

    # What most tests need.

    def label(self, name, kind="numeric", settings=None, **more):
        """Creates a label; its id."""
        body = {"name": name, "type": kind, "settings": settings if settings is not None else {}, **more}
        answer = self.post("/v1/labels", body)
        if answer.status_code not in (200, 201):
            raise AssertionError("label %s: %d %s" % (name, answer.status_code, answer.text))
        return answer.json()["id"]

    def scores(self, source_type, source_id, **parameters):
        """All scores of a source over the native API."""
        query = {"source_type": source_type, "source_id": source_id, "limit": 1000, **parameters}
        answer = self.call("GET", "/v1/scores", params=query)
        if answer.status_code != 200:
            raise AssertionError("read: %d %s" % (answer.status_code, answer.text))
        return answer.json()["scores"]

    def raw(self, data, timeout=10, half_close=False):
        """Sends bytes as they are; everything that comes back until the server closes or is silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            return read_answers(connection)


def read_answers(connection, count=None):
    """A list of (status, headers, body) in order: `count` of them, or until the server closes the connection."""
    buffer = b""
    answers = []
    while count is None or len(answers) < count:
        while b"\r\n\r\n" not in buffer:
            try:
                part = connection.recv(65536)
            except ConnectionResetError:
                return answers
            if not part:
                return answers
            buffer += part
        head, buffer = buffer.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines[1:])}
        length = int(headers.get("content-length", "0"))
        while len(buffer) < length:
            part = connection.recv(65536)
            if not part:
                return answers
            buffer += part
        answers.append((status, headers, buffer[:length]))
        buffer = buffer[length:]
    return answers


def request_bytes(path, body=b"", method="POST", headers=()):
    """A plain HTTP/1.1 request with a right Content-Length."""
    lines = ["%s %s HTTP/1.1" % (method, path), "Host: localhost", "Authorization: Bearer " + KEY,
             "Content-Type: application/json", *headers]
    if body or method in ("POST", "PUT", "PATCH"):
        lines.append("Content-Length: %d" % len(body))
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class ServerTest(unittest.TestCase):
    """One server for all tests of a class; each test uses sources and labels of its own."""

    arguments = ()

    @classmethod
    def setUpClass(cls):
        if not os.access(BINARY, os.X_OK):
            raise RuntimeError("no binary at %s (set SLUICE_BINARY)" % BINARY)
        cls.server = Server(arguments=cls.arguments)
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def setUp(self):
        self.assertTrue(self.server.alive(), "the server died in an earlier test")

    def tearDown(self):
        self.assertTrue(self.server.alive(), "the server died: " + "".join(self.server.output[-20:]))

    def expect(self, answer, status):
        self.assertEqual(answer.status_code, status, answer.text)
        return answer.json()

    @staticmethod
    def new_id():
        return str(uuid.uuid4())


NUMERIC = {"min": 0, "max": 1, "step_size": 0.01, "display_type": "slider"}
CATEGORICAL = {"rule_prompt": "", "multi_choice": True, "options": [{"label": "good"}, {"label": "bad"}],
               "auto_annotate": False, "strategy": None}
STAR = {"no_of_stars": 5}
TEXT = {"placeholder": "", "min_length": 2, "max_length": 20}

__all__ = ["BINARY", "CATEGORICAL", "Certificate", "KEY", "KEY_ID", "NUMERIC", "ROOT", "SECRET", "STAR", "Server", "ServerTest", "TEXT",
           "read_answers", "request_bytes", "signal"]
