"""A 2xx means stored: over restarts, kill -9, and SIGTERM under load."""

import json
import os
import random
import socket
import subprocess
import threading
import time
import unittest
import uuid

from harness import *


def everything(server, sources):
    return {source: sorted(json.dumps(score, sort_keys=True) for score in server.scores("trace", source)) for source in sources}


class Durability(unittest.TestCase):
    def write_some(self, server, count=20):
        label = server.label("n " + str(random.random()), "numeric", NUMERIC)
        sources = []
        for n in range(count):
            source = "source-%d-%s" % (n, random.getrandbits(64))
            items = [{"source_type": "trace", "source_id": source, "label_id": label, "value": (n + k) % 100 / 100,
                      "notes": "note %d" % k} for k in range(5)]
            answer = server.post("/v1/scores", items)
            self.assertEqual(answer.status_code, 200, answer.text)
            sources.append(source)
        return sources

    def test_an_orderly_restart_keeps_everything(self):
        with Server() as server:
            sources = self.write_some(server)
            before = everything(server, sources)
            for _ in range(3):
                self.assertEqual(server.stop(), 0, "".join(server.output))
                server.start()
                self.assertEqual(everything(server, sources), before)
                sources += self.write_some(server, 3)
                before = everything(server, sources)

    def test_a_kill_right_after_the_answer_keeps_everything(self):
        with Server() as server:
            sources = self.write_some(server)
            before = everything(server, sources)
            server.kill()
            server.start()
            self.assertEqual(everything(server, sources), before)

    def test_kill_under_load_then_audit(self):
        with Server() as server:
            log = os.path.join(server.data, "acks")
            command = [BINARY, "load", "--port", str(server.port), "--key", server.key, "--ack-log", log, "--seed", "77",
                       "--batch", "50", "--connections", "16", "--duration", "60", "--stop-on-disconnect", "--client-ids"]
            load = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            try:
                deadline = time.monotonic() + 30
                while not (os.path.exists(log) and os.path.getsize(log) > 20_000) and time.monotonic() < deadline:
                    time.sleep(0.01)
                server.kill()
                output = load.communicate(timeout=60)[0].decode()
            finally:
                load.kill()
                load.wait()
            self.assertEqual(load.returncode, 0, output)
            began = time.monotonic()
            server.start()
            self.assertLess(time.monotonic() - began, 10)
            report = server.load("--audit-only", "--ack-log", log)
            self.assertTrue(report["audit"]["clean"], report["audit"]["findings"])
            self.assertGreater(report["audit"]["scores"], 1000)

    def test_sigterm_under_load_answers_everything_that_was_received(self):
        with Server() as server:
            statuses, lost = [], []
            stop = threading.Event()
            stopping = threading.Event()

            def client(number):
                with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
                    n = 0
                    while not stop.is_set():
                        body = json.dumps({"traceId": "t-%d-%d" % (number, n), "evaluatorName": "e", "value": 0.5}).encode()
                        try:
                            connection.sendall(request_bytes("/api/v1/scores", body))
                            answers = read_answers(connection, 1)
                        except OSError:
                            answers = []
                        if not answers:
                            # Sent after the server had already closed this idle connection: never received by it.
                            lost.append((number, n, stopping.is_set()))
                            return
                        statuses.append((answers[0][0], "t-%d-%d" % (number, n)))
                        n += 1
                        if answers[0][1].get("connection") == "close":
                            return

            threads = [threading.Thread(target=client, args=(n,)) for n in range(16)]
            for thread in threads:
                thread.start()
            while len(statuses) < 200:
                time.sleep(0.005)
            stopping.set()
            server.process.terminate()
            code = server.process.wait(40)
            stop.set()
            for thread in threads:
                thread.join(30)
            self.assertEqual(code, 0, "".join(server.output))
            self.assertFalse([one for one in lost if not one[2]], "connections broke before SIGTERM")
            self.assertTrue({status for status, _ in statuses} <= {201, 503}, set(statuses))
            server.start()
            for status, trace in statuses:
                self.assertEqual(len(server.scores("trace", trace)), 1 if status == 201 else 0, trace)

    def test_a_newer_format_is_refused(self):
        with Server() as server:
            self.assertEqual(server.stop(), 0)
            with open(os.path.join(server.data, "FORMAT"), "w") as file:
                file.write("sluice 999\n")
            done = subprocess.run([BINARY, "serve", "--data", server.data, "--listen", "127.0.0.1:0"], capture_output=True,
                                  text=True, timeout=60)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("999", done.stdout + done.stderr)

    def test_deletes_and_changed_values_outlive_a_kill(self):
        with Server() as server:
            label = server.label("q", "star", STAR)
            body = {"source_type": "trace", "source_id": str(uuid.uuid4()), "label_id": label}
            kept = server.post("/model-hub/scores/", {**body, "value": {"rating": 2}}).json()
            server.post("/model-hub/scores/", {**body, "value": {"rating": 5}})
            gone = server.post("/api/v1/scores", {"traceId": "gone", "evaluatorName": "e", "value": 1}).json()
            self.assertIn(server.call("DELETE", "/v1/scores/" + gone["id"]).status_code, (200, 204))
            server.kill()
            server.start()
            score = server.get("/v1/scores/" + kept["id"]).json()
            self.assertEqual(score["value"], {"rating": 5})
            self.assertEqual([old["value"] for old in score["value_history"]], [{"rating": 2}])
            self.assertEqual(server.scores("trace", "gone"), [])
