"""The README's curl lines, run as they stand, answer as the README prints."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import *

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


def documents(text):
    """The JSON documents that stand one behind the other in a text."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while True:
        at = text.find("{", at)
        if at < 0:
            return found
        document, at = decoder.raw_decode(text, at)
        found.append(document)


def masked(value):
    """Ids, times and the key's owner are each run's own."""
    if isinstance(value, dict):
        return {name: "owner" if name == "annotator_name" else masked(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    if isinstance(value, str):
        return TIME.sub("time", UUID.sub("id", value))
    return value


class Readme(unittest.TestCase):
    maxDiff = None

    def test_the_curl_lines_answer_as_printed(self):
        with open(os.path.join(ROOT, "README.md")) as file:
            block = re.search(r"```sh\n(KEY=.*?)```", file.read(), re.S).group(1)
        answers = "".join(line[1:] for line in block.splitlines(True) if line.startswith(("# {", "#  ")))
        script = "".join(line for line in block.splitlines(True) if not line.startswith("#"))
        directory = tempfile.mkdtemp(prefix="sluice-readme-")
        try:
            with Server(data=os.path.join(directory, "sluice-data")) as server:
                with open(os.path.join(server.data, "first-key"), "w") as file:
                    file.write(KEY + "\n")
                script = script.replace("http://127.0.0.1:8420", server.url(""))
                done = subprocess.run(["bash", "-euc", script], cwd=directory, capture_output=True, text=True, timeout=60)
                self.assertEqual(done.returncode, 0, done.stderr)
                expected = documents(answers)
                self.assertGreaterEqual(len(expected), 4, "the README shows an answer for each API")
                self.assertEqual(masked(documents(done.stdout)), masked(expected))
        finally:
            shutil.rmtree(directory, ignore_errors=True)
