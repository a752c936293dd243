"""The native API: what is stored, what is named as bad, and what reads give back."""

import json

from harness import *


class NativeWrites(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.numeric = cls.server.label("accuracy", "numeric", NUMERIC)
        cls.category = cls.server.label("verdict", "categorical", CATEGORICAL)
        cls.star = cls.server.label("stars", "star", STAR)
        cls.thumb = cls.server.label("thumb", "thumbs_up_down")
        cls.text = cls.server.label("comment", "text", TEXT)

    def item(self, value=0.5, label=None, source=None, **more):
        return {"source_type": "trace", "source_id": source or self.new_id(), "label_id": label or self.numeric,
                "value": value, **more}

    def test_every_body_shape_is_taken(self):
        source = self.new_id()
        one = self.item(0.1, source=source)
        shapes = {
            "wrapped": (json.dumps({"scores": [one]}), "application/json"),
            "array": (json.dumps([one]), "application/json"),
            "object": (json.dumps(one), "application/json"),
            "ndjson": (json.dumps(one) + "\n", "application/x-ndjson"),
            "ndjson without a last newline": (json.dumps(one), "application/x-ndjson"),
        }
        for name, (body, kind) in shapes.items():
            with self.subTest(name):
                answer = self.expect(self.server.post("/v1/scores", body, headers={"Content-Type": kind}), 200)
                self.assertEqual((answer["stored"], answer["rejected"]), (1, 0))
                self.assertRegex(answer["results"][0]["id"], r"^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-")
        self.assertEqual(len(self.server.scores("trace", source)), len(shapes))

    def test_every_value_type_reads_back_as_sent(self):
        cases = [
            (self.numeric, 0.37, {"value": 0.37}),
            (self.numeric, {"value": 1}, {"value": 1}),
            (self.category, ["good", "bad"], {"selected": ["good", "bad"]}),
            (self.category, "good", {"selected": ["good"]}),
            (self.star, 4, {"rating": 4}),
            (self.star, {"rating": 1}, {"rating": 1}),
            (self.thumb, "up", {"value": "up"}),
            (self.thumb, {"value": "down"}, {"value": "down"}),
            (self.text, "two words", {"text": "two words"}),
            (self.text, {"text": "caf\u00e9 \u2713"}, {"text": "caf\u00e9 \u2713"}),
        ]
        for label, sent, expected in cases:
            with self.subTest(str(sent)):
                source = self.new_id()
                self.expect(self.server.post("/v1/scores", [self.item(sent, label, source)]), 200)
                scores = self.server.scores("trace", source)
                self.assertEqual([score["value"] for score in scores], [expected])

    def test_every_field_reads_back(self):
        source = self.new_id()
        sent = self.item(0.25, source=source, id="client-1", verdict="pass", notes="line\nbreak \u00fc",
                         score_source="automation", event_time="2026-01-31T23:59:59.5Z", queue_item="q-7",
                         metadata={"run": {"n": 1}})
        self.expect(self.server.post("/v1/scores", sent), 200)
        score = self.server.scores("trace", source)[0]
        self.assertEqual(score["source_type"], "trace")
        self.assertEqual(score["source_id"], source)
        self.assertEqual(score["label_id"], self.numeric)
        self.assertEqual(score["label_name"], "accuracy")
        self.assertEqual(score["label_type"], "numeric")
        self.assertEqual(score["client_id"], "client-1")
        self.assertEqual(score["verdict"], "pass")
        self.assertEqual(score["notes"], "line\nbreak \u00fc")
        self.assertEqual(score["score_source"], "automation")
        self.assertEqual(score["queue_item"], "q-7")
        self.assertEqual(score["metadata"], {"run": {"n": 1}})
        self.assertTrue(score["event_time"].startswith("2026-01-31T23:59:59.5"))
        self.assertTrue(score["annotator"]["id"])

    def test_numbers_read_back_as_the_number_that_was_sent(self):
        label = self.server.label("any number")
        for token in ["0.1", "1e-7", "123456789.123", "-0.5", "9007199254740992", "1e22", "5e-324", "1.7976931348623157e308"]:
            with self.subTest(token):
                source = self.new_id()
                body = '[{"source_type":"trace","source_id":"%s","label_id":"%s","value":%s}]' % (source, label, token)
                self.expect(self.server.post("/v1/scores", body), 200)
                self.assertEqual(self.server.scores("trace", source)[0]["value"]["value"], float(token))

    def test_a_mixed_batch_stores_the_good_and_names_the_bad(self):
        source = self.new_id()
        body = [self.item(0.1, source=source), self.item(17, source=source), self.item(0.2, source=source),
                {"source_type": "trace", "source_id": source, "value": 1},
                self.item(0.3, label=self.new_id(), source=source), "not an object", self.item(0.4, source=source)]
        answer = self.expect(self.server.post("/v1/scores", body), 207)
        self.assertEqual((answer["stored"], answer["rejected"]), (3, 4))
        results = answer["results"]
        self.assertEqual(len(results), 7)
        self.assertEqual([i for i, result in enumerate(results) if "id" in result], [0, 2, 6])
        for i in (1, 3, 4, 5):
            self.assertEqual(results[i]["index"], i)
            self.assertTrue(results[i]["code"] and results[i]["message"], results[i])
        self.assertEqual(results[1]["field"], "value")
        self.assertEqual(results[1]["code"], "value_out_of_range")
        self.assertIn("accuracy must be between 0 and 1", results[1]["message"])
        self.assertEqual(results[4]["code"], "label_not_found")
        self.assertEqual(sorted(s["value"]["value"] for s in self.server.scores("trace", source)), [0.1, 0.2, 0.4])

    def test_results_errors_lists_the_bad_only(self):
        body = [self.item(0.1), self.item(2), self.item(0.2)]
        answer = self.expect(self.server.post("/v1/scores?results=errors", body), 207)
        self.assertEqual([result["index"] for result in answer["results"]], [1])
        body = [self.item(2) for _ in range(1500)]
        answer = self.expect(self.server.post("/v1/scores?results=errors", body), 400)
        self.assertEqual(answer["rejected"], 1500)
        self.assertEqual(len(answer["results"]), 1000)

    def test_nothing_good_is_400(self):
        answer = self.expect(self.server.post("/v1/scores", [self.item(2), self.item("x")]), 400)
        self.assertEqual((answer["stored"], answer["rejected"]), (0, 2))

    def test_one_malformed_ndjson_line_fails_alone(self):
        source = self.new_id()
        lines = [json.dumps(self.item(0.1, source=source)), '{"source_type":', json.dumps(self.item(0.2, source=source)),
                 json.dumps(self.item(0.3, source=source)) + " trailing", json.dumps(self.item(0.4, source=source))]
        answer = self.expect(self.server.post("/v1/scores", "\n".join(lines),
                                              headers={"Content-Type": "application/x-ndjson"}), 207)
        self.assertEqual((answer["stored"], answer["rejected"]), (3, 2))
        self.assertEqual([r["index"] for r in answer["results"] if "index" in r], [1, 3])
        self.assertEqual(len(self.server.scores("trace", source)), 3)

    def test_dry_run_stores_nothing_and_names_the_same(self):
        source = self.new_id()
        body = [self.item(0.1, source=source), self.item(5, source=source)]
        dry = self.server.post("/v1/scores?dry_run=1", body)
        self.assertIn(dry.status_code, (200, 207), dry.text)
        self.assertEqual(dry.json()["rejected"], 1)
        self.assertEqual(self.server.scores("trace", source), [])

    def test_atomic_is_all_or_nothing(self):
        source = self.new_id()
        body = [self.item(0.1, source=source), self.item(5, source=source)]
        self.expect(self.server.post("/v1/scores?atomic=1", body), 422)
        self.assertEqual(self.server.scores("trace", source), [])
        self.expect(self.server.post("/v1/scores?atomic=1", body[:1]), 200)
        self.assertEqual(len(self.server.scores("trace", source)), 1)
        self.assertEqual(self.server.post("/v1/scores?atomic=1", [self.item() for _ in range(513)]).status_code, 413)

    def test_label_by_name(self):
        source = self.new_id()
        body = {"source_type": "trace", "source_id": source, "label_name": "accuracy", "value": 0.5}
        self.expect(self.server.post("/v1/scores", body), 200)
        self.assertEqual(self.server.scores("trace", source)[0]["label_id"], self.numeric)

    def test_the_same_client_id_is_the_same_score(self):
        source = self.new_id()
        first = self.expect(self.server.post("/v1/scores", [self.item(0.1, source=source, id="a")]), 200)
        again = self.expect(self.server.post("/v1/scores", [self.item(0.1, source=source, id="a")]), 200)
        changed = self.expect(self.server.post("/v1/scores", [self.item(0.9, source=source, id="a")]), 200)
        self.assertEqual(first["results"][0]["id"], again["results"][0]["id"])
        self.assertEqual(first["results"][0]["id"], changed["results"][0]["id"])
        scores = self.server.scores("trace", source)
        self.assertEqual(len(scores), 1)
        self.assertEqual(scores[0]["value"], {"value": 0.9})
        self.assertEqual(self.server.scores("trace", source, client_id="a")[0]["id"], scores[0]["id"])

    def test_without_an_id_every_post_is_a_new_score(self):
        source = self.new_id()
        for _ in range(3):
            self.expect(self.server.post("/v1/scores", [self.item(0.1, source=source)]), 200)
        self.assertEqual(len({s["id"] for s in self.server.scores("trace", source)}), 3)


class NativeReads(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.label = cls.server.label("n")
        cls.other = cls.server.label("other")

    def put(self, source, value, **more):
        answer = self.server.post("/v1/scores", [{"source_type": "trace", "source_id": source, "label_id": self.label,
                                                  "value": value, **more}])
        return self.expect(answer, 200)["results"][0]["id"]

    def test_get_and_delete_by_id(self):
        source = self.new_id()
        score_id = self.put(source, 1)
        self.assertEqual(self.expect(self.server.get("/v1/scores/" + score_id), 200)["id"], score_id)
        self.assertIn(self.server.call("DELETE", "/v1/scores/" + score_id).status_code, (200, 204))
        self.expect(self.server.get("/v1/scores/" + score_id), 404)
        self.assertEqual(self.server.scores("trace", source), [])
        self.expect(self.server.call("DELETE", "/v1/scores/" + score_id), 404)

    def test_filters(self):
        source = self.new_id()
        self.put(source, 1, event_time="2026-01-01T00:00:00Z")
        self.put(source, 2, label_id=self.other, event_time="2026-02-01T00:00:00Z")
        values = lambda **q: [s["value"]["value"] for s in self.server.scores("trace", source, **q)]
        self.assertEqual(values(label_id=self.other), [2])
        self.assertEqual(values(event_from="2026-01-15T00:00:00Z"), [2])
        self.assertEqual(values(event_to="2026-02-01T00:00:00Z"), [1])
        self.assertEqual(values(inserted_to="2020-01-01T00:00:00Z"), [])
        annotator = self.server.scores("trace", source)[0]["annotator"]["id"]
        self.assertEqual(len(values(annotator_id=annotator)), 2)
        nobody = self.server.call("GET", "/v1/scores", params={"source_type": "trace", "source_id": source,
                                                               "annotator_id": self.new_id()})
        self.expect(nobody, 404)

    def test_pages_follow_the_cursor_without_gap_or_repeat(self):
        source = self.new_id()
        for value in range(25):
            self.put(source, value)
        for order in ("asc", "desc"):
            seen, cursor = [], None
            for _ in range(10):
                query = {"source_type": "trace", "source_id": source, "limit": 7, "order": order}
                if cursor:
                    query["cursor"] = cursor
                page = self.expect(self.server.call("GET", "/v1/scores", params=query), 200)
                seen += [s["value"]["value"] for s in page["scores"]]
                cursor = page.get("next_cursor")
                if not cursor:
                    break
            self.assertEqual(seen, sorted(range(25), reverse=order == "desc"), order)

    def test_by_annotator_newest_first(self):
        source = self.new_id()
        for value in (1, 2, 3):
            self.put(source, value)
        annotator = self.server.scores("trace", source)[0]["annotator"]["id"]
        page = self.expect(self.server.get("/v1/annotators/%s/scores?limit=3" % annotator), 200)
        self.assertEqual([s["value"]["value"] for s in page["scores"]], [3, 2, 1])

    def test_a_stored_score_is_in_the_next_read(self):
        source = self.new_id()
        for n in range(1, 30):
            self.put(source, n)
            self.assertEqual(len(self.server.scores("trace", source)), n)

    def test_wrong_parameters_are_named_never_ignored(self):
        for query in ("source_type=trace&source_id=x&bogus=1", "source_type=trace&source_id=x&limit=0",
                      "source_type=trace&source_id=x&limit=100000", "source_type=trace&source_id=x&limit=ten",
                      "source_type=trace&source_id=x&order=sideways", "source_type=trace&source_id=x&cursor=nonsense",
                      "source_type=trace&source_id=x&event_from=yesterday", "source_type=trace&source_id=x&label_id=no",
                      "source_type=trace&source_id=%zz", "source_type=trace", "source_type=trace&source_id=x&source_id=y"):
            with self.subTest(query):
                # As bytes: the client library would mend the bad escape.
                request = request_bytes("/v1/scores?" + query, method="GET", headers=["Connection: close"])
                self.assertEqual([answer[0] for answer in self.server.raw(request)], [400])


class StrictSources(ServerTest):
    arguments = ("--strict-sources", "true")

    def test_only_registered_sources_are_taken(self):
        label = self.server.label("n")
        known, unknown = self.new_id(), self.new_id()
        registered = self.server.post("/v1/sources", {"sources": [{"type": "trace", "id": known}]})
        self.assertIn(registered.status_code, (200, 201), registered.text)
        body = [{"source_type": "trace", "source_id": s, "label_id": label, "value": 1} for s in (known, unknown)]
        answer = self.expect(self.server.post("/v1/scores", body), 207)
        self.assertEqual(answer["results"][1]["code"], "source_not_found")
        self.assertEqual(self.server.scores("trace", unknown), [])
        self.assertEqual(len(self.server.scores("trace", known)), 1)

    def test_2signal_answers_404_and_its_traces_register(self):
        trace = "trace-" + self.new_id()
        score = {"traceId": trace, "evaluatorName": "accuracy", "value": 1}
        answer = self.expect(self.server.post("/api/v1/scores", score), 404)
        self.assertTrue(answer["error"]["message"])
        batch = {"batch": [{"id": "1", "type": "trace-create", "body": {"id": trace}, "timestamp": "2026-01-01T00:00:00Z"}]}
        self.assertEqual(self.expect(self.server.post("/api/v1/traces", batch), 201)["accepted"], 1)
        self.expect(self.server.post("/api/v1/scores", score), 201)

    def test_a_span_is_registered_in_its_own_trace_only(self):
        span, trace, other = self.new_id(), self.new_id(), self.new_id()
        batch = {"batch": [{"id": "1", "type": "span-create", "body": {"id": span, "traceId": trace}}]}
        self.expect(self.server.post("/api/v1/traces", batch), 201)
        score = {"traceId": other, "spanId": span, "evaluatorName": "accuracy", "value": 1}
        self.expect(self.server.post("/api/v1/scores", score), 404)
        self.expect(self.server.post("/api/v1/scores", {**score, "traceId": trace}), 201)

    def test_futureagi_answers_404(self):
        label = self.server.label("fa")
        body = {"source_type": "trace", "source_id": self.new_id(), "label_id": label, "value": {"value": 1}}
        answer = self.expect(self.server.post("/model-hub/scores/", body), 404)
        self.assertIn("Source not found: trace=" + body["source_id"], json.dumps(answer))
