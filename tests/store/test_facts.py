"""What is wrong, as it is told: by the collectors, or in their place where they cannot."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.store.rows import NOON
from vcanalytics.store.facts import SILENT_AFTER, trouble


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def told(
    folder: Path, facts: dict[str, Any], *, watched: timedelta = timedelta(hours=1)
) -> list[str]:
    found = trouble(facts, folder, now=NOON, watched_since=NOON - watched)
    return [one.what for one in found]


def beat(at: datetime) -> dict[str, Any]:
    return {"supervisor": {"beat_at": at.isoformat()}}


def test_nothing_is_wrong_while_the_collectors_beat(tmp_path: Path) -> None:
    assert told(tmp_path, beat(NOON - SILENT_AFTER)) == []


def test_collectors_that_fell_silent_are_missed(tmp_path: Path) -> None:
    facts = beat(NOON - SILENT_AFTER - timedelta(seconds=1))
    assert told(tmp_path, facts) == ["no collectors are at work: nothing new is read"]
    assert told(tmp_path, {}) == ["no collectors are at work: nothing new is read"]


def test_nobody_is_called_silent_before_one_has_listened_as_long(tmp_path: Path) -> None:
    assert told(tmp_path, {}, watched=SILENT_AFTER) == []
    assert told(tmp_path, beat(NOON - timedelta(days=1)), watched=SILENT_AFTER) == []


def test_a_clock_that_was_set_back_makes_no_silence(tmp_path: Path) -> None:
    assert told(tmp_path, beat(NOON + timedelta(days=1))) == []


def test_a_full_disk_is_seen_although_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(10**9, 10**9, 1_000))
    assert told(tmp_path, beat(NOON)) == [
        "the disk of VC_DATA_DIR is full: nothing more can be kept"
    ]


def test_a_source_in_trouble_and_one_that_was_swapped_are_both_told(tmp_path: Path) -> None:
    facts = beat(NOON) | {
        "source": {"problem": "the database is locked", "hint": "Wait", "since": NOON.isoformat()},
        "swapped": {"what": "ids went back", "hint": "Look", "since": NOON.isoformat()},
    }
    locked, swapped = trouble(facts, tmp_path, now=NOON, watched_since=NOON)
    assert (locked.what, locked.hint, locked.since, locked.stands) == (
        "the database is locked",
        "Wait",
        NOON,
        False,
    )
    assert (swapped.what, swapped.stands) == ("ids went back", True)


@pytest.mark.parametrize("fact", [None, "text", [], {}, {"problem": None}, {"problem": ""}])
def test_a_fact_that_says_nothing_is_none(tmp_path: Path, fact: object) -> None:
    assert told(tmp_path, beat(NOON) | {"source": fact, "swapped": fact}) == []
