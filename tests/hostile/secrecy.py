"""Secrets stay inside, keys cannot be told apart from outside, and nobody writes into the log."""

import json
import os
import statistics
import subprocess

from harness import BINARY, KEY_ID, SECRET
from talk import *

SIDE_BY_SIDE = False
EVIL = ["\r\n{\"level\":\"error\",\"message\":\"forged\"}",
        "\x1b[2J\x1b]0;pwned\x07", "\u2028forged", "%0d%0aforged", "${jndi:x}"]


def files_with(directory, secret):
    """Names of the files below the directory that hold these bytes."""
    found = []
    for place, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(place, name)
            try:
                with open(path, "rb") as file:
                    if secret.encode() in file.read():
                        found.append(os.path.relpath(path, directory))
            except OSError:
                pass  # Merged away meanwhile, or admin.sock.
    return found


def leaks(tally):
    """The secret, sent wherever a client could send it by mistake, is found in no answer, metric, log line or file."""
    # As it is shipped, under a sanitizer too, which then cannot look for leaks.
    shipped = {"SLUICE_CORE_DUMPS": "false", "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
    with serve("--bootstrap-key", KEY.replace(".", ":", 1), environment=shipped) as server:
        answers = []
        for data in (request("GET /v1/scores/%s HTTP/1.1" % KEY), request("GET /v1/scores?key=%s HTTP/1.1" % KEY),
                     request("GET /v1/scores?source_type=trace&source_id=x&cursor=%s HTTP/1.1" % SECRET),
                     request("POST /%s HTTP/1.1" % SECRET, ["Content-Length: 0"]),
                     posted(b"[]", ["X-Request-Id: " + KEY]), posted(b"[]", ["Content-Type: " + SECRET]),
                     posted(b"{", ["Content-Encoding: " + SECRET]), request("GET /livez HTTP/1.1", host="Host: " + SECRET),
                     request("GET /livez HTTP/1.1", ["X\0: " + KEY]), request("%s / HTTP/1.1" % SECRET),
                     request("GET /v1/scores HTTP/1.1", auth=AUTH + "x"), request("GET /v1/scores HTTP/1.1", auth=AUTH[:-1]),
                     request("GET /v1/scores HTTP/1.1", ["X-Api-Key: " + KEY_ID, "X-Secret-Key: " + SECRET + "x"]),
                     request("GET /v1/scores HTTP/1.1", auth="X-Api-Key: " + KEY + "\r\nAuthorization: Basic " + SECRET)):
            with connect(server) as connection:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                said = b""
                while part := connection.recv(65536):
                    said += part
                answers.append(said.decode("latin-1"))
        for n, said in enumerate(answers):
            tally.check("answer %d" % n, said and SECRET not in said, said[:300])
        for page in ("/metrics", "/version", "/readyz", "/livez"):
            text = server.get(page).text
            tally.check(page, SECRET not in text)
        keys = server.command("keys", "list", "--json").stdout
        tally.check("the list of keys names the id and not the secret", KEY_ID in keys and SECRET not in keys, keys)
        log = "".join(server.output)
        tally.check("nor the log", log and SECRET not in log)
        with open("/proc/%d/cmdline" % server.process.pid, "rb") as file:
            tally.check("nor the command line", SECRET.encode() not in file.read())
        with open("/proc/%d/limits" % server.process.pid) as file:
            core = next(line for line in file if line.startswith("Max core file size"))
        tally.equal("no core file is written", core.split()[4:6], ["0", "0"])
        tally.equal("nor any file of the data directory", files_with(server.data, SECRET), [])
        tally.equal("orderly end", server.stop(), 0)
        tally.check("nor the log at the end", SECRET not in "".join(server.output))
        tally.equal("nor any file at the end", files_with(server.data, SECRET), [])


def first_key(tally):
    """The key that a first start makes is in the file for it and nowhere else."""
    with Server(environment={"SLUICE_BOOTSTRAP_KEY": ""}) as server:
        path = os.path.join(server.data, "first-key")
        with open(path) as file:
            key = file.read().strip()
        secret = key.split(".")[1]
        tally.equal("nobody else may read the file", os.stat(path).st_mode & 0o777, 0o600)
        tally.equal("it is the key", server.get("/v1/labels", key=key).status_code, 200)
        tally.check("what is printed names the file and not the key", path in "".join(server.output) and
                    secret not in "".join(server.output), server.output)
        tally.equal("no other file has it", files_with(server.data, secret), ["first-key"])
        tally.equal("orderly end", server.stop(), 0)
        tally.equal("nor at the end", files_with(server.data, secret), ["first-key"])


def command_lines(tally):
    """A secret that was given as an argument is hidden once the command has read it."""
    with serve() as server:
        for name, arguments in (("load", ["--port", str(server.port), "--duration", "20", "--rate", "100"]),
                                ("import", ["--url", server.url("")])):
            process = subprocess.Popen([BINARY, name, "--key", KEY, *arguments], stdin=subprocess.PIPE,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                line = KEY.encode()
                began = time.monotonic()
                while (not line or KEY.encode() in line) and time.monotonic() - began < 10:
                    time.sleep(0.02)
                    with open("/proc/%d/cmdline" % process.pid, "rb") as file:
                        line = file.read()
                tally.check("sluice %s --key" % name, b"--key\0**" in line and SECRET.encode() not in line, line)
                with open("/proc/%d/limits" % process.pid) as file:
                    core = next(line for line in file if line.startswith("Max core file size"))
                tally.equal("sluice %s writes no core file" % name, core.split()[4:6], ["0", "0"])
            finally:
                process.kill()
                process.communicate()


def indistinguishable(tally):
    with serve("--failed-auth-per-second", "0") as server:  # Thousands of 401s are to be measured.
        made = json.loads(server.command("keys", "create", "--name", "gone", "--json").stdout)
        made = made["key"] if isinstance(made.get("key"), dict) else made
        right = made["id"], made["secret"]
        server.command("keys", "revoke", right[0])
        cases = {
            "an unknown id": "slnobody0001." + SECRET, "a wrong secret": KEY_ID + ".x" + SECRET[1:],
            "a secret wrong at its end": KEY[:-1] + "x", "a secret too short": KEY[:-1], "an empty id": "." + SECRET,
            "an empty secret": KEY_ID + ".", "no point": KEY_ID + SECRET,
            "a revoked id, wrong secret": right[0] + (".y" if right[1].startswith("x") else ".x") + right[1][1:],
        }

        def ask(credential):
            with connect(server) as connection:
                connection.sendall(request("GET /v1/scores HTTP/1.1", ["X-Request-Id: same"],
                                           auth="Authorization: Bearer " + credential))
                status, headers, body = read_answers(connection, 1)[0]
                headers.pop("date")
                return status, headers, body

        model = ask(cases["an unknown id"])
        tally.equal("401", model[0], 401)
        for name, credential in cases.items():
            tally.equal(name, ask(credential), model)

        # On one connection each, in turn, so that what the machine does meanwhile falls on both.
        def timed(connection, credential):
            began = time.perf_counter()
            connection.sendall(request("GET /v1/scores HTTP/1.1", auth="Authorization: Bearer " + credential))
            read_answers(connection, 1)
            return (time.perf_counter() - began) * 1e6

        with connect(server) as one:
            names = ("an unknown id", "a wrong secret", "a secret wrong at its end")
            times = {name: [] for name in names}
            for turn in range(1500):
                for name in names:
                    times[name].append(timed(one, cases[name]))
            medians = {name: statistics.median(values) for name, values in times.items()}
        base = medians["an unknown id"]
        tally.note(", ".join("%s %.1f us" % pair for pair in medians.items()))
        for name in names[1:]:
            tally.check("as fast as an unknown id: " + name, abs(medians[name] - base) < max(0.1 * base, 5), medians)


def log_injection(tally):
    with serve() as server:
        requests_sent = 0
        for evil in EVIL:
            raw = evil.encode("utf-8").decode("latin-1")
            for data in (request("GET /%s HTTP/1.1" % raw), request("GET /livez HTTP/1.1", ["X-Request-Id: " + raw]),
                         request("GET /livez HTTP/1.1", ["User-Agent: " + raw]), request(raw + " / HTTP/1.1"),
                         request("GET /livez HTTP/1.1", host="Host: " + raw), posted(evil.encode()),
                         posted(json.dumps({"source_type": evil, "source_id": evil, "label_name": evil, "value": evil}).encode()),
                         request("GET /v1/scores HTTP/1.1", auth="Authorization: Bearer " + raw)):
                found = statuses(server, data)
                tally.check("an answer to %r" % data[:60], found and found[0] != 500 and "open" not in found, found)
                requests_sent += 1
            server.post("/v1/labels", {"name": evil, "type": "text", "settings": {}})
        with connect(server) as connection:
            connection.sendall(request("GET /livez HTTP/1.1", ["X-Request-Id: a b\tc"]))
            headers = read_answers(connection, 1)[0][1]
            tally.check("a request id of other characters is replaced", headers["x-request-id"].isalnum(), headers)
        metrics = server.get("/metrics").text
        tally.check("no metric", "forged" not in metrics and "pwned" not in metrics)
        server.stop()
        lines = "".join(server.output)
        tally.check("no byte below a space in the log", all(c >= " " or c == "\n" for c in lines))
        logged = [line for line in lines.splitlines() if line.startswith("{")]
        own = [set(json.loads(line)) == {"time", "level", "message"} for line in logged]
        tally.check("every line of the log is the server's own", own and all(own), logged)
        tally.check("none is forged", "forged" not in lines and "pwned" not in lines)


ATTACKS = (("secrets in answers, metrics, log, files, /proc", leaks), ("the first key", first_key),
           ("secrets on command lines", command_lines), ("unknown key and wrong secret look alike", indistinguishable),
           ("log injection", log_injection))
