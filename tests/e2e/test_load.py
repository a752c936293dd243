"""The load tool against the real server: everything it was told is stored must be read back."""

import os
import random

from harness import *

SHORT = ("--duration", "60", "--connections", "8")


class Load(ServerTest):
    def audited(self, *arguments):
        report = self.server.load("--audit", "--seed", str(random.getrandbits(60) | 1), *SHORT, *arguments)
        self.assertTrue(report["audit"]["clean"])
        self.assertEqual(report["audit"]["scores"], report["acked_scores"])
        self.assertEqual(report["unexpected_answers"], 0)
        return report

    def test_native_json_and_ndjson(self):
        self.assertEqual(self.audited("--requests", "200", "--batch", "100")["acked_scores"], 20_000)
        self.assertEqual(self.audited("--requests", "200", "--batch", "50", "--format", "ndjson")["acked_scores"], 10_000)

    def test_native_single_and_full_results(self):
        self.audited("--requests", "500", "--batch", "1")
        self.audited("--requests", "50", "--batch", "20", "--results", "all")

    def test_client_ids(self):
        self.audited("--requests", "200", "--batch", "25", "--client-ids")

    def test_bad_items_are_named_and_never_stored(self):
        report = self.audited("--requests", "200", "--batch", "50", "--invalid", "0.1")
        self.assertGreater(report["refused_items"], 0)

    def test_the_other_dialects(self):
        self.audited("--api", "2signal", "--batch", "1", "--requests", "400")
        self.audited("--api", "evalguard", "--batch", "1", "--requests", "400")
        self.audited("--api", "futureagi", "--batch", "1", "--requests", "400")
        self.audited("--api", "futureagi", "--batch", "5", "--requests", "200")

    def test_an_open_loop_reaches_a_modest_rate(self):
        report = self.server.load("--rate", "20000", "--batch", "100", "--connections", "16", "--duration", "3", "--warmup", "1")
        self.assertGreater(report["scores_per_second"], 10_000)
        self.assertGreater(report["latency_ms"]["p99"], 0)

    def test_reads_as_load(self):
        run = ("--seed", "99", "--requests", "50", "--batch", "20", "--connections", "4")
        self.server.load(*run, "--duration", "60")
        report = self.server.load("--read", "source", *run, "--duration", "1")
        self.assertGreater(report["measured_reads"], 100)
        self.assertEqual(report["sources"], 50 * 20)
        report = self.server.load("--read", "annotator", *run, "--duration", "1", "--rate", "50")
        self.assertEqual(report["unexpected_answers"], 0)
        self.assertGreater(report["latency_ms"]["count"], 20)

    def test_the_audit_finds_a_deleted_score(self):
        """The net must catch: without this the audits above could be blind."""
        log = os.path.join(self.server.data, "acks")
        arguments = ("--ack-log", log, "--requests", "20", "--batch", "10", "--labels", "1", "--client-ids", *SHORT)
        self.server.load("--seed", "4242", *arguments)
        clean = self.server.load("--audit-only", "--ack-log", log)
        self.assertEqual(clean["audit"]["scores"], 200)
        labels = [one for one in self.server.get("/v1/labels").json()["labels"] if one["name"] == "load numeric 0"]
        newest = self.newest_score(labels[0]["id"])
        self.assertIn(self.server.call("DELETE", "/v1/scores/" + newest).status_code, (200, 204))
        damaged = self.server.load("--audit-only", "--ack-log", log, check=False)
        self.assertFalse(damaged["audit"]["clean"])
        self.assertEqual(damaged["audit"]["missing"], 1)
        self.assertTrue(damaged["audit"]["findings"][0].startswith("missing: "))

    def newest_score(self, label):
        trace = self.new_id()
        body = [{"source_type": "trace", "source_id": trace, "label_id": label, "value": 0.5}]
        self.expect(self.server.post("/v1/scores", body), 200)
        probe = self.server.scores("trace", trace)[0]
        page = self.server.get("/v1/annotators/%s/scores?limit=2&label_id=%s" % (probe["annotator"]["id"], label)).json()
        return [score["id"] for score in page["scores"] if score["id"] != probe["id"]][0]
