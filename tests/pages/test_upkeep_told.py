"""What upkeep tells: long jobs with their progress, and room that is getting short."""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from tests.pages.console import ELSEWHERE, console_on
from tests.pages.viewer import Viewer
from vcanalytics.store import Catalogue
from vcanalytics.store.upkeep.room import GB, Room

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def told(sample_dir: Path, tmp_path: Path, **facts: object) -> Path:
    shutil.copytree(sample_dir, tmp_path / "data")
    with closing(Catalogue.open(tmp_path / "data")) as catalogue, catalogue.write() as writer:
        for name, value in facts.items():
            writer.set_fact(name, value)
    return tmp_path / "data"


def test_every_page_says_that_room_is_short_and_what_to_do(
    sample_dir: Path, tmp_path: Path
) -> None:
    room = Room(19 * GB, 20 * GB, budget=True, days_left=3.4)
    with console_on(told(sample_dir, tmp_path, disk=room.fact(NOW, None)), source_url=ELSEWHERE):
        shown = Viewer(NOW).open("transactions")
        system = Viewer(NOW).open("system")
    shown.assert_well()
    assert "Room" in shown.text
    assert "take 19.0 GB of the 20.0 GB VC_DISK_BUDGET_GB allows" in shown.text
    assert "at this pace that does for 3 days" in shown.text
    assert "VC_KEEP_SYSTEM_DAYS" in shown.text
    assert "All data take 19.0 GB of 20.0 GB, the budget" in system.text


def test_with_room_enough_nothing_is_said_but_the_system_page_knows(
    sample_dir: Path, tmp_path: Path
) -> None:
    room = Room(2 * GB, 20 * GB, budget=False, days_left=None)
    with console_on(told(sample_dir, tmp_path, disk=room.fact(NOW, None)), source_url=ELSEWHERE):
        shown = Viewer(NOW).open("system")
    shown.assert_well()
    assert "hard_drive" not in shown.text
    assert "All data take 2.0 GB of 20.0 GB, what the disk has" in shown.text


def test_a_long_job_shows_how_far_it_is(sample_dir: Path, tmp_path: Path) -> None:
    job = {"what": "merging files", "done": 7, "total": 40, "since": "2026-11-22T11:50:00+00:00"}
    daemons = {"upkeep": {"state": "running", "beat_at": NOW.isoformat()}}
    data = told(sample_dir, tmp_path, upkeep=job, daemons=daemons)
    with console_on(data, source_url=ELSEWHERE):
        shown = Viewer(NOW).open("system")
    shown.assert_well()
    (bar,) = shown.app.get("progress")
    assert bar.proto.text == "Merging files: 7 of 40, since 11:50:00"
