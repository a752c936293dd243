"""Rate limits of keys and addresses, end to end: in every API's shape, kept over a restart, with a Retry-After that holds."""

import json
import time

from harness import *

SHAPES = {
    "native": lambda body: body["error"]["code"] == "rate_limited" and body["message"],
    "futureagi": lambda body: body["status"] is False,
    "evalguard": lambda body: body["success"] is False and body["error"]["code"],
    "2signal": lambda body: body["error"]["code"],
}
WRITES = {"native": "/v1/scores", "futureagi": "/model-hub/scores/", "evalguard": "/api/v1/annotations",
          "2signal": "/api/v1/scores"}


def make_key(server, *arguments):
    made = json.loads(server.command("keys", "create", "--json", "--annotator", "a", *arguments).stdout)
    return made["id"] + "." + made["secret"], made


class Rates(ServerTest):
    def test_a_refusal_is_429_in_the_apis_shape_and_says_what_and_when(self):
        for dialect, path in WRITES.items():
            with self.subTest(dialect):
                key, _ = make_key(self.server, "--rate-requests", "2")
                answers = [self.server.post(path, {}, key=key) for _ in range(3)]
                self.assertEqual([answer.status_code for answer in answers], [400, 400, 429])
                refused = answers[2]
                self.assertEqual(refused.headers["Retry-After"], "1")
                self.assertIn("2 requests per second", refused.text)
                self.assertIn("try again in 1 s", refused.text)
                self.assertTrue(SHAPES[dialect](refused.json()), refused.text)

    def test_retry_after_holds(self):
        key, _ = make_key(self.server, "--rate-scores", "50")
        body = [{"source_type": "trace", "source_id": "t", "label_id": self.server.label("n " + self.new_id()), "value": 1}] * 120
        self.expect(self.server.post("/v1/scores", body, key=key), 200)  # More than a second's worth: taken, then paid for.
        refused = self.server.post("/v1/scores", body[:40], key=key)
        self.assertEqual(refused.status_code, 429, refused.text)
        self.assertIn("50 scores per second", refused.text)
        wait = int(refused.headers["Retry-After"])
        self.assertIn(wait, (2, 3))
        time.sleep(wait)
        self.expect(self.server.post("/v1/scores", body[:40], key=key), 200)

    def test_rates_are_kept_and_listed(self):
        with Server() as server:
            key, made = make_key(server, "--rate-requests", "1", "--rate-bytes", "1MiB", "--rate-scores", "0")
            self.assertEqual(made["rates"], {"requests": 1, "scores": 0, "bytes": 1 << 20})
            self.assertEqual(server.stop(), 0)
            server.start()
            statuses = [server.get("/v1/labels", key=key).status_code for _ in range(2)]
            self.assertEqual(statuses, [200, 429])
            listed = json.loads(server.command("keys", "list", "--json").stdout)["keys"]
            self.assertEqual([one["rates"] for one in listed if one["id"] == made["id"]], [made["rates"]])
            wrong = server.command("keys", "create", "--annotator", "a", "--rate-requests", "lots", check=False)
            self.assertNotEqual(wrong.returncode, 0)
            self.assertIn("--rate-requests", wrong.stdout + wrong.stderr)

    def test_the_servers_default_binds_keys_without_their_own(self):
        with Server(arguments=["--default-rate-requests", "3", "--rate-burst", "2"]) as server:
            statuses = [server.get("/v1/labels").status_code for _ in range(8)]
            self.assertEqual(statuses[:6], [200] * 6)
            self.assertIn(429, statuses)
            free, _ = make_key(server, "--rate-requests", "0")
            self.assertEqual({server.get("/v1/labels", key=free).status_code for _ in range(20)}, {200})
            self.assertIn('stage="rate_limit"', server.get("/metrics", key=False).text)

    def test_an_address_that_goes_on_with_bad_keys_is_429_and_good_keys_from_it_are_taken(self):
        with Server(arguments=["--failed-auth-per-second", "1"]) as server:
            for dialect, path in WRITES.items():
                with self.subTest(dialect):
                    for _ in range(30):  # Ten are 401, and one more for each second that this takes.
                        refused = server.post(path, {}, key=KEY[:-1] + "x")
                        if refused.status_code != 401:
                            break
                    self.assertEqual((refused.status_code, refused.headers.get("Retry-After")), (429, "1"), refused.text)
                    self.assertIn("Too many requests from this address had no valid API key", refused.text)
                    self.assertTrue(SHAPES[dialect](refused.json()), refused.text)
                    self.assertEqual(server.post(path, {}).status_code, 400)
            make_key(server)  # Over admin.sock.
            self.assertNotIn('stage="failed_auth"} 0', server.get("/metrics", key=False).text)
