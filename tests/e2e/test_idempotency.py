"""Idempotency-Key: a repeat is answered from memory for a day, on any route that writes."""

import json
import threading

from harness import *


class Idempotency(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.label = cls.server.label("n")

    def routes(self):
        source = self.new_id()
        return {
            "native": ("/v1/scores", [{"source_type": "trace", "source_id": source, "label_id": self.label, "value": 1}], source),
            "2signal": ("/api/v1/scores", {"traceId": source, "evaluatorName": "e", "value": 1}, source),
            "evalguard": ("/api/v1/annotations", {"target_id": source, "target_type": "trace", "score": 1}, source),
        }

    def test_a_repeat_gets_the_same_answer_and_stores_once(self):
        for name, (path, body, source) in self.routes().items():
            with self.subTest(name):
                headers = {"Idempotency-Key": self.new_id()}
                source = self.new_id()
                body = json.loads(json.dumps(body).replace(self.routes()[name][2], source))
                for field in ("traceId", "target_id"):
                    if isinstance(body, dict) and field in body:
                        body[field] = source
                if isinstance(body, list):
                    body[0]["source_id"] = source
                first = self.server.post(path, body, headers=headers)
                again = self.server.post(path, body, headers=headers)
                self.assertEqual(first.status_code, again.status_code, again.text)
                self.assertLess(first.status_code, 300)
                self.assertEqual(first.json(), again.json())
                self.assertEqual(len(self.server.scores("trace", source)), 1)

    def test_another_body_under_the_same_key_is_422(self):
        for name, (path, body, source) in self.routes().items():
            with self.subTest(name):
                headers = {"Idempotency-Key": self.new_id()}
                self.assertLess(self.server.post(path, body, headers=headers).status_code, 300)
                other = json.dumps(body).replace(": 1", ": 0")
                self.expect(self.server.post(path, other, headers=headers), 422)

    def test_the_same_key_on_another_route_is_another_key(self):
        headers = {"Idempotency-Key": self.new_id()}
        for path, body, _ in self.routes().values():
            self.assertLess(self.server.post(path, body, headers=headers).status_code, 300)

    def test_a_repeat_after_kill_and_restart_stores_once(self):
        with Server() as server:
            headers = {"Idempotency-Key": self.new_id()}
            trace = self.new_id()
            body = {"traceId": trace, "evaluatorName": "e", "value": 0.5}
            first = server.post("/api/v1/scores", body, headers=headers)
            self.assertEqual(first.status_code, 201)
            server.kill()
            server.start()
            again = server.post("/api/v1/scores", body, headers=headers)
            self.assertEqual((again.status_code, again.json()), (201, first.json()))
            self.assertEqual(len(server.scores("trace", trace)), 1)

    def test_many_at_once_store_once(self):
        trace = self.new_id()
        headers = {"Idempotency-Key": self.new_id()}
        body = {"traceId": trace, "evaluatorName": "e", "value": 0.5}
        statuses = []

        def post():
            statuses.append(self.server.post("/api/v1/scores", body, headers=headers).status_code)

        threads = [threading.Thread(target=post) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertTrue(set(statuses) <= {201, 409}, statuses)
        self.assertIn(201, statuses)
        self.assertEqual(len(self.server.scores("trace", trace)), 1)
