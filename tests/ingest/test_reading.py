"""A batch as it is sent: what is read of it, and which event of it is the first bad one."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vcanalytics import ingest
from vcanalytics.ingest import EVENTS, EVENTS_MAX, BadBatch, BadEvent
from vcanalytics.model.streams import STREAMS

AT = "2026-11-27T12:00:00+00:00"
#: The least that each stream's events have.
LEAST: dict[str, dict[str, Any]] = {
    "requests": {"happened_at": AT, "endpoint": "/pay", "value_ms": 12.5},
    "activity": {"happened_at": AT, "kind": "vectorisation"},
    "system": {"happened_at": AT, "host": "web1", "measure": "cpu_percent", "value": 12.34},
    "health": {"happened_at": AT, "component": "cache", "status": "healthy"},
    "logs": {"happened_at": AT, "level": "ERROR", "component": "web", "message": "it broke"},
}


def read(stream: str, *events: object) -> ingest.Batch:
    return ingest.read(stream, json.dumps(events).encode())


def refused(stream: str, *events: object) -> BadEvent:
    with pytest.raises(BadEvent) as bad:
        read(stream, *events)
    return bad.value


@pytest.mark.parametrize("stream", LEAST)
def test_an_event_becomes_a_row_of_its_stream(stream: str) -> None:
    batch = read(stream, LEAST[stream])
    (row,) = batch.rows.to_pylist()
    assert batch.rows.schema.equals(STREAMS[stream].schema)
    assert row["happened_at"] == datetime(2026, 11, 27, 12, tzinfo=UTC)
    assert row.get("source_id") is None
    for name, value in LEAST[stream].items():
        assert name == "happened_at" or row[name] == (12.3 if value == 12.34 else value)


def test_what_is_left_out_has_its_default() -> None:
    (request,) = read("requests", LEAST["requests"]).rows.to_pylist()
    assert (request["kind"], request["status"]) == ("request_time", "success")
    (activity,) = read("activity", LEAST["activity"]).rows.to_pylist()
    assert (activity["source"], activity["details"]) == ("ingest", None)
    told = LEAST["logs"] | {"details": {"a": [1, "\u20ac"]}}
    assert read("logs", told).rows["details"].to_pylist() == ['{"a": [1, "\u20ac"]}']


def test_a_sample_stands_at_its_second_as_the_collectors_have_it() -> None:
    batch = read("system", LEAST["system"] | {"happened_at": "2026-11-27T13:00:07.9+01:00"})
    assert batch.rows["happened_at"].to_pylist() == [datetime(2026, 11, 27, 12, 0, 7, tzinfo=UTC)]


BAD: list[tuple[str, object, str, str]] = [
    ("happened_at", "2026-11-27T12:00:00", "happened_at", "has no offset from UTC"),
    ("happened_at", "2026-11-27", "happened_at", "is not a date and time"),
    ("happened_at", "1764244800", "happened_at", "is not a date and time"),
    ("happened_at", 1_764_244_800, "happened_at", "valid string"),
    ("happened_at", "2026-W48-5T12:00:00Z", "happened_at", "is not a date and time"),
    ("happened_at", "0001-01-01T00:00:00+14:00", "happened_at", "outside of the calendar"),
    ("happened_at", "9999-12-31T23:59:59-14:00", "happened_at", "outside of the calendar"),
    ("happened_at", "2026-02-30T00:00:00Z", "happened_at", "day is out of range"),
    ("happened_at", "x" * 1_000, "happened_at", "at most 40"),
    ("happened_at", None, "happened_at", "valid string"),
    ("endpoint", "", "endpoint", "at least 1"),
    ("endpoint", "x" * 513, "endpoint", "at most 512"),
    ("endpoint", "a\0b", "endpoint", "pattern"),
    ("endpoint", ["/"], "endpoint", "valid string"),
    ("value_ms", "12", "value_ms", "valid number"),
    ("value_ms", True, "value_ms", "valid number"),
    ("value_ms", -0.001, "value_ms", "greater than or equal to 0"),
    ("value_ms", 10**400, "value_ms", "finite"),
    ("value_ms", 1e10, "value_ms", "less than or equal"),
    ("value_ms", {}, "value_ms", "valid number"),
    ("valeu_ms", 1, "valeu_ms", "no such field"),
    ("source_id", 7, "source_id", "no such field"),
    ("", 1, "", "without a name"),
]


@pytest.mark.parametrize(("field", "value", "told", "reason"), BAD)
def test_a_bad_event_is_told_by_index_field_and_reason(
    field: str, value: object, told: str, reason: str
) -> None:
    good = LEAST["requests"]
    bad = refused("requests", good, good, good | {field: value}, {})
    assert (bad.index, bad.field) == (2, told)
    assert reason in bad.reason
    assert f"event 2{', ' if told else ''}{told}: " in str(bad)
    assert "Nothing of the batch was added" in str(bad)


def test_the_first_bad_event_is_told_of_whatever_is_wrong_with_it() -> None:
    good, wrong, odd = LEAST["requests"], {"happened_at": AT}, LEAST["requests"] | {"odd": 1}
    assert refused("requests", good, odd, wrong).index == 1
    assert refused("requests", good, wrong, odd).index == 1
    assert refused("requests", good, odd, odd).index == 1
    assert refused("requests", good, 7, odd).index == 1
    assert refused("requests", wrong, None).index == 0


def test_a_name_that_was_made_up_is_quoted_harmlessly() -> None:
    bad = refused("requests", LEAST["requests"] | {"<b>\n\u202e" + "x" * 500: 1})
    assert bad.field.startswith("<b>??xxx")
    assert len(bad.field) == 60


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not JSON"),
        (b"[", "not JSON"),
        (b'[{"a": NaN}]', "not JSON"),
        (b'[{"a": "\\ud800"}]', "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'[{"a":' * 100_000, "not JSON"),
        (b"[" + b"9" * 100_000 + b"]", "not JSON"),
        (b"{}", "no JSON array"),
        (b"null", "no JSON array"),
        (b"[" + b"{}," * EVENTS_MAX + b"{}]", "too many"),
    ],
)
def test_what_is_no_array_of_events_is_refused_as_a_whole(body: bytes, words: str) -> None:
    with pytest.raises(BadBatch, match=words):
        ingest.read("requests", body)


def test_thousands_of_things_wrong_are_refused_in_no_time() -> None:
    fields = ",".join(f'"{number:x}": 1' for number in range(40_000))
    began = time.process_time()
    for event in (f"{{{fields}}}", f'{{"details": {{{fields}}}}}'):
        with pytest.raises(BadEvent):
            ingest.read("activity", f"[{event}]".encode())
    assert time.process_time() - began < 5


def test_details_are_bounded_and_hold_no_number_that_json_has_no_word_for() -> None:
    log = LEAST["logs"]
    assert "characters" in refused("logs", log | {"details": {"a": "x" * 16_384}}).reason
    assert read("logs", log | {"details": {"a": "x" * 16_000}})
    with pytest.raises(BadEvent, match="details"):
        ingest.read(
            "logs", json.dumps([log | {"details": {"a": 1}}]).encode().replace(b"1}", b"1e999}")
        )


def test_the_digest_is_that_of_what_is_said_not_of_how() -> None:
    event = LEAST["requests"]
    plain = read("requests", event).digest
    loose = json.dumps([dict(reversed(event.items()))], indent=3).encode()
    assert ingest.read("requests", loose).digest == plain
    assert read("requests", event | {"value_ms": 12.6}).digest != plain
    assert read("requests", event, event).digest != plain
    assert read("activity").digest != read("requests").digest


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([AT, "0001-01-01T00:00:00Z", 10**30, -0.0]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*LEAST["logs"], *LEAST["requests"], "details", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@settings(max_examples=80, deadline=None)
@given(stream=st.sampled_from(sorted(EVENTS)), found=_JSON, cut=st.integers(0, 40))
def test_whatever_is_sent_is_read_or_refused_in_words(stream: str, found: Any, cut: int) -> None:
    for events in (found, [found], [LEAST[stream], found], [{**LEAST[stream], "details": found}]):
        body = json.dumps(events).encode()
        for one in (body, body[:cut]):
            try:
                batch = ingest.read(stream, one)
            except (BadBatch, BadEvent):
                continue
            assert batch.rows.num_rows == len(batch)
