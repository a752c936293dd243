"""Keys: every credential form in every dialect, scopes, workspaces, and revocation that holds."""

import base64
import json
import os
import re
import shutil
import socket
import subprocess
import time
import unittest

from harness import *

WRITES = {
    "native": "/v1/scores",
    "futureagi": "/model-hub/scores/",
    "evalguard": "/api/v1/annotations",
    "2signal": "/api/v1/scores",
}


class Keys(ServerTest):
    def create(self, *arguments):
        done = self.server.command("keys", "create", "--json", *arguments)
        key = json.loads(done.stdout)
        key = key.get("key", key) if isinstance(key.get("key", None), dict) else key
        return key["id"], key["secret"]

    def test_every_credential_form_works_in_every_dialect(self):
        basic = base64.b64encode((KEY_ID + ":" + SECRET).encode()).decode()
        forms = {
            "bearer": {"Authorization": "Bearer " + KEY},
            "bare": {"Authorization": KEY},
            "basic": {"Authorization": "Basic " + basic},
            "pair": {"X-Api-Key": KEY_ID, "X-Secret-Key": SECRET},
            "x-api-key alone": {"X-Api-Key": KEY},
        }
        for dialect, path in WRITES.items():
            for name, headers in forms.items():
                with self.subTest(dialect + " " + name):
                    # An empty object passes authentication and fails validation.
                    self.assertEqual(self.server.post(path, {}, key=False, headers=headers).status_code, 400)

    def test_no_or_wrong_key_is_401_in_the_dialects_shape(self):
        shapes = {
            "native": lambda a: a.get("code") == "unauthenticated" or a.get("error", {}).get("code"),
            "futureagi": lambda a: a["status"] is False and a["type"] == "authentication_error",
            "evalguard": lambda a: a["success"] is False and a["error"]["code"] == "UNAUTHORIZED",
            "2signal": lambda a: a["error"]["code"] == "UNAUTHORIZED",
        }
        wrong = [{}, {"Authorization": "Bearer " + KEY_ID + ".wrong"}, {"Authorization": "Bearer nobody." + SECRET},
                 {"Authorization": "Bearer"}, {"Authorization": "Basic !!!"}, {"X-Api-Key": KEY_ID},
                 {"X-Api-Key": KEY_ID, "X-Secret-Key": SECRET + "x"},
                 {"Authorization": "Bearer " + KEY, "X-Api-Key": "other", "X-Secret-Key": "other"}]
        for dialect, path in WRITES.items():
            for headers in wrong:
                with self.subTest(dialect + str(sorted(headers))):
                    answer = self.server.post(path, {}, key=False, headers=headers)
                    self.assertEqual(answer.status_code, 401, answer.text)
                    self.assertTrue(shapes[dialect](answer.json()), answer.text)

    def test_a_missing_scope_is_403_in_the_dialects_shape(self):
        read_id, read_secret = self.create("--scopes", "read", "--annotator", "reader")
        for dialect, path in WRITES.items():
            answer = self.server.post(path, {}, key=read_id + "." + read_secret)
            self.assertEqual(answer.status_code, 403, dialect + answer.text)
            self.assertTrue(answer.json())
        write_id, write_secret = self.create("--scopes", "ingest", "--annotator", "writer")
        answer = self.server.get("/v1/scores?source_type=trace&source_id=x", key=write_id + "." + write_secret)
        self.assertEqual(answer.status_code, 403)
        answer = self.server.post("/v1/labels", {"name": "n", "type": "numeric"}, key=write_id + "." + write_secret)
        self.assertEqual(answer.status_code, 403)

    def test_the_annotator_is_the_keys_owner(self):
        key = ".".join(self.create("--annotator", "Ada", "--email", "ada@example.org"))
        trace = self.new_id()
        body = {"traceId": trace, "evaluatorName": "e", "value": 1}
        self.expect(self.server.post("/api/v1/scores", body, key=key), 201)
        annotator = self.server.scores("trace", trace)[0]["annotator"]
        self.assertEqual((annotator["name"], annotator["email"]), ("Ada", "ada@example.org"))

    def test_nothing_crosses_a_workspace(self):
        other = ".".join(self.create("--workspace", "other", "--scopes", "ingest,read,manage", "--annotator", "o"))
        trace = self.new_id()
        body = {"traceId": trace, "evaluatorName": "e", "value": 1}
        created = self.expect(self.server.post("/api/v1/scores", body), 201)
        path = "/v1/scores?source_type=trace&source_id=" + trace
        self.assertEqual(self.expect(self.server.get(path, key=other), 200)["scores"], [])
        self.expect(self.server.get("/v1/scores/" + created["id"], key=other), 404)
        label = self.server.label("private " + trace)
        item = [{"source_type": "trace", "source_id": trace, "label_id": label, "value": 1}]
        answer = self.expect(self.server.post("/v1/scores", item, key=other), 400)
        self.assertEqual(answer["results"][0]["code"], "label_not_found")

    def test_a_revoked_key_stops_within_a_second_even_on_an_open_connection(self):
        key_id, secret = self.create("--annotator", "leaver")
        body = json.dumps({"traceId": self.new_id(), "evaluatorName": "e", "value": 1}).encode()
        request = (b"POST /api/v1/scores HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer " +
                   (key_id + "." + secret).encode() + b"\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body)
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=10) as connection:
            connection.sendall(request)
            self.assertEqual(read_answers(connection, 1)[0][0], 201)
            self.server.command("keys", "revoke", key_id)
            revoked = time.monotonic()
            status = 201
            while status == 201 and time.monotonic() - revoked < 5:
                connection.sendall(request)
                status = read_answers(connection, 1)[0][0]
            self.assertEqual(status, 401)
            self.assertLess(time.monotonic() - revoked, 1.0)
        self.expect(self.server.post("/api/v1/scores", {}, key=key_id + "." + secret), 401)

    def test_keys_outlive_a_restart_and_can_be_made_without_a_server(self):
        with Server() as server:
            made = json.loads(server.command("keys", "create", "--json", "--annotator", "a").stdout)
            self.assertEqual(server.stop(), 0)
            offline = json.loads(server.command("keys", "create", "--json", "--annotator", "b").stdout)
            server.command("keys", "revoke", made["id"])
            server.start()
            body = {"traceId": "t", "evaluatorName": "e", "value": 1}
            self.assertEqual(server.post("/api/v1/scores", body, key=offline["id"] + "." + offline["secret"]).status_code, 201)
            self.assertEqual(server.post("/api/v1/scores", body, key=made["id"] + "." + made["secret"]).status_code, 401)

    def test_secrets_are_never_listed_and_keys_are_not_on_tcp(self):
        key_id, secret = self.create("--annotator", "x")
        listed = self.server.command("keys", "list", "--json").stdout
        self.assertIn(key_id, listed)
        self.assertNotIn(secret, listed)
        self.assertNotIn(SECRET, listed)
        self.assertEqual(self.server.get("/v1/keys").status_code, 404)


class FirstKey(unittest.TestCase):
    def test_a_first_run_makes_a_key_kept_private_and_shown_on_a_terminal(self):
        ours, terminal = os.openpty()
        with open(ours, "rb", buffering=0) as shown:
            self.first_run(shown, terminal, True)

    def test_a_first_key_is_not_printed_where_a_journal_keeps_it(self):
        ours, pipe = os.pipe()
        with open(ours, "rb", buffering=0) as printed:
            self.first_run(printed, pipe, False)

    def first_run(self, stream, stdout, shown):
        server = Server()
        server.key = KEY
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SLUICE_")}
        process = subprocess.Popen([BINARY, "serve", "--data", server.data, "--listen", "127.0.0.1:0"],
                                   stdout=stdout, stderr=subprocess.DEVNULL, env=environment)
        os.close(stdout)
        try:
            text = ""
            while "evaluatorName" not in text:
                part = stream.read(65536).decode()
                self.assertTrue(part, "no banner: " + text)
                text += part
            path = os.path.join(server.data, "first-key")
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
            with open(path) as file:
                key = file.readline().strip()
            self.assertEqual(key in text, shown, text)
            self.assertEqual(key.split(".")[1] in text, shown, text)
            self.assertIn(path, text)
            server.port = int(re.search(r"listening on\s+http://127\.0\.0\.1:(\d+)", text).group(1))
            body = {"traceId": "t", "evaluatorName": "accuracy", "value": 0.92}
            self.assertEqual(server.post("/api/v1/scores", body, key=key).status_code, 201)
        finally:
            process.kill()
            process.wait()
            shutil.rmtree(server.data, ignore_errors=True)
