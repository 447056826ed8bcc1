"""What is read of health: the journal's word while it is new, and unknown when it is old."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from vcanalytics.health.view import HealthView, strips
from vcanalytics.journal import Journal, components
from vcanalytics.model.health import Status, Verdict

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def watched(store_dir: Path, status: Status, now: datetime = NOW) -> None:
    verdicts = [Verdict("source", status, "read"), Verdict("watchman", Status.HEALTHY, "watches")]
    with closing(Journal.open(store_dir)) as journal, journal.write() as connection:
        components.keep(connection, now, verdicts)


def test_what_was_found_is_shown_until_nobody_has_looked_for_long(tmp_path: Path) -> None:
    with closing(HealthView(tmp_path, on=True, since=at(-600))) as view:
        watched(tmp_path, Status.WARNING)
        new = view.overview(at(90))
        assert (new.status, [one.name for one in new.components]) == (
            Status.WARNING,
            ["source", "watchman"],
        )
        old = {one.name: one for one in view.overview(at(91)).components}
        assert old["source"].status is Status.UNKNOWN
        assert old["source"].what == "not looked at for 1 minute; it was warning then: read"
        assert old["watchman"].status is Status.CRITICAL
        assert view.critical(at(91))
        watched(tmp_path, Status.HEALTHY, at(95))
        assert view.overview(at(96)).status is Status.HEALTHY


def test_nobody_is_called_silent_before_one_has_looked_for_long_enough(tmp_path: Path) -> None:
    watched(tmp_path, Status.HEALTHY)
    with closing(HealthView(tmp_path, on=True, since=at(3_600))) as view:
        assert view.overview(at(3_610)).status is Status.UNKNOWN
        assert view.critical(at(3_691))


def test_without_a_watchman_nothing_is_known_and_nothing_wrong(tmp_path: Path) -> None:
    with closing(HealthView(tmp_path, on=False, since=NOW)) as view:
        assert view.overview(at(600)).status is Status.UNKNOWN
        assert not view.critical(at(600))
    assert list(tmp_path.iterdir()) == []


def test_a_journal_that_cannot_be_read_is_critical(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_text("no database" * 1_000)
    with closing(HealthView(tmp_path, on=True, since=NOW)) as view:
        assert view.critical(NOW)


def test_a_strip_has_each_day_also_those_nobody_watched(tmp_path: Path) -> None:
    watched(tmp_path, Status.HEALTHY, at(-30))
    watched(tmp_path, Status.HEALTHY)
    with closing(Journal.open(tmp_path)) as journal, journal.read() as connection:
        strip = strips(connection, NOW, days=3)["source"]
    assert [(day.day.day, day.healthy_s, day.uptime) for day in strip] == [
        (20, 0, None),
        (21, 0, None),
        (22, 30, 1.0),
    ]
