"""What operators look at: health, version, metrics."""

import re
import subprocess

from harness import *

SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{([a-zA-Z_][a-zA-Z0-9_]*="(\\.|[^"\\])*",?)*\})? '
                    r"([-+]?[0-9.eE+-]+|NaN|[-+]?Inf)( [0-9]+)?$")


class Operators(ServerTest):
    def test_health_and_version(self):
        self.assertEqual(self.expect(self.server.get("/livez", key=False), 200)["status"], "ok")
        ready = self.expect(self.server.get("/readyz", key=False), 200)
        self.assertTrue(ready["checks"])
        version = self.expect(self.server.get("/version", key=False), 200)
        self.assertIn("version", version)

    def samples(self):
        answer = self.server.get("/metrics", key=False)
        self.assertEqual(answer.status_code, 200)
        self.assertTrue(answer.headers["Content-Type"].startswith("text/plain"))
        self.assertTrue(answer.text.endswith("\n"))
        types, samples, seen = {}, {}, set()
        for line in answer.text.splitlines():
            if line.startswith("# TYPE "):
                name, kind = line.split()[2:4]
                self.assertNotIn(name, types, "TYPE twice")
                self.assertIn(kind, ("counter", "gauge", "histogram", "summary"))
                types[name] = kind
                continue
            if line.startswith("#") or not line:
                continue
            found = SAMPLE.match(line)
            self.assertTrue(found, "not a sample: " + line)
            name, labels, value = found.group(1), found.group(2) or "", float(found.group(5))
            self.assertNotIn((name, labels), seen, "sample twice: " + line)
            seen.add((name, labels))
            base = re.sub(r"_(bucket|sum|count)$", "", name)
            self.assertTrue(name in types or base in types, "no TYPE for " + name)
            samples[name + labels] = value
        return types, samples

    def test_metrics_are_well_formed_and_named_by_the_rules(self):
        types, _ = self.samples()
        self.assertTrue(types)
        for name, kind in types.items():
            self.assertTrue(name.startswith("sluice_") or name.startswith("process_"), name)
            if kind == "counter":
                self.assertTrue(name.endswith("_total"), name)
        for name in ("sluice_scores_committed_total", "sluice_scores_rejected_total", "sluice_http_requests_total",
                     "sluice_http_request_duration_seconds", "sluice_connections", "sluice_build_info"):
            self.assertIn(name, types)

    def test_counters_count_and_histograms_are_cumulative(self):
        def total(samples, prefix):
            return sum(value for name, value in samples.items() if name.split("{")[0] == prefix)

        _, before = self.samples()
        for _ in range(5):
            body = {"traceId": self.new_id(), "evaluatorName": "e", "value": 1}
            self.expect(self.server.post("/api/v1/scores", body), 201)
        self.expect(self.server.post("/api/v1/scores", {"traceId": "t", "evaluatorName": "e", "value": 3}), 400)
        types, after = self.samples()
        self.assertEqual(total(after, "sluice_scores_committed_total") - total(before, "sluice_scores_committed_total"), 5)
        self.assertGreaterEqual(total(after, "sluice_http_requests_total") - total(before, "sluice_http_requests_total"), 6)
        self.assertGreaterEqual(total(after, "sluice_scores_rejected_total") - total(before, "sluice_scores_rejected_total"), 1)
        buckets = {}
        for name, value in after.items():
            found = re.match(r'(\w+)_bucket\{(.*?),?le="([^"]+)"\}$', name)
            if found:
                bound = float("inf") if found.group(3) == "+Inf" else float(found.group(3))
                buckets.setdefault((found.group(1), found.group(2)), []).append((bound, value))
        self.assertTrue(buckets)
        for key, series in buckets.items():
            values = [value for _, value in sorted(series)]
            self.assertEqual(values, sorted(values), key)
            self.assertEqual(sorted(series)[-1][0], float("inf"), key)

    def test_the_command_line_answers(self):
        self.assertIn("sluice", subprocess.run([BINARY, "--version"], capture_output=True, text=True).stdout)
        for wrong in (["nonsense"], ["serve", "--bogus"], []):
            self.assertEqual(subprocess.run([BINARY, *wrong], capture_output=True).returncode, 64, wrong)
        refused = subprocess.run([BINARY, "serve", "--data", "/tmp/never-made", "--listen", "0.0.0.0:0"], capture_output=True,
                                 text=True, timeout=30)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("insecure", refused.stderr + refused.stdout)

    def test_a_second_server_on_the_same_data_is_refused(self):
        second = subprocess.run([BINARY, "serve", "--data", self.server.data, "--listen", "127.0.0.1:0"], capture_output=True,
                                text=True, timeout=30)
        self.assertNotEqual(second.returncode, 0)
        self.assertIn("in use", (second.stderr + second.stdout).lower())
