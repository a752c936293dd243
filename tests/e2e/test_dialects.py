"""The three seed dialects over the wire: the vendors' own samples and their error shapes."""

import json

from harness import *


class FutureAgi(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.star = cls.server.label("Quality", "star", STAR, allow_notes=True)
        cls.numeric = cls.server.label("Accuracy", "numeric", NUMERIC, allow_notes=True)
        cls.thumb = cls.server.label("Thumb", "thumbs_up_down", allow_notes=True)

    def create(self, status=200, **body):
        return self.expect(self.server.post("/model-hub/scores/", body), status)

    def for_source(self, source, kind="trace", **query):
        answer = self.server.call("GET", "/model-hub/scores/for-source/",
                                  params={"source_type": kind, "source_id": source, **query})
        return self.expect(answer, 200)

    def test_create_answers_the_score_object(self):
        source = self.new_id()
        score = self.create(source_type="trace", source_id=source, label_id=self.star, value={"rating": 4}, notes="n")
        expected = {"source_type": "trace", "source_id": source, "label_id": self.star, "label_name": "Quality",
                    "label_type": "star", "value": {"rating": 4}, "notes": "n", "score_source": "human",
                    "value_history": [], "queue_item": None, "queue_id": None}
        self.assertEqual({k: score[k] for k in expected}, expected)
        for field in ("id", "annotator", "annotator_name", "annotator_email", "created_at", "updated_at",
                      "label_settings", "label_allow_notes"):
            self.assertIn(field, score)
        self.assertEqual(self.for_source(source)[0]["id"], score["id"])

    def test_a_second_score_replaces_value_and_keeps_id_and_history(self):
        source = self.new_id()
        body = dict(source_type="trace", source_id=source, label_id=self.star)
        first = self.create(value={"rating": 2}, **body)
        second = self.create(value={"rating": 5}, **body)
        self.assertEqual(second["id"], first["id"])
        self.assertEqual(second["created_at"], first["created_at"])
        self.assertEqual(second["value"], {"rating": 5})
        self.assertEqual([old["value"] for old in second["value_history"]], [{"rating": 2}])
        self.assertEqual(len(self.for_source(source)), 1)

    def test_camel_case_is_answered_in_camel_case(self):
        source = self.new_id()
        answer = self.create(sourceType="trace", sourceId=source, labelId=self.numeric, value={"value": 0.5},
                             scoreSource="sdk")
        self.assertEqual(answer["sourceId"], source)
        self.assertEqual(answer["labelName"], "Accuracy")
        self.assertEqual(answer["scoreSource"], "sdk")
        self.assertNotIn("source_id", answer)

    def test_both_sets_of_source_types_name_the_same_source(self):
        for written, read in (("span", "observation_span"), ("generation", "span"), ("session", "trace_session"),
                              ("trace_session", "session")):
            with self.subTest(written):
                source = self.new_id()
                self.create(source_type=written, source_id=source, label_id=self.star, value={"rating": 3})
                scores = self.for_source(source, read)
                self.assertEqual([score["value"] for score in scores], [{"rating": 3}])
                self.assertEqual(scores[0]["source_type"], written)

    def test_bulk_keeps_the_good_and_names_the_bad(self):
        source, unknown = self.new_id(), self.new_id()
        body = {"source_type": "trace", "source_id": source, "notes": "for all", "scores": [
            {"label_id": self.star, "value": {"rating": 4}},
            {"label_id": unknown, "value": {"rating": 4}},
            {"label_id": self.numeric, "value": {"value": 7}},
            {"label_id": self.thumb, "value": {"value": "up"}, "score_source": "automation"}]}
        answer = self.expect(self.server.post("/model-hub/scores/bulk/", body), 200)
        self.assertEqual([score["label_name"] for score in answer["scores"]], ["Quality", "Thumb"])
        self.assertEqual([score["notes"] for score in answer["scores"]], ["for all", "for all"])
        self.assertEqual(len(answer["errors"]), 2)
        self.assertIn("Label not found: " + unknown, answer["errors"][0])
        self.assertIn("must be between 0 and 1", answer["errors"][1])
        self.assertEqual(len(self.for_source(source)), 2)
        self.assertEqual(len(self.for_source(source, label_id=self.star)), 1)

    def test_a_bulk_answer_grows_with_the_call_and_not_with_its_square(self):
        source, items = self.new_id(), 2000
        scores = [{"label_id": self.star, "value": 1 + i % 2} for i in range(items)]
        body = {"source_type": "trace", "source_id": source, "scores": scores}
        answer = self.server.post("/model-hub/scores/bulk/", body)
        shown = self.expect(answer, 200)["scores"]
        self.assertEqual(len(shown), items)
        self.assertEqual({score["id"] for score in shown}, {shown[0]["id"]})
        self.assertEqual([len(score["value_history"]) for score in shown], [0] * (items - 1) + [items - 1])
        self.assertLess(len(answer.content), items * 1000)

    def test_a_bulk_answer_of_large_settings_leaves_out_repeats(self):
        settings = {"placeholder": "p" * 65000, "min_length": 0, "max_length": 9}
        label, items = self.server.label("Wordy", "text", settings), 2000
        scores = [{"label_id": label, "value": "v%d" % i} for i in range(items)]
        body = {"source_type": "trace", "source_id": self.new_id(), "scores": scores}
        answer = self.server.post("/model-hub/scores/bulk/", body)
        shown = self.expect(answer, 200)["scores"]
        self.assertLess(len(answer.content), 66 << 20)
        self.assertEqual(len(shown[-1]["value_history"]), items - 1)

    def test_notes_of_a_bulk_call_are_counted_for_each_item(self):
        source, notes = self.new_id(), "n" * 65536
        scores = [{"label_id": self.star, "value": 1}] * 1025
        body = {"source_type": "trace", "source_id": source, "scores": scores, "notes": notes}
        answer = self.expect(self.server.post("/model-hub/scores/bulk/", body), 413)
        self.assertIn("notes: repeated for each item", answer["detail"])
        self.assertEqual(self.for_source(source), [])
        body["scores"] = scores[:1] + [{**scores[0], "notes": ""}] * 1024
        self.expect(self.server.post("/model-hub/scores/bulk/", body), 200)

    def test_a_list_by_annotator_finds_what_lies_behind_20000_of_others(self):
        made = json.loads(self.server.command("keys", "create", "--json", "--annotator", "lister").stdout)
        mine = self.expect(self.server.post("/model-hub/scores/", {
            "source_type": "trace", "source_id": self.new_id(), "label_id": self.star, "value": 5}, key=made["key"]), 200)
        others = [{"source_type": "trace", "source_id": self.new_id(), "label_id": self.star, "value": 1}
                  for _ in range(20100)]
        self.expect(self.server.post("/v1/scores?results=errors", others), 200)
        query = {"annotator_id": mine["annotator"]}
        listed = self.expect(self.server.call("GET", "/model-hub/scores/", params=query), 200)
        self.assertEqual([score["id"] for score in listed["results"]], [mine["id"]])

    def test_only_unknown_labels_in_bulk_is_still_200(self):
        body = {"source_type": "trace", "source_id": self.new_id(), "scores": [{"label_id": self.new_id(), "value": 1}]}
        answer = self.expect(self.server.post("/model-hub/scores/bulk/", body), 200)
        self.assertEqual(answer["scores"], [])
        self.assertEqual(len(answer["errors"]), 1)

    def test_put_patch_delete(self):
        source = self.new_id()
        score = self.create(source_type="trace", source_id=source, label_id=self.star, value={"rating": 2}, notes="old")
        path = "/model-hub/scores/%s/" % score["id"]
        put = self.expect(self.server.call("PUT", path, {"value": {"rating": 3}}), 200)
        self.assertEqual(put["value"], {"rating": 3})
        patched = self.expect(self.server.call("PATCH", path, {"notes": "new"}), 200)
        self.assertEqual((patched["notes"], patched["value"]), ("new", {"rating": 3}))
        self.expect(self.server.call("PUT", path, {"notes": "x"}), 400)
        self.expect(self.server.call("PATCH", path, {}), 400)
        self.assertIn(self.server.call("DELETE", path).status_code, (200, 204))
        self.expect(self.server.get(path), 404)
        again = self.create(source_type="trace", source_id=source, label_id=self.star, value={"rating": 1})
        self.assertNotEqual(again["id"], score["id"])
        self.assertEqual(again["value_history"], [])

    def test_error_bodies(self):
        source, unknown = self.new_id(), self.new_id()
        good = {"source_type": "trace", "source_id": source, "label_id": self.star, "value": {"rating": 4}}
        cases = [
            ("missing field", {k: v for k, v in good.items() if k != "label_id"}, 400, "label_id", "This field is required."),
            ("unknown label", {**good, "label_id": unknown}, 404, None, "Label not found: " + unknown),
            ("bad uuid", {**good, "label_id": "x"}, 400, "label_id", "Must be a valid UUID."),
            ("bad source type", {**good, "source_type": "planet"}, 400, "source_type", '"planet" is not a valid choice.'),
            ("null value", {**good, "value": None}, 400, "value", None),
            ("out of range", {**good, "value": {"rating": 9}}, 400, None, "Quality must be between 1 and 5."),
            ("unknown key", {**good, "bogus": 1}, 400, "bogus", "Unknown field."),
        ]
        for name, body, status, field, text in cases:
            with self.subTest(name):
                answer = self.create(status=status, **body)
                self.assertIs(answer["status"], False)
                for member in ("type", "code", "detail", "message", "error", "result"):
                    self.assertIn(member, answer)
                if field:
                    self.assertEqual(answer["attr"], field)
                    self.assertIn(field, answer["details"])
                if text:
                    self.assertIn(text, answer["message"])
        self.assertEqual(self.for_source(source), [])

    def test_no_key_is_401_in_its_shape(self):
        answer = self.server.post("/model-hub/scores/", {}, key=False)
        self.assertEqual(answer.status_code, 401)
        self.assertEqual(answer.headers["WWW-Authenticate"], "ApiKey")
        self.assertEqual(answer.json()["type"], "authentication_error")
        wrong = self.server.post("/model-hub/scores/", {}, key=False,
                                 headers={"X-Api-Key": KEY_ID, "X-Secret-Key": "wrong"})
        self.assertEqual(wrong.status_code, 401)
        self.assertEqual(wrong.json()["message"], "Invalid API key or secret key")


class FutureAgiEnvelope(ServerTest):
    arguments = ("--futureagi-envelope",)

    def test_answers_are_enveloped(self):
        label = self.server.label("Quality", "star", STAR)
        source = self.new_id()
        body = {"source_type": "trace", "source_id": source, "label_id": label, "value": {"rating": 4}}
        answer = self.expect(self.server.post("/model-hub/scores/", body), 200)
        self.assertIs(answer["status"], True)
        self.assertEqual(answer["result"]["value"], {"rating": 4})
        listed = self.expect(self.server.get("/model-hub/scores/for-source/?source_type=trace&source_id=" + source), 200)
        self.assertEqual(len(listed["result"]), 1)


class TwoSignal(ServerTest):
    def test_the_documented_sample(self):
        body = {"traceId": "trace-abc-123", "evaluatorName": "accuracy", "value": 0.92, "label": "correct",
                "reasoning": "Matches the reference."}
        answer = self.expect(self.server.post("/api/v1/scores", body), 201)
        self.assertTrue(answer.pop("id"))
        self.assertEqual(answer, {"traceId": "trace-abc-123", "spanId": None, "evaluatorName": "accuracy", "value": 0.92,
                                  "label": "correct", "reasoning": "Matches the reference."})

    def test_value_bounds_are_inclusive(self):
        for value, status in ((0, 201), (1, 201), (0.0, 201), (1.0, 201), (1.0000001, 400), (-0.01, 400), (2, 400)):
            with self.subTest(value):
                body = {"traceId": self.new_id(), "evaluatorName": "e", "value": value}
                self.expect(self.server.post("/api/v1/scores", body), status)

    def test_absent_optionals_come_back_null(self):
        answer = self.expect(self.server.post("/api/v1/scores", {"traceId": "t", "evaluatorName": "e", "value": 0}), 201)
        self.assertEqual((answer["spanId"], answer["label"], answer["reasoning"]), (None, None, None))

    def test_errors_have_the_documented_shape(self):
        good = {"traceId": "t", "evaluatorName": "e", "value": 0.5}
        cases = [("no trace", {k: v for k, v in good.items() if k != "traceId"}), ("text value", {**good, "value": "high"}),
                 ("out of range", {**good, "value": 1.5}), ("blank name", {**good, "evaluatorName": ""}),
                 ("an array", [good]), ("null value", {**good, "value": None})]
        for name, body in cases:
            with self.subTest(name):
                answer = self.expect(self.server.post("/api/v1/scores", body), 400)
                self.assertEqual(list(answer), ["error"])
                self.assertEqual(answer["error"]["code"], "VALIDATION_ERROR")
                self.assertTrue(answer["error"]["message"])
        answer = self.expect(self.server.post("/api/v1/scores", good, key=False), 401)
        self.assertTrue(answer["error"]["code"])

    def test_a_span_of_another_trace_is_another_source(self):
        span = "span-" + self.new_id()
        for trace in ("ta-" + span, "tb-" + span):
            body = {"traceId": trace, "spanId": span, "evaluatorName": "e", "value": 0.5}
            self.expect(self.server.post("/api/v1/scores", body), 201)
        scores = self.server.scores("span", span)
        self.assertEqual(sorted(score["parent_id"] for score in scores), ["ta-" + span, "tb-" + span])


class EvalGuard(ServerTest):
    def test_the_documented_dialect(self):
        target = self.new_id()
        body = {"target_id": target, "target_type": "eval_case", "score": 0.8, "label": "good", "comment": "fine",
                "queue_id": self.new_id()}
        answer = self.expect(self.server.post("/api/v1/annotations", body), 200)
        self.assertIs(answer["success"], True)
        score = self.server.scores("eval_case", target)[0]
        self.assertEqual(score["verdict"], "good")
        self.assertEqual(score["notes"], "fine")
        self.assertEqual(score["value"], {"value": 0.8})

    def test_the_sdk_dialect_and_the_alias(self):
        for path in ("/api/v1/annotations", "/v1/annotations"):
            log = self.new_id()
            body = {"projectId": "p", "logId": log, "label": "good", "notes": "n"}
            answer = self.expect(self.server.post(path, body), 200)
            self.assertIs(answer["success"], True)
            self.assertTrue(answer["data"]["id"])
            self.assertEqual(self.server.scores("trace", log)[0]["verdict"], "good")

    def test_fields_outside_the_list_never_reach_the_record(self):
        target = self.new_id()
        body = {"target_id": target, "target_type": "trace", "score": 1, "reviewer_id": "evil", "org_id": "evil",
                "annotator": "evil", "id": "evil", "metadata": {"x": "evil"}}
        answer = self.server.post("/api/v1/annotations", body)
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertNotIn("evil", json.dumps(self.server.scores("trace", target)))

    def test_a_comment_alone_is_an_annotation(self):
        target = self.new_id()
        body = {"target_id": target, "target_type": "pairwise", "comment": "only words"}
        self.expect(self.server.post("/api/v1/annotations", body), 200)
        self.assertEqual(self.server.scores("pairwise", target)[0]["notes"], "only words")

    def test_errors_have_its_shape(self):
        for body, status in (({"target_type": "trace"}, 400), ({"target_id": "x", "target_type": "planet"}, 400),
                             ({"target_id": "x", "target_type": "trace", "score": "high"}, 400)):
            with self.subTest(str(body)):
                answer = self.expect(self.server.post("/api/v1/annotations", body), status)
                self.assertIs(answer["success"], False)
                self.assertEqual(answer["error"]["code"], "VALIDATION_ERROR")
                self.assertTrue(answer["error"]["requestId"])
        answer = self.expect(self.server.post("/api/v1/annotations", {}, key=False), 401)
        self.assertEqual(answer["error"]["code"], "UNAUTHORIZED")
