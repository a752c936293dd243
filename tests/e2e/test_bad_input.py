"""Bad input gets the dialect's own clear error, its neighbours are stored, and the server lives."""

import json

from harness import *


def deep(levels):
    return "[" * levels + "]" * levels


class BadInput(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.label = cls.server.label("accuracy", "numeric", NUMERIC)

    def line(self, source, value="0.5", **more):
        extra = "".join(',"%s":%s' % (name, json.dumps(text)) for name, text in more.items())
        return '{"source_type":"trace","source_id":"%s","label_id":"%s","value":%s%s}' % (source, self.label, value, extra)

    def test_one_bad_ndjson_line_of_every_kind_costs_no_neighbour(self):
        bad = {
            "wrong type": lambda s: self.line(s, '{"value":true}'),
            "missing field": lambda s: '{"source_type":"trace","source_id":"%s","value":1}' % s,
            "unknown label": lambda s: self.line(s).replace(self.label, self.new_id()),
            "value out of range": lambda s: self.line(s, "17"),
            "NaN": lambda s: self.line(s, "NaN"),
            "a number no double holds": lambda s: self.line(s, "1e999"),
            "100 deep": lambda s: self.line(s, deep(100)),
            "duplicate key": lambda s: self.line(s)[:-1] + ',"value":0.1}',
            "escaped duplicate key": lambda s: self.line(s)[:-1] + ',"valu\\u0065":0.1}',
            "trailing bytes": lambda s: self.line(s) + "}",
            "two objects": lambda s: self.line(s) + self.line(s),
            "truncated": lambda s: self.line(s)[:-5],
            "not an object": lambda s: "123",
            "lone surrogate": lambda s: self.line(s)[:-1] + ',"notes":"\\ud800"}',
            "unknown field": lambda s: self.line(s, bogus=1),
            "label id is no uuid": lambda s: self.line(s).replace(self.label, "zzz"),
            "control character in an id": lambda s: self.line("a\\u0001" + s),
            "leading zero": lambda s: self.line(s, "00.5"),
        }
        for name, make in bad.items():
            with self.subTest(name):
                source = self.new_id()
                body = "\n".join([self.line(source, "0.1"), make(source), self.line(source, "0.2")]) + "\n"
                answer = self.expect(self.server.post("/v1/scores", body, headers={"Content-Type": "application/x-ndjson"}), 207)
                self.assertEqual((answer["stored"], answer["rejected"]), (2, 1), answer)
                error = [result for result in answer["results"] if "code" in result]
                self.assertEqual([one["index"] for one in error], [1])
                self.assertTrue(error[0]["message"])
                self.assertEqual(sorted(s["value"]["value"] for s in self.server.scores("trace", source)), [0.1, 0.2])

    def test_invalid_utf8_in_one_line_costs_no_neighbour(self):
        source = self.new_id()
        bad = self.line(source)[:-1].encode() + b',"notes":"\xff\xfe"}'
        body = b"\n".join([self.line(source, "0.1").encode(), bad, self.line(source, "0.2").encode()])
        answer = self.expect(self.server.post("/v1/scores", body, headers={"Content-Type": "application/x-ndjson"}), 207)
        self.assertEqual((answer["stored"], answer["rejected"]), (2, 1))

    def test_a_10_mb_line_costs_no_neighbour(self):
        source = self.new_id()
        huge = self.line(source, notes="x" * 10_000_000)
        body = "\n".join([self.line(source, "0.1"), huge, self.line(source, "0.2")])
        answer = self.expect(self.server.post("/v1/scores", body, headers={"Content-Type": "application/x-ndjson"}), 207)
        self.assertEqual((answer["stored"], answer["rejected"]), (2, 1))
        self.assertEqual([r["code"] for r in answer["results"] if "code" in r], ["item_too_long"])

    def test_a_bad_item_in_an_array_costs_no_neighbour(self):
        bad = ['{"value":true}', "null", "17", "[]", "{}", '"x"', deep(100), '{"source_type":1}', '{"a":1,"a":2}']
        for item in bad:
            with self.subTest(item[:20]):
                source = self.new_id()
                body = "[%s,%s,%s]" % (self.line(source, "0.1"), item, self.line(source, "0.2"))
                answer = self.expect(self.server.post("/v1/scores", body), 207)
                self.assertEqual((answer["stored"], answer["rejected"]), (2, 1), answer)

    def test_a_broken_document_stores_nothing(self):
        source = self.new_id()
        good = self.line(source)
        bodies = {"truncated": "[" + good + ",", "trailing": "[" + good + "]]", "two roots": good + good, "empty": "",
                  "blank": "  ", "bare number": "123", "bare string": '"x"', "unclosed": '{"scores":[' + good,
                  "control character": '[{"a":"\x01"}]'}
        for name, body in bodies.items():
            with self.subTest(name):
                answer = self.server.post("/v1/scores", body)
                self.assertEqual(answer.status_code, 400, answer.text)
                self.assertTrue(answer.json())
        self.expect(self.server.post("/v1/scores", b'[{"notes":"\xc3\x28"}]'), 400)
        self.assertEqual(self.server.scores("trace", source), [])

    def test_broken_json_has_each_dialects_shape(self):
        for path, shape in (("/v1/scores", lambda a: a.get("code") or a["error"]["code"]),
                            ("/model-hub/scores/", lambda a: a["code"] == "parse_error" and a["status"] is False),
                            ("/model-hub/scores/bulk/", lambda a: a["code"] == "parse_error"),
                            ("/api/v1/annotations", lambda a: a["success"] is False and a["error"]["code"]),
                            ("/api/v1/scores", lambda a: a["error"]["code"] == "VALIDATION_ERROR")):
            for body in ("{", '{"a":}', '{"a":1}{"a":1}', "\ufeff{}"):
                with self.subTest(path + " " + body[:10]):
                    answer = self.expect(self.server.post(path, body), 400)
                    self.assertTrue(shape(answer), answer)

    def test_wrong_content_types_and_encodings(self):
        body = self.line(self.new_id())
        self.assertEqual(self.server.post("/v1/scores", body, headers={"Content-Type": "text/html"}).status_code, 415)
        self.assertEqual(self.server.post("/v1/scores", body, headers={"Content-Encoding": "br"}).status_code, 415)
        self.assertEqual(self.server.post("/v1/scores", body, headers={"Content-Encoding": "gzip, gzip"}).status_code, 415)
        self.assertEqual(self.server.post("/v1/scores", body, headers={"Content-Encoding": "gzip"}).status_code, 400)

    def test_unknown_routes_and_methods(self):
        self.assertEqual(self.server.get("/nowhere").status_code, 404)
        self.assertEqual(self.server.call("PUT", "/v1/scores", {}).status_code, 405)
        self.assertEqual(self.server.call("DELETE", "/api/v1/scores").status_code, 405)

    def test_a_truncated_body_stores_nothing(self):
        source = self.new_id()
        body = ("[" + self.line(source) + "]").encode()
        head = request_bytes("/v1/scores", body)[: -len(body)]
        self.server.raw(head + body[:-10], half_close=True)
        self.assertEqual(self.server.scores("trace", source), [])

    def test_a_body_over_the_limit_is_413_before_it_is_sent(self):
        head = (b"POST /v1/scores HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + KEY.encode() +
                b"\r\nContent-Type: application/json\r\nContent-Length: 17000000\r\n\r\n")
        self.assertEqual([answer[0] for answer in self.server.raw(head)], [413])

    def test_too_many_items_is_413(self):
        body = "\n".join(["{}"] * 100_001)
        answer = self.server.post("/v1/scores", body, headers={"Content-Type": "application/x-ndjson"})
        self.assertEqual(answer.status_code, 413, answer.text[:300])
