"""A score written through one dialect reads back through the others."""

from harness import *


class CrossDialect(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.numeric = cls.server.label("Accuracy", "numeric", NUMERIC, allow_notes=True)
        cls.star = cls.server.label("Quality", "star", STAR)

    def futureagi(self, kind, source):
        answer = self.server.call("GET", "/model-hub/scores/for-source/", params={"source_type": kind, "source_id": source})
        return self.expect(answer, 200)

    def evalguard(self):
        answer = self.expect(self.server.get("/api/v1/annotations?projectId=p"), 200)
        return answer["data"]

    def test_2signal_reads_back_natively_and_as_futureagi(self):
        trace = self.new_id()
        body = {"traceId": trace, "evaluatorName": "faithful", "value": 0.75, "label": "pass", "reasoning": "because"}
        created = self.expect(self.server.post("/api/v1/scores", body), 201)
        native = self.server.scores("trace", trace)[0]
        self.assertEqual(native["id"], created["id"])
        self.assertEqual((native["label_name"], native["value"], native["verdict"], native["notes"]),
                         ("faithful", {"value": 0.75}, "pass", "because"))
        fagi = self.futureagi("trace", trace)[0]
        self.assertEqual((fagi["id"], fagi["label_name"], fagi["notes"]), (created["id"], "faithful", "because"))
        self.assertEqual(fagi["value"], {"value": 0.75, "label": "pass"})

    def test_evalguard_reads_back_natively_and_as_futureagi(self):
        target = self.new_id()
        body = {"target_id": target, "target_type": "trace", "score": 0.25, "label": "bad", "comment": "why"}
        self.expect(self.server.post("/api/v1/annotations", body), 200)
        native = self.server.scores("trace", target)[0]
        self.assertEqual((native["label_name"], native["value"], native["verdict"], native["notes"]),
                         ("annotation", {"value": 0.25}, "bad", "why"))
        self.assertEqual(self.futureagi("trace", target)[0]["value"], {"value": 0.25, "label": "bad"})

    def test_futureagi_and_native_read_back_as_evalguard(self):
        trace = self.new_id()
        body = {"source_type": "trace", "source_id": trace, "label_id": self.numeric, "value": {"value": 0.5}, "notes": "n"}
        created = self.expect(self.server.post("/model-hub/scores/", body), 200)
        native = self.server.scores("trace", trace)[0]
        self.assertEqual((native["id"], native["value"], native["notes"]), (created["id"], {"value": 0.5}, "n"))
        listed = [one for one in self.evalguard() if one.get("target_id") == trace]
        self.assertEqual(len(listed), 1, "not in EvalGuard's list")
        self.assertEqual((listed[0]["score"], listed[0]["comment"]), (0.5, "n"))

    def test_native_reads_back_as_futureagi(self):
        span = self.new_id()
        body = [{"source_type": "span", "source_id": span, "label_id": self.star, "value": 3, "score_source": "automation"}]
        self.expect(self.server.post("/v1/scores", body), 200)
        score = self.futureagi("observation_span", span)[0]
        self.assertEqual((score["value"], score["label_name"], score["score_source"]), ({"rating": 3}, "Quality", "automation"))

    def test_labels_of_one_dialect_are_never_another_dialects(self):
        """2Signal's evaluator of the same name as a label of ours is another label."""
        trace = self.new_id()
        self.expect(self.server.post("/api/v1/scores", {"traceId": trace, "evaluatorName": "Accuracy", "value": 1}), 201)
        score = self.server.scores("trace", trace)[0]
        self.assertEqual(score["label_name"], "Accuracy")
        self.assertNotEqual(score["label_id"], self.numeric)
