"""Every limit of engine/base/limits.h, and those OUTSIDE it, at its value (passes) and one past it (refused, by name).

The numbers are read from the sources. The last test holds the list of those that are tested elsewhere, and fails for a limit
that neither this file nor that list knows.
"""

import json
import os
import re

import requests

from harness import *


def read_limits(path, names=r"k\w+"):
    """Name -> value, for those that are plain numbers."""
    found = {}
    with open(os.path.join(ROOT, path)) as file:
        for name, text in re.findall(r"\bconstexpr [\w:]+ (%s) = ([^;]+);" % names, file.read()):
            text = re.sub(r"(?<=\d)'(?=\d)", "", text)
            text = re.sub(r"\b(\d+)u\b", r"\1", text)
            found[name] = eval(text, {"__builtins__": {}}, dict(found))  # Our own source: numbers, <<, * and names.
    return found


LIMITS = read_limits("engine/base/limits.h")
# Constants that refuse or cut off and stand beside the code that does: file -> names. Tested here or ELSEWHERE as the others.
OUTSIDE = {
    "net/dialect/request.cc": ("kQueryParams",),
    "net/dialects/futureagi/decode_query.cc": ("kPageMax",),
    "net/dialects/native/labels.cc": ("kDescriptionBytes",),
    "net/transport/chunked_body.cc": ("kExtensionBytes",),
    "net/transport/connection_end.cc": ("kLingerBytes",),
    "net/transport/failed_auth_limiter.cc": ("kFailureBurstSeconds",),
    "net/transport/listener.cc": ("kOperatorPlaces",),
    "net/transport/request_flow.cc": ("kSkippedBodyBytes",),
}
for source, constants in OUTSIDE.items():
    LIMITS.update(read_limits(source, "|".join(constants)))

# Where a limit is tested instead, and a word that test cannot do without.
ELSEWHERE = {
    "kRequestLineBytes": ("net/transport/request_head_test.cc", "limits::kRequestLineBytes + 1"),
    "kHeaderFieldBytes": ("net/transport/request_head_test.cc", "limits::kHeaderFieldBytes + 1"),
    "kHeadBytes": ("net/transport/request_head_test.cc", "limits::kHeadBytes"),
    "kHeaderFields": ("net/transport/request_head_test.cc", "limits::kHeaderFields"),
    "kBodyBytes": ("net/transport/server_test.cc", "body_bytes_max"),
    "kDecodedBodyBytes": ("net/transport/body_decoder_test.cc", "OutputLimitHoldsAtItsBoundary"),
    "kChunkLineBytes": ("net/transport/chunked_body_test.cc", "limits::kChunkLineBytes + 1"),
    "kRatioFreeBytes": ("net/transport/body_decoder_test.cc", "limits::kRatioFreeBytes"),
    "kCompressionRatio": ("net/transport/body_decoder_test.cc", "limits::kCompressionRatio"),
    "kGzipMembers": ("net/transport/body_decoder_test.cc", "limits::kGzipMembers"),
    "kZstdWindowLog": ("net/transport/body_decoder_test.cc", "limits::kZstdWindowLog + 1"),
    "kLabelsPerWorkspace": ("engine/model/catalogue_label_test.cc", "limits::kLabelsPerWorkspace"),
    "kLabelBytesPerWorkspace": ("engine/model/catalogue_label_test.cc", "LabelsOfAWorkspaceHoldTheirBytesAndNoByteMore"),
    "kLabelBytes": ("engine/model/catalogue_label_test.cc", "LabelsOfAllWorkspacesAreBoundedToo"),
    "kWorkspaces": ("engine/model/catalogue_test.cc", "limits::kWorkspaces"),
    "kKeys": ("engine/model/catalogue_test.cc", "limits::kKeys"),
    "kBlockRows": ("engine/model/block_builder_test.cc", "limits::kBlockRows + 1"),
    "kBlockBytes": ("engine/model/block_builder_test.cc", "limits::kBlockBytes"),
    "kRingSlots": ("engine/ingest/ingest_engine_test.cc", "ring_slots"),
    "kBlockRingSlots": ("engine/ingest/shard_test.cc", "limits::kBlockRingSlots"),
    "kAdmissionWaitMs": ("net/transport/server_test.cc", "AFullEngineMakesClientsWaitBeforeItRefuses"),
    "kBodyBytesMax": ("tools/app/settings_test.cc", '"body_limit", "268435457"'),
    "kBodyBytesInFlight": ("net/transport/held_bytes_test.cc", "body_bytes_in_flight_max"),
    "kReplyBytesInFlight": ("net/transport/held_bytes_test.cc", "reply_bytes_in_flight_max"),
    "kShortReplyBytes": ("tests/dialects/dialect_cases_test.cc", "limits::kShortReplyBytes"),
    "kScoresInFlight": ("engine/ingest/admission_ledger_test.cc", "TakesExactlyTheLimitOfScoresAndOfBytes"),
    "kRateMax": ("engine/model/catalogue_codec_test.cc", "limits::kRateMax + 1"),
    "kBurstSeconds": ("net/transport/rate_limiter_test.cc", "ABurstIsSoManySecondsOfTheRate"),
    "kBurstSecondsMax": ("tools/app/settings_test.cc", '"rate_burst", "3601"'),
    "kReadQueue": ("engine/read/read_pool_test.cc", "limits::kReadQueue"),
    "kReadsAhead": ("engine/read/read_pool_test.cc", "limits::kReadsAhead"),
    "kEventsReadAtOnce": ("engine/read/score_reader_test.cc", "limits::kEventsReadAtOnce"),
    "kPageBytes": ("engine/read/read_bounds_test.cc", "APageOfLongTextsEndsEarlyWithACursor"),
    "kWholeAnswerBytes": ("engine/read/read_bounds_test.cc", "limits::kWholeAnswerBytes"),
    "kFoldedBytes": ("engine/read/read_bounds_test.cc", "limits::kFoldedBytes"),
    "kIdempotencyEntries": ("engine/ingest/idempotency_test.cc", "EvictsTheOldestByCountAndByBytes"),
    "kIdempotencyBytes": ("engine/ingest/idempotency_test.cc", "EvictsTheOldestByCountAndByBytes"),
    "kIdempotencyHours": ("engine/ingest/idempotency_test.cc", "kHour"),
    "kConnectionsPerAddress": ("net/transport/address_places_test.cc", "AnAddressHasSoManyPlacesAndNotOneMore"),
    "kHeadSeconds": ("net/transport/deadline_test.cc", "ASlowHeadIsAnswered408AtItsLimitAndNotBefore"),
    "kBodyBytesPerSecond": ("net/transport/deadline_test.cc", "ATricklingBodyIsCutOff"),
    "kIdleSeconds": ("net/transport/deadline_test.cc", "AnIdleConnectionIsClosedSilently"),
    "kWriteSeconds": ("net/transport/deadline_test.cc", "AReaderThatTakesNothingIsCutOff"),
    "kBodySeconds": ("net/transport/deadline_test.cc", "ABodyThatIsFastEnoughIsCutOffAtItsLimitAndNotBefore"),
    "kBodyGraceSeconds": ("tests/hostile/slow.py", 'between(tally, "a body that stops", seconds, 5)'),
    "kConnections": ("tests/hostile/limits.py", "number %d waits"),
    "kQueryParams": ("net/dialect/request_test.cc", "RefusesTheSixtyFifthParameter"),
    "kExtensionBytes": ("net/transport/chunked_body_test.cc", "ExtensionsTogetherHaveALimit"),
    "kFailureBurstSeconds": ("net/transport/failed_auth_limiter_test.cc", "FailsTenSecondsOfItsRateAtOnceAndNotOnceMore"),
    "kLingerBytes": ("net/transport/refused_body_test.cc", "IsReadFor64MiBBehindTheLastAnswerAndNotForEver"),
    "kOperatorPlaces": ("net/transport/authentication_test.cc", "TheOperatorsSocketHas32PlacesOnAFullServerAndNotOneMore"),
    "kSkippedBodyBytes": ("net/transport/refused_body_test.cc", "head(kSkippedMost + 1)"),
}
# Sizes and times that refuse nobody: a value more would be no other answer.
NO_REFUSAL = {"kGroupBytes", "kPageDefault", "kEventsExamined", "kPadding", "kDrainSeconds", "kCountedReplyBytes"}


class Limits(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.label = cls.server.label("accuracy", "numeric", NUMERIC, allow_notes=True)

    def item(self, **members):
        item = {"source_type": "trace", "source_id": self.new_id(), "label_id": self.label, "value": 0.5}
        item.update(members)
        return item

    def code_of(self, item):
        """What one score is answered: ok, or the code of its refusal. Text is sent as it is, as a line."""
        text = item if isinstance(item, str) else json.dumps(item, separators=(",", ":"))
        answer = self.server.post("/v1/scores", text + "\n", headers={"Content-Type": "application/x-ndjson"})
        body = answer.json()
        if answer.status_code == 200:
            self.assertEqual((body["stored"], body["rejected"]), (1, 0))
            return "ok"
        self.assertEqual(answer.status_code, 400, answer.text)
        self.assertTrue(body["results"][0]["message"])
        return body["results"][0]["code"]

    def at_and_past(self, limit, make, refused):
        """make(n) is a score that uses n of what is limited."""
        n = LIMITS[limit]
        self.assertEqual(self.code_of(make(n)), "ok", limit)
        self.assertEqual(self.code_of(make(n + 1)), refused, limit)

    def padded(self, size):
        """A line of exactly so many bytes; JSON allows spaces between members."""
        text = json.dumps(self.item())
        return text[:1] + " " * (size - len(text)) + text[1:]

    # One score.

    def test_texts_of_a_score(self):
        self.at_and_past("kSourceIdBytes", lambda n: self.item(source_id="s" * n), "string_too_long")
        self.at_and_past("kSourceIdBytes", lambda n: self.item(parent_id="p" * n), "string_too_long")
        self.at_and_past("kSourceIdBytes", lambda n: self.item(queue_item="q" * n), "string_too_long")
        self.at_and_past("kClientIdBytes", lambda n: self.item(id="i" * n), "string_too_long")
        self.at_and_past("kIdentifierBytes", lambda n: self.item(source_type="t" * n), "string_too_long")
        self.at_and_past("kIdentifierBytes", lambda n: self.item(score_source="t" * n), "string_too_long")
        self.at_and_past("kStringBytes", lambda n: self.item(notes="n" * n), "string_too_long")
        self.at_and_past("kStringBytes", lambda n: self.item(verdict="v" * n), "string_too_long")
        self.at_and_past("kMetadataBytes", lambda n: self.item(metadata={"a": "x" * (n - len('{"a":""}'))}), "string_too_long")

    def test_a_text_is_measured_in_bytes_not_characters(self):
        n = LIMITS["kClientIdBytes"] // 2
        self.assertEqual(self.code_of(self.item(id="\u00e9" * n)), "ok")
        self.assertEqual(self.code_of(self.item(id="\u00e9" * n + "x")), "string_too_long")

    def test_the_json_of_a_score(self):
        def nested(levels):  # The score is one level, metadata the second.
            deep = "[" * (levels - 2) + "]" * (levels - 2)
            return json.dumps(self.item())[:-1] + ',"metadata":{"a":%s}}' % deep

        self.at_and_past("kJsonDepth", nested, "too_deep")
        self.at_and_past("kJsonMembers", lambda n: self.item(metadata={"k%d" % i: 0 for i in range(n)}), "too_many_members")
        self.at_and_past("kKeyBytes", lambda n: self.item(metadata={"k" * n: 0}), "string_too_long")

    def test_bytes_of_an_item(self):
        self.at_and_past("kLineBytes", self.padded, "item_too_long")
        n = LIMITS["kLineBytes"]
        good = json.dumps(self.item())
        for size, stored in ((n, 3), (n + 1, 2)):
            answer = self.server.post("/v1/scores", "[%s,%s,%s]" % (good, self.padded(size), good)).json()
            self.assertEqual((answer["stored"], answer["rejected"]), (stored, 3 - stored))

    def test_selected_options(self):
        n = LIMITS["kSelectedOptions"]
        options = [{"label": "o%d" % i} for i in range(n + 1)]
        label = self.server.label("many options", "categorical", {"options": options, "multi_choice": True})
        self.at_and_past("kSelectedOptions", lambda count: self.item(label_id=label, value=["o%d" % i for i in range(count)]),
                         "too_many_members")

    # A request.

    def test_items_of_a_request_and_events_of_a_source(self):
        n = LIMITS["kItems"]
        source = self.new_id()
        line = json.dumps(self.item(source_id=source), separators=(",", ":"))
        ndjson = {"Content-Type": "application/x-ndjson"}
        answer = self.server.post("/v1/scores?results=errors", "[" + ",".join([line] * (n + 1)) + "]")
        self.assertEqual((answer.status_code, answer.json()["error"]["code"]), (413, "too_many_items"))
        answer = self.server.post("/v1/scores?results=errors", "\n".join([line] * (n + 1)), headers=ndjson)
        self.assertEqual((answer.status_code, answer.json()["error"]["code"]), (413, "too_many_items"))
        self.assertEqual(self.server.scores("trace", source), [])
        answer = self.server.post("/v1/scores?results=errors&dry_run=1", "[" + ",".join([line] * n) + "]")
        self.assertEqual((answer.status_code, answer.json()["valid"]), (200, n))
        answer = self.server.post("/v1/scores?results=errors", "\n".join([line] * n), headers=ndjson)
        self.assertEqual((answer.status_code, answer.json()["stored"]), (200, n))

        # They are exactly as many as a read of one source folds.
        self.assertEqual(LIMITS["kEventsPerSource"], n)
        path = "/v1/scores?source_type=trace&source_id=%s&limit=1" % source
        self.assertEqual(self.server.get(path).status_code, 200)
        self.expect(self.server.post("/v1/scores", [self.item(source_id=source)]), 200)
        answer = self.server.get(path)
        self.assertEqual((answer.status_code, answer.json()["error"]["code"]), (422, "limit_reached"))

    def test_listed_errors(self):
        n = LIMITS["kListedErrors"]
        for bad in (n, n + 1):
            answer = self.expect(self.server.post("/v1/scores?results=errors", [{}] * bad), 400)
            self.assertEqual((answer["rejected"], len(answer["results"])), (bad, n))
            self.assertEqual("results_cut" in answer, bad > n)

    def test_an_atomic_request(self):
        n = LIMITS["kAtomicRows"]
        answer = self.expect(self.server.post("/v1/scores?atomic=1", [self.item() for _ in range(n)]), 200)
        self.assertEqual(answer["stored"], n)
        answer = self.server.post("/v1/scores?atomic=1", [self.item() for _ in range(n + 1)])
        self.assertEqual((answer.status_code, answer.json()["error"]["code"]), (413, "atomic_too_large"))

        # Bytes: of a score, 64 and its texts; the number counts as it is written.
        source = self.new_id()
        plain = 64 + len(source) + len("0.5")
        notes = LIMITS["kAtomicBytes"] // 4 - plain
        items = [self.item(source_id=source, notes="n" * notes) for _ in range(4)]
        self.assertEqual(self.server.post("/v1/scores?atomic=1", items).status_code, 200)
        items[3]["notes"] += "n"
        answer = self.server.post("/v1/scores?atomic=1", items)
        self.assertEqual((answer.status_code, answer.json()["error"]["code"]), (413, "atomic_too_large"))
        self.assertEqual(len(self.server.scores("trace", source)), 4)

    def test_an_idempotency_key(self):
        n = LIMITS["kIdempotencyKeyBytes"]
        for size, status in ((n, 200), (n + 1, 400)):
            answer = self.server.post("/v1/scores", [self.item()], headers={"Idempotency-Key": "k" * size})
            self.assertEqual(answer.status_code, status, answer.text)

    def test_a_page_and_a_query(self):
        n = LIMITS["kPageLimit"]
        for limit, status in ((n, 200), (n + 1, 400), (0, 400)):
            for path in ("/v1/scores?", "/v1/labels?", "/v1/scores?source_type=trace&source_id=x&"):
                self.assertEqual(self.server.get(path + "limit=%d" % limit).status_code, status, path)
        n = LIMITS["kPageMax"]
        for page, status in ((n, 200), (n + 1, 400), (0, 400)):
            path = "/model-hub/scores/?source_type=trace&source_id=x&page=%d" % page
            self.assertEqual(self.server.get(path).status_code, status, path)

    # The catalogue.

    def test_labels(self):
        def create(**members):
            return self.server.post("/v1/labels", {"type": "text", "name": self.new_id(), **members}).status_code

        n = LIMITS["kNameBytes"]
        self.assertEqual((create(name="n" * n), create(name="n" * (n + 1))), (201, 400))
        self.assertEqual((create(project="p" * n), create(project="p" * (n + 1))), (201, 400))
        n = LIMITS["kDescriptionBytes"]
        self.assertEqual((create(description="d" * n), create(description="d" * (n + 1))), (201, 400))
        n = LIMITS["kOptions"]
        for count, status in ((n, 201), (n + 1, 400)):
            options = [{"label": "o%d" % i} for i in range(count)]
            self.assertEqual(create(type="categorical", settings={"options": options}), status)
        n = LIMITS["kSettingsBytes"]
        for size, status in ((n, 201), (n + 1, 400)):
            settings = '{"placeholder":"%s"}' % ("x" * (size - len('{"placeholder":""}')))
            answer = self.server.post("/v1/labels", '{"type":"text","name":"%s","settings":%s}' % (self.new_id(), settings))
            self.assertEqual(answer.status_code, status, answer.text[:300])

    # The list itself.

    def test_no_limit_is_forgotten(self):
        with open(os.path.join(ROOT, "tests", "e2e", "test_limits.py")) as file:
            used_here = set(re.findall(r'LIMITS\["(k\w+)"\]|at_and_past\("(k\w+)"', file.read()))
        here = {name for pair in used_here for name in pair if name}
        for path, names in OUTSIDE.items():
            self.assertEqual(set(read_limits(path, "|".join(names))), set(names), path + " does not hold them any more")
        self.assertEqual(set(LIMITS) - here - set(ELSEWHERE) - NO_REFUSAL, set(), "limits that no test names")
        self.assertEqual((here | set(ELSEWHERE) | NO_REFUSAL) - set(LIMITS), set(), "names that are no limits")
        for name, (path, word) in ELSEWHERE.items():
            with open(os.path.join(ROOT, path)) as file:
                self.assertIn(word, file.read(), "%s: %s does not test it" % (name, path))


class LargeBodies(ServerTest):
    """A body_limit above the 256 MiB that bodies hold otherwise: what it allows is taken, on a server that has nothing else."""

    arguments = ("--body-limit", "200MiB")

    def test_a_body_at_the_limit_is_not_refused_for_ever(self):
        self.server.label("accuracy", "numeric", NUMERIC)
        score = json.dumps([{"source_type": "trace", "source_id": "t", "label_name": "accuracy", "value": 0.5}]).encode()
        blank = b" " * (1 << 20)
        pieces = lambda: iter([score] + [blank] * 199)
        for body in (b"".join(pieces()), pieces()):  # The second has no length, and so comes in chunks.
            answer = requests.post(self.server.url("/v1/scores"), data=body, timeout=60,
                                   headers={"Authorization": "Bearer " + self.server.key})
            self.assertEqual(answer.status_code, 200, answer.text)
