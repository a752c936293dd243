"""Labels: creation with settings checks, changes, archiving, and the rules they put on values."""

from harness import *


class Labels(ServerTest):
    def create(self, status, **body):
        answer = self.server.post("/v1/labels", body)
        self.assertIn(answer.status_code, status if isinstance(status, tuple) else (status,), answer.text)
        return answer.json()

    def test_create_get_list_update_archive_restore(self):
        label = self.create((200, 201), name="life", type="numeric", settings=NUMERIC, description="d")
        path = "/v1/labels/" + label["id"]
        self.assertEqual(self.expect(self.server.get(path), 200)["settings"], NUMERIC)
        listed = self.expect(self.server.get("/v1/labels"), 200)["labels"]
        self.assertIn(label["id"], [one["id"] for one in listed])
        changed = self.expect(self.server.call("PATCH", path, {"name": "lives", "settings": {**NUMERIC, "max": 2}}), 200)
        self.assertEqual((changed["name"], changed["settings"]["max"]), ("lives", 2))
        item = [{"source_type": "trace", "source_id": self.new_id(), "label_id": label["id"], "value": 1.5}]
        self.expect(self.server.post("/v1/scores", item), 200)
        self.assertIn(self.server.call("DELETE", path).status_code, (200, 204))
        answer = self.expect(self.server.post("/v1/scores", item), 400)
        self.assertEqual(answer["results"][0]["code"], "label_archived")
        self.assertEqual(len(self.server.scores("trace", item[0]["source_id"])), 1)
        self.expect(self.server.post(path + "/restore", {}), 200)
        self.expect(self.server.post("/v1/scores", item), 200)

    def test_the_same_name_and_type_is_taken(self):
        self.create((200, 201), name="Twice", type="star", settings=STAR)
        self.create(409, name="twice", type="star", settings=STAR)

    def test_settings_are_checked(self):
        cases = [
            ("numeric", {"min": 1, "max": 0, "step_size": 1, "display_type": "slider"}, "min must be less than max"),
            ("numeric", {"min": 0, "max": 1, "step_size": 0, "display_type": "slider"}, "step_size must be greater than 0"),
            ("numeric", {"min": 0, "max": 1, "step_size": 1, "display_type": "x"}, "display_type must be either"),
            ("text", {"placeholder": "", "min_length": 5, "max_length": 5}, "min_length must be less than max_length"),
            ("categorical", {**CATEGORICAL, "options": [{"label": "a"}]}, "There must be at least two options"),
            ("categorical", {**CATEGORICAL, "options": [{"label": "a"}, {"label": " A "}]}, "must be unique"),
            ("star", {"no_of_stars": 0}, "no_of_stars must be greater than 0"),
        ]
        for kind, settings, text in cases:
            with self.subTest(text):
                answer = self.server.post("/v1/labels", {"name": "bad " + text, "type": kind, "settings": settings})
                self.assertEqual(answer.status_code, 400, answer.text)
                self.assertIn(text, answer.text)
        self.create((200, 201), name="sentiment", type="numeric", settings={"min": -1, "max": 1})
        self.create(400, name="x", type="planet")
        self.create(400, type="star")

    def test_value_rules_and_their_texts(self):
        labels = {"n": self.create((200, 201), name="n", type="numeric", settings={**NUMERIC, "step_size": 0.1})["id"],
                  "t": self.create((200, 201), name="t", type="text", settings=TEXT)["id"],
                  "c": self.create((200, 201), name="c", type="categorical", settings={**CATEGORICAL, "multi_choice": False})["id"],
                  "s": self.create((200, 201), name="s", type="star", settings=STAR)["id"],
                  "u": self.create((200, 201), name="u", type="thumbs_up_down")["id"],
                  "free": self.create((200, 201), name="free", type="numeric")["id"]}
        cases = [
            ("n", 0.3, None), ("n", "0.3", None), ("n", 1, None), ("n", 0.35, "n must match the configured step size."),
            ("n", 1.1, "n must be between 0 and 1."), ("n", True, "n must be a number."), ("n", "x", "n must be a number."),
            ("t", "ab", None), ("t", "a", "t must be at least 2 characters."), ("t", "x" * 21, "t must be at most 20 characters."),
            ("t", "\u00e9\u00e9", None), ("t", 5, "t must be text."),
            ("c", "good", None), ("c", ["good", "bad"], "c allows only one selected option."),
            ("c", "ugly", "c contains an option that is not configured."), ("c", 1, "c must select one of the configured options."),
            ("s", 5, None), ("s", 4.5, "s must be a whole-star rating."), ("s", 6, "s must be between 1 and 5."),
            ("u", "up", None), ("u", "sideways", "u must be thumbs up or thumbs down."),
            ("free", -1e9, None), ("free", 123.456, None),
        ]
        for label, value, text in cases:
            with self.subTest("%s %r" % (label, value)):
                item = [{"source_type": "trace", "source_id": self.new_id(), "label_id": labels[label], "value": value}]
                answer = self.expect(self.server.post("/v1/scores", item), 400 if text else 200)
                if text:
                    self.assertEqual(answer["results"][0]["message"], text)

    def test_labels_outlive_a_restart(self):
        with Server() as server:
            label = server.label("kept", "star", STAR)
            self.assertEqual(server.stop(), 0)
            server.start()
            self.assertEqual(server.get("/v1/labels/" + label).json()["name"], "kept")

    def test_the_command_line_makes_and_lists_labels(self):
        self.server.command("labels", "create", "from the command line", "--type", "star", "--settings", '{"no_of_stars":3}')
        self.assertIn("from the command line", self.server.command("labels", "list").stdout)


class FullLabels(ServerTest):
    def test_a_workspace_full_of_labels_says_so_takes_shorter_ones_and_starts_again(self):
        answer, made = None, []
        for n in range(300):  # Of 60 KB; 16 MiB are 278.
            answer = self.server.post("/v1/labels", {"name": "n%d" % n, "type": "text", "settings": {"placeholder": "x" * 60_000}})
            if answer.status_code != 201:
                break
            made.append(answer.json()["id"])
        self.assertEqual((answer.status_code, answer.json()["error"]["code"]), (422, "limit_reached"))
        self.assertIn("Shorten", answer.json()["error"]["message"])
        self.assertGreater(len(made), 250)
        shorter = self.server.call("PATCH", "/v1/labels/" + made[0], {"settings": {"placeholder": ""}})
        self.assertEqual(shorter.status_code, 200, shorter.text)
        self.assertEqual(self.server.post("/v1/labels", {"name": "one more", "type": "text"}).status_code, 201)
        self.assertEqual(self.server.stop(), 0)
        self.server.start()
        self.assertEqual(self.server.get("/v1/labels/" + made[-1]).status_code, 200)
