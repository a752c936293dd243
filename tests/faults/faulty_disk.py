"""What the fault tests share: the preloaded disk and clock of faulty_disk.cc, a server on it, and a client that remembers its acks."""

import http.client
import json
import mmap
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.abspath(os.environ.get("SLUICE_BINARY", os.path.join(ROOT, "build", "release", "sluice")))
LIBRARY = os.path.abspath(os.environ.get("FAULTY_DISK_LIBRARY", os.path.join(ROOT, "build", "release", "libfaulty_disk.so")))
KEY = "slfaulttest0.fault-test-secret-0123456789abcdef"
KINDS = ("write", "fdatasync", "fsync", "open", "rename")
FILES = 16384  # As in faulty_disk.cc, like the layout.
CLOCK = 8 + 8 * len(KINDS)
TABLE = CLOCK + 8
LIMIT_S = 10   # Nothing may take longer: a start, an answer, an end.


class Disk:
    """The mapping that the preloaded library keeps up to date, and what it says about files after a kill."""

    def __init__(self, root):
        if not os.path.exists(LIBRARY):
            sys.exit("no %s: build the target faulty_disk, or set FAULTY_DISK_LIBRARY" % LIBRARY)
        self.root = os.path.abspath(root)
        self.file = tempfile.NamedTemporaryFile(prefix="faulty-disk-")
        self.file.truncate(TABLE + 16 * FILES)
        self.map = mmap.mmap(self.file.fileno(), 0)

    def close(self):
        self.map.close()
        self.file.close()

    def reset(self, armed=False):
        """Before a start: everything that lies on disk now is durable."""
        self.map[:] = bytes(len(self.map))
        self.arm(armed)

    def arm(self, armed=True):
        self.map[0:4] = struct.pack("=I", 1 if armed else 0)

    def set_clock(self, seconds):
        """How far the server's wall clock is from the machine's, from now on."""
        self.map[CLOCK:TABLE] = struct.pack("=q", seconds * 1_000_000_000)

    def fired(self):
        return struct.unpack_from("=I", self.map, 4)[0]

    def environment(self, fail=None, match=None, sync_us=0):
        made = {"LD_PRELOAD": LIBRARY, "FAULTY_DISK_STATE": self.file.name, "FAULTY_DISK_ROOT": self.root}
        if fail:
            made["FAULTY_DISK_FAIL"] = fail
        if match:
            made["FAULTY_DISK_MATCH"] = match
        if sync_us:
            made["FAULTY_DISK_SYNC_US"] = str(sync_us)
        return made

    def power_cut(self, chance):
        """Cuts every file back to what was synced; every other one keeps a random part of the rest. Bytes cut."""
        synced = {}
        for at in range(TABLE, len(self.map), 16):
            inode, size = struct.unpack_from("=QQ", self.map, at)
            if inode:
                synced[inode] = size
        cut = 0
        for folder, _, names in os.walk(self.root):
            for name in names:
                path = os.path.join(folder, name)
                found = os.lstat(path)
                kept = synced.get(found.st_ino)
                if kept is None or found.st_size <= kept:
                    continue
                if chance.random() < 0.5:
                    kept = chance.randrange(kept, found.st_size)
                cut += found.st_size - kept
                os.truncate(path, kept)
        return cut


class Server:
    """`sluice serve` on a directory. start() says how it went instead of raising."""

    def __init__(self, data, arguments=(), environment=None, binary=BINARY):
        self.data = data
        self.arguments = list(arguments)
        self.environment = environment or {}
        self.binary = binary
        self.process = None
        self.port = None
        self.lines = []
        self.reader = None

    def start(self, seconds=LIMIT_S, environment=None):
        """"ready", "ended" (see code and output()) or "hung"."""
        made = {name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")}
        made["SLUICE_BOOTSTRAP_KEY"] = KEY.replace(".", ":", 1)
        made.update(self.environment if environment is None else environment)
        self.lines, self.port = [], None
        begun = time.monotonic()
        self.process = subprocess.Popen([self.binary, "serve", "--data", self.data, "--listen", "127.0.0.1:0",
                                         *self.arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=made)
        told = threading.Event()
        self.reader = threading.Thread(target=self.read, args=(self.process.stdout, told), daemon=True)
        self.reader.start()
        if not told.wait(seconds):
            return "hung"
        if self.port is None:
            return "ended" if self.wait(seconds) is not None else "hung"
        while time.monotonic() - begun < seconds:
            try:
                if Client(self.port, 5).ask("GET", "/livez")[0] == 200:
                    return "ready"
            except OSError:
                if self.process.poll() is not None:
                    self.reader.join(5)
                    return "ended"
            time.sleep(0.005)
        return "hung"

    def read(self, stream, told):
        for line in stream:
            text = line.decode(errors="replace")
            self.lines.append(text)
            found = re.search(r"listening on\s+http://127\.0\.0\.1:(\d+)", text)
            if found:
                self.port = int(found.group(1))
                told.set()
        told.set()

    def output(self):
        return "".join(self.lines)

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def wait(self, seconds=LIMIT_S):
        """The exit code, or None when it goes on."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        self.reader.join(5)
        return code

    def kill(self):
        if self.alive():
            self.process.send_signal(signal.SIGKILL)
        if self.process is not None:
            self.wait(30)

    def stop(self, seconds=30):
        if self.alive():
            self.process.terminate()
        return self.wait(seconds)

    def load(self, *arguments, seconds=120):
        """`sluice load`; its JSON report. The caller judges it."""
        with tempfile.NamedTemporaryFile(prefix="faults-report-") as report:
            done = subprocess.run([self.binary, "load", "--port", str(self.port), "--key", KEY, "--json", report.name,
                                   *arguments], capture_output=True, text=True, timeout=seconds)
            text = report.read()
        if not text:
            return {"failed": done.stdout + done.stderr}
        return json.loads(text)


def copy_directory(template, data):
    """A server's directory of its own, with links only to what no server ever writes to again."""
    def copy(source, target):
        if source.endswith((".sst", ".log")):
            os.link(source, target)
        else:
            shutil.copy2(source, target)

    shutil.copytree(template, data, copy_function=copy, ignore=shutil.ignore_patterns("admin.sock", "ballast"))


class Client:
    """One connection. Raises OSError when there is no answer."""

    def __init__(self, port, seconds=LIMIT_S):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)

    def ask(self, method, path, body=None, more=None):
        """(status, headers, parsed body); `more` headers are sent."""
        headers = {"Authorization": "Bearer " + KEY, "Content-Type": "application/json", **(more or {})}
        try:
            self.connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = self.connection.getresponse()
            text = answer.read()
        except http.client.HTTPException as error:
            self.connection.close()
            raise OSError(str(error)) from error
        except OSError:
            self.connection.close()
            raise
        try:
            return answer.status, answer.headers, json.loads(text) if text else None
        except ValueError:
            return answer.status, answer.headers, text

    def close(self):
        self.connection.close()


class Acks:
    """Scores that were acknowledged: source → {value: evaluator}. missing() reads them back."""

    def __init__(self):
        self.lock = threading.Lock()
        self.scores = {}

    def count(self):
        return sum(len(values) for values in self.scores.values())

    def send(self, client, name, number):
        """One request of one to three scores, evaluators created on first use among them; its status."""
        source = "%s-%d" % (name, number)
        values = {round(0.001 * (number % 900) + 0.0001 * item, 4): "%s-evaluator-%d" % (name, number % 5)
                  for item in range(1 + number % 3)}
        body = [{"traceId": source, "evaluatorName": evaluator, "value": value} for value, evaluator in values.items()]
        status = 200
        for item in body:
            status, headers, answer = client.ask("POST", "/api/v1/scores", item)
            if 200 <= status < 300:
                with self.lock:
                    self.scores.setdefault(source, {})[item["value"]] = item["evaluatorName"]
            else:
                return status, headers, answer
        return status, headers, answer

    def missing(self, client, sources=None):
        """Sentences about what is not there as it was acknowledged; empty: all is well."""
        found = []
        for source in sources if sources is not None else list(self.scores):
            status, _, answer = client.ask("GET", "/v1/scores?source_type=trace&limit=1000&source_id=" + source)
            if status != 200:
                found.append("%s: %d %s" % (source, status, answer))
                continue
            read = {score["value"]["value"]: score["label_name"] for score in answer["scores"]}
            for value, evaluator in self.scores[source].items():
                if read.get(value) != evaluator:
                    found.append("%s: %s of %s is not there (read: %s)" % (source, value, evaluator, read))
        return found


class Changes:
    """Requests with an Idempotency-Key, changes and deletes that were acknowledged, by source. missing() repeats and reads them."""

    LABEL = "changes"

    def __init__(self):
        self.scores = {}
        self.labelled = False

    def count(self):
        return sum(len(facts) for facts in self.scores.values())

    def send(self, client, name, number):
        """Makes three scores under a key, changes the second and deletes the third, and remembers what was acknowledged."""
        if not self.labelled:
            label = {"name": self.LABEL, "type": "numeric", "settings": {}}
            self.labelled = client.ask("POST", "/v1/labels", label)[0] in (200, 201, 409)
            return
        source = "%s-change-%d" % (name, number)
        item = {"source_type": "trace", "source_id": source, "label_name": self.LABEL, "value": 0.25}
        body = [item, {**item, "id": "changed"}, {**item, "id": "deleted"}]
        status, _, answer = client.ask("POST", "/v1/scores", body, {"Idempotency-Key": source})
        if status != 200:
            return
        ids = [one["id"] for one in answer["results"]]
        facts = self.scores[source] = {"made": (body, ids)}
        if client.ask("POST", "/v1/scores", {**body[1], "value": 0.75})[0] == 200:
            facts["changed"] = True
        if client.ask("DELETE", "/v1/scores/" + ids[2])[0] == 200:
            facts["deleted"] = True

    def missing(self, client, sources):
        """Sentences about what is not as it was acknowledged; empty: all is well."""
        found = []
        for source in sources:
            facts = self.scores[source]
            body, ids = facts["made"]
            status, _, answer = client.ask("POST", "/v1/scores", body, {"Idempotency-Key": source})
            if status != 200 or [one.get("id") for one in answer["results"]] != ids:
                found.append("%s: repeated under its key: %d %s, and first the ids %s" % (source, status, answer, ids))
            # The repeat changes nothing: neither what was changed since, nor what was deleted, and nothing is there twice.
            status, _, answer = client.ask("GET", "/v1/scores?source_type=trace&limit=1000&source_id=" + source)
            read = [(score["id"], score["value"]["value"]) for score in answer["scores"]] if status == 200 else []
            values = dict(read)
            changed = {0.75} if "changed" in facts else {0.25, 0.75}
            # What was asked for and not acknowledged may have been done or not.
            deleted = {None} if "deleted" in facts else {None, 0.25}
            if (len(read) != len(values) or not set(values) <= set(ids) or values.get(ids[0]) != 0.25 or
                    values.get(ids[1]) not in changed or values.get(ids[2]) not in deleted):
                found.append("%s: made %s, acknowledged %s, read %d %s" % (source, ids, sorted(facts), status, read))
        return found
