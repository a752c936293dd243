"""Backup, restore, verify, export and import: the drill, and what each refuses."""

import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest

from harness import *


def sluice(*arguments, check=True, data=None, stdin=None):
    command = [BINARY, *arguments] + (["--data", data] if data else [])
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")}
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120, env=environment)
    if check and done.returncode != 0:
        raise AssertionError("%s failed (%d): %s%s" % (" ".join(command), done.returncode, done.stdout, done.stderr))
    return done


def contents(path):
    with open(path) as file:
        return file.read()


def flip_a_bit(path):
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 8]))


def largest(directory, ending):
    paths = [os.path.join(directory, name) for name in os.listdir(directory) if name.endswith(ending)]
    return max(paths, key=os.path.getsize)


class Transfer(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.mkdtemp(prefix="sluice-backup-")
        self.addCleanup(shutil.rmtree, self.place, ignore_errors=True)

    def at(self, name):
        return os.path.join(self.place, name)


class Backup(Transfer):
    def under_load(self, server, log, work):
        """Runs `work` while the server takes scores; `log` gets their acks. Returns how many bytes of acks came meanwhile."""
        command = [BINARY, "load", "--port", str(server.port), "--key", server.key, "--ack-log", log, "--seed", "4711",
                   "--batch", "50", "--connections", "8", "--duration", "60", "--stop-on-disconnect", "--client-ids"]
        load = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            deadline = time.monotonic() + 30
            while not (os.path.exists(log) and os.path.getsize(log) > 20_000) and time.monotonic() < deadline:
                time.sleep(0.01)
            before = os.path.getsize(log)
            work()
            grown = os.path.getsize(log) - before
            server.kill()
            output = load.communicate(timeout=60)[0].decode()
        finally:
            load.kill()
            load.wait()
        self.assertEqual(load.returncode, 0, output)
        return grown

    def test_the_drill(self):
        backup, restored, acked = self.at("backup"), self.at("restored"), self.at("acked-before")
        with Server() as server:
            log = os.path.join(server.data, "acks")

            def work():
                shutil.copyfile(log, acked)  # Acknowledged before the backup began.
                done = server.command("backup", backup)
                self.assertIn("verified", done.stdout)
                time.sleep(0.2)  # An ack log is flushed twenty times a second.

            self.assertGreater(self.under_load(server, log, work), 0, "the backup stopped the writes")
            self.assertFalse(os.path.exists(os.path.join(server.data, "checkpoint")))
        self.assertIn("whole", sluice("verify", backup).stdout)
        self.assertFalse(os.path.exists(os.path.join(backup, "first-key")), "a backup holds no key in the clear")
        self.assertFalse(os.path.exists(os.path.join(backup, "ballast")))
        sluice("restore", backup, data=restored)
        with Server(data=restored) as server:
            report = server.load("--audit-only", "--ack-log", acked)
            self.assertTrue(report["audit"]["clean"], report["audit"]["findings"])
            self.assertGreater(report["audit"]["scores"], 10_000)
            label = server.label("after", "star", STAR)
            answer = server.post("/v1/scores", {"source_type": "trace", "source_id": "t", "label_id": label, "value": 3})
            self.assertEqual(answer.status_code, 200, answer.text)
            self.assertEqual(server.stop(), 0)
        self.assertIn("whole", sluice("verify", data=restored).stdout)
        self.verify_finds_faults(backup, restored)

    def verify_finds_faults(self, backup, restored):
        """Each kind of damage is named with the next step, on copies of what the drill left."""
        damaged = self.at("damaged")
        shutil.copytree(restored, damaged, ignore=shutil.ignore_patterns("ballast"))
        table = largest(os.path.join(damaged, "index"), ".sst")
        flip_a_bit(table)
        done = sluice("verify", data=damaged, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(os.path.basename(table), done.stderr)
        self.assertIn("--rebuild-index", done.stderr)
        shutil.rmtree(os.path.join(damaged, "index"))
        done = sluice("verify", data=damaged, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("--rebuild-index", done.stderr)
        self.assertIn("whole", sluice("verify", "--rebuild-index", data=damaged).stdout)

        table = largest(os.path.join(damaged, "log"), ".sst")
        flip_a_bit(table)
        done = sluice("verify", data=damaged, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(os.path.basename(table), done.stderr)
        self.assertIn("sluice restore", done.stderr)
        done = sluice("verify", "--rebuild-index", data=damaged, check=False)
        self.assertEqual(done.returncode, 1, "an index is not made from a damaged log")

        for file in ("secret", "ACKED", os.path.join("log", os.path.basename(largest(os.path.join(backup, "log"), ".sst")))):
            copy = self.at("backup-copy")
            shutil.copytree(backup, copy)
            flip_a_bit(os.path.join(copy, file))
            done = sluice("verify", copy, check=False)
            self.assertEqual(done.returncode, 1, file + done.stdout)
            self.assertIn(os.path.join(copy, file), done.stderr)
            done = sluice("restore", copy, data=self.at("never"), check=False)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn(os.path.join(copy, file), done.stderr)
            self.assertFalse(os.path.exists(self.at("never")))
            shutil.rmtree(copy)
        os.remove(os.path.join(backup, "ACKED"))
        done = sluice("verify", backup, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("ACKED is missing", done.stderr)

    def test_without_a_server_and_onto_another_file_system(self):
        with Server() as server:
            label = server.label("n", "numeric", NUMERIC)
            for number in range(50):
                server.post("/v1/scores", {"source_type": "trace", "source_id": "t%d" % number, "label_id": label, "value": 0.5})
            before = [server.scores("trace", "t%d" % number) for number in range(50)]
            self.assertEqual(server.stop(), 0)
            server.command("backup", self.at("backup"))
            other = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
            if other is not None and os.stat(other).st_dev != os.stat(server.data).st_dev:
                far = tempfile.mkdtemp(prefix="sluice-backup-", dir=other)
                self.addCleanup(shutil.rmtree, far, ignore_errors=True)
                done = server.command("backup", os.path.join(far, "backup"))
                self.assertNotIn("hard links", done.stdout)
                self.assertIn("whole", sluice("verify", os.path.join(far, "backup")).stdout)
            self.assertEqual(server.start().scores("trace", "t7"), before[7], "the backup changed nothing")
            server.stop()
        sluice("restore", self.at("backup"), data=self.at("restored"))
        with Server(data=self.at("restored")) as server:
            self.assertEqual([server.scores("trace", "t%d" % number) for number in range(50)], before)

    def test_nothing_is_overwritten_or_mistaken(self):
        with Server() as server:
            label = server.label("n", "numeric", NUMERIC)
            server.post("/v1/scores", {"source_type": "trace", "source_id": "t", "label_id": label, "value": 0.5})
            done = server.command("verify", check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("a server is running", done.stderr)
            server.command("backup", self.at("backup"))
            done = server.command("backup", self.at("backup"), check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("not empty", done.stderr)
            done = server.command("restore", self.at("backup"), check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("not empty", done.stderr)
            self.assertEqual(len(server.scores("trace", "t")), 1)
            # Over TCP the route does not exist.
            self.assertEqual(server.call("POST", "/v1/checkpoint").status_code, 404)
        for arguments in (("backup", self.at("b2")), ("verify",), ("export",)):
            done = sluice(*arguments, data=self.at("missing"), check=False)
            self.assertEqual(done.returncode, 1, arguments)
            self.assertIn("data directory", done.stderr)
        self.assertFalse(os.path.exists(self.at("missing")), "no command made an empty directory")
        self.assertFalse(os.path.exists(self.at("b2")))
        done = sluice("serve", data=self.at("backup"), check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is a backup", done.stderr)
        os.remove(os.path.join(self.at("backup"), "SHA256SUMS"))
        done = sluice("restore", self.at("backup"), data=self.at("restored"), check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("not finished", done.stderr)

    def test_the_checkpoint_route_is_for_operators(self):
        with Server(arguments=["--keys-over-tcp"]) as server:
            self.assertEqual(server.call("GET", "/v1/checkpoint").status_code, 403, "the first key is no admin's")
            self.assertEqual(server.call("POST", "/v1/checkpoint", key=False).status_code, 401)
            made = json.loads(server.command("keys", "create", "--scopes", "admin", "--json").stdout)
            admin = made["id"] + "." + made["secret"]
            answer = server.call("GET", "/v1/checkpoint", key=admin)
            self.assertEqual((answer.status_code, answer.json()["state"]), (200, "none"))
            answer = server.call("POST", "/v1/checkpoint", {"path": "/tmp/elsewhere"}, key=admin)
            self.assertEqual(answer.status_code, 413, answer.text)
            self.assertEqual(server.call("GET", "/v1/checkpoint", key=admin).json()["state"], "none")


class ExportImport(Transfer):
    def fill(self, server):
        """Scores of every dialect and label type, with changes, a delete and a second annotator."""
        labels = {name: server.label(name, kind, settings, allow_notes=True)
                  for name, kind, settings in (("quality", "numeric", NUMERIC), ("stars", "star", STAR), ("tags", "categorical", CATEGORICAL),
                                               ("liked", "thumbs_up_down", None), ("words", "text", TEXT))}
        items = [
            {"id": "c1", "source_type": "trace", "source_id": "t1", "label_name": "quality", "value": 0.25, "verdict": "fair", "notes": "",
             "event_time": "2024-05-06T07:08:09.123456789Z", "metadata": {"deep": [1, 2.50, {"big": 12345678901234567890123}], "a": "ü\u2028\""}},
            {"source_type": "trace", "source_id": "t1", "label_name": "stars", "value": 4, "score_source": "judge", "queue_item": "q 1"},
            {"source_type": "span", "source_id": "s1", "parent_type": "trace", "parent_id": "t1", "label_name": "tags", "value": ["good", "bad"]},
            {"source_type": "eval_case", "source_id": "case \"7\"", "label_name": "liked", "value": "up", "notes": "line\nbreak"},
            {"source_type": "trace", "source_id": "t2", "label_name": "words", "value": "some words"},
            {"source_type": "trace", "source_id": "t2", "label_name": "quality", "value": {"error": "timed out"}},
            {"id": "gone", "source_type": "trace", "source_id": "t2", "label_name": "stars", "value": 1},
        ]
        answer = server.post("/v1/scores", items)
        self.assertEqual(answer.status_code, 200, answer.text)
        gone = answer.json()["results"][-1]["id"]
        self.assertEqual(server.call("DELETE", "/v1/scores/" + gone).status_code, 200)
        server.post("/v1/scores", {**items[0], "value": 0.75})
        for path, body in (("/api/v1/scores", {"traceId": "t3", "evaluatorName": "quality", "value": 0.5, "reasoning": "why"}),
                           ("/model-hub/scores/", {"source_type": "trace", "source_id": "6f9c2c3e-8f1b-4b57-9c1e-0d2f0a7b1c22",
                                                   "label_id": labels["stars"], "value": {"rating": 5}}),
                           ("/api/v1/annotations", {"target_id": "t4", "target_type": "trace", "score": 1, "label": "good"})):
            answer = server.post(path, body)
            self.assertIn(answer.status_code, (200, 201), answer.text)

    @staticmethod
    def everything(server):
        """What an export promises to keep, oldest first."""
        kept = ("source_type", "source_id", "parent_type", "parent_id", "label_type", "value", "verdict", "notes", "score_source",
                "queue_item", "event_time", "metadata")
        scores, cursor = [], None
        while True:
            parameters = {"limit": 3, **({"cursor": cursor} if cursor else {})}
            page = server.call("GET", "/v1/scores", params=parameters).json()
            for score in page["scores"]:
                scores.append({**{name: score[name] for name in kept}, "id": score["client_id"] or score["id"]})
            cursor = page["next_cursor"]
            if not cursor:
                return scores[::-1]

    def test_export_then_import_into_a_fresh_server(self):
        out = self.at("scores.ndjson")
        with Server() as server:
            self.fill(server)
            before = self.everything(server)
            self.assertEqual(len(before), 9)
            server.command("export", "--output", out)
            self.assertEqual(server.command("export", check=True).stdout, contents(out), "standard output says the same")
            self.assertEqual(server.command("export", "--output", out, check=False).returncode, 1, "nothing is overwritten")
        with Server() as fresh:
            url = fresh.url("")
            done = sluice("import", out, "--url", url, "--key", KEY, "--batch", "2")
            self.assertIn("9 scores stored, 0 lines refused", done.stdout)
            self.assertEqual(self.everything(fresh), before)
            sluice("import", out, "--url", url, "--key", KEY)
            self.assertEqual(self.everything(fresh), before, "a second import changes nothing")
            again = fresh.command("export").stdout
            self.assertEqual(again, contents(out), "an export of the import is the same file")

    def test_bad_lines_are_named_and_cost_nothing_else(self):
        good = {"source_type": "trace", "source_id": "t", "label_name": "stars", "value": 3}
        lines = [json.dumps({"label": {"name": "stars", "type": "star", "settings": STAR}}), json.dumps(good), "", "{not json",
                 json.dumps({**good, "value": 9}), json.dumps({**good, "notes": "x" * 1_100_000}), json.dumps({**good, "label_name": "no"}),
                 json.dumps(good)]
        path = self.at("mixed.ndjson")
        with open(path, "w") as file:
            file.write("\n".join(lines))
        with Server() as server:
            done = sluice("import", path, "--url", server.url(""), "--key", KEY, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("2 scores stored, 4 lines refused, 1 labels made", done.stdout)
            named = [line.split(":")[0] for line in done.stderr.splitlines()]
            self.assertEqual(sorted(named), ["line 4", "line 5", "line 6", "line 7"])
            sluice("import", path, "--url", server.url(""), "--key", KEY, check=False)
            self.assertEqual(len(server.scores("trace", "t")), 2, "lines without an id are not doubled by a repeat")

    def test_an_import_outlives_a_restart_of_the_server(self):
        with Server() as server:
            port = server.port
            server.label("stars", "star", STAR)
            path = self.at("many.ndjson")
            with open(path, "w") as file:
                for number in range(20_000):
                    file.write(json.dumps({"source_type": "trace", "source_id": "t%d" % number, "label_name": "stars", "value": 3}) + "\n")
            importing = subprocess.Popen([BINARY, "import", path, "--url", server.url(""), "--key", KEY, "--batch", "100"],
                                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            try:
                while not server.call("GET", "/v1/scores", params={"limit": 1}).json()["scores"]:
                    time.sleep(0.005)
                server.kill()
                server.listen = "127.0.0.1:%d" % port
                server.start()
                output = importing.communicate(timeout=60)[0]
            finally:
                importing.kill()
                importing.wait()
                importing.stdout.close()
            self.assertEqual(importing.returncode, 0, output)
            self.assertIn("20000 scores stored, 0 lines refused", output)
            for number in range(0, 20_000, 997):
                self.assertEqual(len(server.scores("trace", "t%d" % number)), 1)
            self.assertEqual(len(server.command("export").stdout.splitlines()), 20_001)

    def test_an_import_into_a_server_with_tls(self):
        path = self.at("one.ndjson")
        with open(path, "w") as file:
            file.write(json.dumps({"label": {"name": "stars", "type": "star", "settings": STAR}}) + "\n")
            file.write('{"source_type":"trace","source_id":"t","label_name":"stars","value":3}\n')
        with Certificate() as pair, Server(arguments=pair.arguments(), certificate=pair.certificate) as server:
            def imported(*more):
                return sluice("import", path, "--url", server.url(""), "--key", KEY, *more, check=False)
            done = imported("--ca-file", pair.certificate)
            self.assertIn("1 scores stored, 0 lines refused, 1 labels made", done.stdout, done.stderr)
            self.assertEqual(len(server.scores("trace", "t")), 1)
            untrusted = imported()
            self.assertEqual(untrusted.returncode, 1)
            self.assertIn("authority", untrusted.stderr)
            self.assertIn("--from-line 1", untrusted.stderr)

    def test_an_import_does_not_try_a_wrong_address_again(self):
        began = time.monotonic()
        done = sluice("import", "/dev/stdin", "--url", "127.0.0.1:1", "--key", KEY, check=False, stdin='{"source_type":"trace"}\n')
        self.assertEqual(done.returncode, 1)
        self.assertIn("http://HOST:PORT or https://HOST:PORT is expected", done.stderr)
        self.assertLess(time.monotonic() - began, 10)

    def test_an_import_says_where_to_go_on(self):
        with Server() as server:
            path = self.at("one.ndjson")
            with open(path, "w") as file:
                file.write('{"source_type":"trace","source_id":"t","label_name":"stars","value":3}\n')
            done = sluice("import", path, "--url", server.url(""), "--key", KEY_ID + ".wrong", check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("--from-line 1", done.stderr)

    def test_events_show_what_happened(self):
        with Server() as server:
            self.fill(server)
            events = [json.loads(line) for line in server.command("export", "--events").stdout.splitlines()]
            self.assertEqual([event["event"] for event in events], ["set"] * 7 + ["delete"] + ["set"] * 4)
            self.assertEqual([(event["block"], event["slot"]) for event in events],
                             sorted((event["block"], event["slot"]) for event in events))
            changed = [event["value"] for event in events if event.get("client_id") == "c1"]
            self.assertEqual(changed, [{"value": 0.25}, {"value": 0.75}])
            self.assertTrue(all(event["annotator"]["id"] and event["at"] for event in events))
            self.assertEqual({event["dialect"] for event in events}, {"native", "futureagi", "evalguard", "twosignal"})
            self.assertFalse(os.path.exists(os.path.join(server.data, "checkpoint")))
